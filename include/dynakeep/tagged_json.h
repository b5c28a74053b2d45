#pragma once

#include <string>
#include <string_view>

#include "dynakeep/attribute_value.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/json_document.h"
#include "dynakeep/result.h"

namespace dynakeep {

// A value as JSON that people read and that says all of it: maps, lists, texts, booleans and null
// as JSON has them, numbers with all their digits, and what JSON lacks with a tag:
//
//   {"$bytes":"aGk="}    binary, in base64
//   {"$set":["a","b"]}   a set, of texts, of numbers or of bytes as above
//   {"$map":{"$set":1}}  a map that would read as one of the three: of one member with such a name
//
// from_tagged_json(to_tagged_json(x)) is x.
std::string to_tagged_json(const AttributeView& value);
void append_tagged_json(std::string& out, const AttributeView& value);
// serialization: not JSON, or a tag on what it is not for, an empty set, or one that says an
// element twice; validation: a number that DynamoDB cannot hold.
Result<AttributeValue> from_tagged_json(std::string_view json);
Result<AttributeValue> from_tagged_json(const JsonDocument& document);

}  // namespace dynakeep
