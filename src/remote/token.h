#pragma once

#include <string>

namespace dynakeep::remote {

// 36 characters that nobody else has: a random UUID (version 4, RFC 4122), from the system's source
// of chance. Thread-safe.
std::string new_token();

}  // namespace dynakeep::remote
