#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/item.h"
#include "model/encoded_item.h"
#include "wire/json_reader.h"

// Attribute values between DynamoDB JSON and their stored encoding, without a tree in between.
namespace dynakeep::wire {

// What stands in the way of a decoded value.
//
// `wrong_type` is about JSON that no value can be made of ({"S": 12}): the whole request is refused
// with a SerializationException that says so. `refusal` is about JSON that is a value's in form but
// not one that DynamoDB takes ({"N": "abc"}, {}, an empty set): a validation error, which the
// engine answers when its turn has come. Of several the first in order of the attributes' names
// counts, and a wrong type before a refusal.
struct ValueProblem {
  std::string wrong_type = {};
  std::optional<ItemAccess::Refusal> refusal = {};
};

// {"artist":{"S":"Nina"}} as an encoded item (model/encoded_item.h), made of an object. After a
// problem the bytes mean nothing.
std::string decode_attributes(JsonValue object, ValueProblem& problem);

// {"S":"Nina"} as one encoded value.
std::string decode_value(JsonValue value, ValueProblem& problem);

// Appends the item as DynamoDB JSON. A refused item has none: false, and nothing is appended.
[[nodiscard]] bool append_attributes(std::string& out, const Item& item);

// ---- DynamoDB's words for JSON of a wrong type ----

// "NUMBER_VALUE cannot be converted to String": of a scalar for another kind of scalar, whose name
// in Java is `java_type`, and of arrays and objects for a scalar.
std::string not_convertible(JsonValue value, std::string_view java_type);

inline constexpr std::string_view unexpected_field_type = "Unexpected field type";
inline constexpr std::string_view unexpected_value_type = "Unexpected value type in payload";
inline constexpr std::string_view unexpected_structure =
    "Start of structure or map found where not expected";
// Of a scalar where a list's or map's members are themselves lists or maps.
inline constexpr std::string_view unexpected_member_type =
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class "
    "java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
    "java.lang.Class are in module java.base of loader 'bootstrap')";
inline constexpr std::string_view attribute_map_type =
    "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>";

// "Unrecognized collection type class java.lang.String": of an array where there is no place for
// one.
std::string unrecognized_collection(std::string_view java_type);

}  // namespace dynakeep::wire
