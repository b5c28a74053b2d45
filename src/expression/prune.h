#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "expression/bind.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {

// The encoded item of what `paths` lead to in `item`, with the maps and lists around it, and
// nothing else. Elements of lists close up. `order` is distinct_order's.
std::string prune(const Bound& bound, const std::vector<Path>& paths,
                  const std::vector<std::uint32_t>& order, model::MapView item);

}  // namespace dynakeep::expression
