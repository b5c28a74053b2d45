#pragma once

#include <string>

#include "dynakeep/result.h"
#include "expression/bind.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {

// The encoded item that `update` makes of `old`. For an item that is not there, `old` holds its key
// attributes alone. Every operand is read from `old`, whatever the other actions change. Attributes
// that no action names are copied as bytes.
//
// Refuses, with DynamoDB's validation errors: an operand that is absent or of a wrong type, a path
// through something that is no map or list, sums past 38 digits, and nesting past 32. Does not know
// keys, the size of the item, or index key types: the caller refuses those (Update::attributes()
// are the attributes it changes).
Result<std::string> apply(const Update& update, model::MapView old);

// What ReturnValues UPDATED_OLD (given the item before) or UPDATED_NEW (after) answers: an encoded
// item of those paths that the update names, and nothing else. Without attributes if none is there;
// DynamoDB then leaves Attributes out.
std::string updated_attributes(const Update& update, model::MapView item);

}  // namespace dynakeep::expression
