#pragma once

#include <cstddef>
#include <string_view>

namespace dynakeep::expression {

constexpr std::size_t reserved_word_count = 573;

// Whether an attribute of this name must be written as a #placeholder, whatever its case
// (Developer Guide, "Reserved words in DynamoDB").
bool is_reserved_word(std::string_view name);

}  // namespace dynakeep::expression
