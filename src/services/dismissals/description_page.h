#pragma once

#include <string>
#include <string_view>

namespace dynakeep::services::dismissals {

// A page at /`path` that shows the description at /`path`-json and sends requests by it. Made of
// nothing but itself and the script at /`path`/page.js: a policy of contents may forbid scripts in
// pages, and those of others.
std::string description_page(std::string_view path);
std::string_view description_script();

}  // namespace dynakeep::services::dismissals
