#pragma once

#include <string>
#include <string_view>

namespace dynakeep::collections {

// What dynamodb-mini keeps of a user's name, and of the ids in paths: ASCII letters, digits and a
// few signs, never '#', possibly nothing. Letters of other alphabets are spelled in ASCII as far as
// its table goes, the rest is dropped; white space becomes a hyphen. Case is kept. The slug of a
// slug is itself; different texts may have one slug.
std::string slug(std::string_view text);

}  // namespace dynakeep::collections
