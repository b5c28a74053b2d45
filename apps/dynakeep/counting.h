#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dynakeep::app {

// 1234567 as "1,234,567".
std::string with_separators(std::uint64_t number);

// "1 event", "2,000 events".
std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace dynakeep::app
