#pragma once

#include <string>

#include "expression/bind.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {

// The encoded item of those paths of `item` that the projection names. Nested ones keep the maps
// and lists around them, pruned; list elements close up in order of their indexes. May be empty.
std::string project(const Projection& projection, model::MapView item);

}  // namespace dynakeep::expression
