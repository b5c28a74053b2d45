#pragma once

#include <cstddef>
#include <string_view>

#include "dynakeep/result.h"
#include "expression/ast.h"

namespace dynakeep::expression {

// Bounds of the Developer Guide, "Service, account, and table quotas", on expressions.
constexpr std::size_t text_bytes_max = 4096;
constexpr std::size_t operators_max = 300;
constexpr std::size_t in_operands_max = 100;

// Recursive descent, with bounded depth. Refuses what is wrong in the text alone, without the
// field's name in front ("Syntax error; token: …"). Pure.
Result<Tree> parse(Kind kind, std::string_view text);

}  // namespace dynakeep::expression
