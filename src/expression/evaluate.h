#pragma once

#include "expression/bind.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {

// Whether the condition or filter holds for an item's attributes: an empty map for an item that is
// not there. Never fails: what cannot be compared (an absent attribute, operands of two types) is
// not equal, not less and not contained. Looks at the encoding in place and allocates nothing.
bool holds(const Condition& condition, model::MapView item);

}  // namespace dynakeep::expression
