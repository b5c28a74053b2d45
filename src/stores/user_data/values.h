#pragma once

#include <string>
#include <string_view>

#include "dynakeep/attribute_value.h"
#include "dynakeep/error.h"
#include "dynakeep/result.h"

// What may be kept as a user's data.
namespace dynakeep::user_data {

Error refused(std::string message);    // invalid_argument
Error malformed(std::string message);  // malformed_item

// invalid_argument, with the path of the first value that cannot be stored: an empty set, a member
// without a name, text that is not UTF-8, containers nested past DynamoDB's limit, and, unless
// `allow_imprecise`, a fraction that upstream's readers fail on. Such a fraction passes where
// `loaded`, the value that was stored at the path, has the same. The value is that of the item's
// attribute of that name.
Result<void> check_storable(const AttributeValue& value, std::string_view name,
                            const AttributeValue* loaded, bool allow_imprecise);

// Empty text, bytes and sets become NULL, at any depth.
void convert_empty(AttributeValue& value);

}  // namespace dynakeep::user_data
