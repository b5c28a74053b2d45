#pragma once

#include <string>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/result.h"

namespace dynakeep {

struct ChangeRecord;
struct CreateTableRequest;

// DynamoDB JSON, the form of the wire: {"artist":{"S":"Nina"},"plays":{"N":"12"}}. Binary is
// base64.
std::string to_dynamodb_json(const Item& item);
std::string to_dynamodb_json(const AttributeValue& value);
// The body of the request, which `aws dynamodb create-table --cli-input-json` takes too.
std::string to_dynamodb_json(const CreateTableRequest& request);
// And back. Members that such a request does not have are passed over, as DynamoDB does.
Result<CreateTableRequest> create_table_from_dynamodb_json(std::string_view json);
// A record of a stream as GetRecords answers it, images and all.
std::string to_dynamodb_json(const ChangeRecord& record);

// Refuses what DynamoDB refuses, with its message: serialization errors for text that is not such
// JSON, validation errors for values that cannot be (38 digits, empty or repeating sets, nesting
// past 32).
Result<Item> item_from_dynamodb_json(std::string_view json);
Result<AttributeValue> value_from_dynamodb_json(std::string_view json);
// Members it does not know are passed over; without keys or a sequence number it is none.
Result<ChangeRecord> change_record_from_dynamodb_json(std::string_view json);

// Plain JSON, as programs write it: {"artist":"Nina","plays":12}. Numbers keep every digit. Binary
// becomes base64 text and sets become arrays, so that these two do not come back as they were.
std::string to_json(const Item& item);
std::string to_json(const AttributeValue& value);

// Objects become maps, arrays lists. Refuses text that is not a JSON object (item_from_json),
// numbers outside DynamoDB's range or past 38 digits, and nesting past 32.
Result<Item> item_from_json(std::string_view json);
Result<AttributeValue> value_from_json(std::string_view json);

}  // namespace dynakeep
