#pragma once

#include <memory>
#include <string_view>

#include "dynakeep/result.h"
#include "expression/ast.h"

namespace dynakeep::expression {

// parse(), remembering the trees of the texts that came lately: clients send the same few.
// Thread-safe. The cache is bounded (trees of at most some 4,000 texts) and lives as long as the
// process; a tree lives as long as its last user. Texts that do not parse are not kept.
Result<std::shared_ptr<const Tree>> parse_cached(Kind kind, std::string_view text);

}  // namespace dynakeep::expression
