#pragma once

#include <string>

#include "model/encoded_item.h"

// Encoded values as DynamoDB JSON text, straight from their bytes: what the wire answers and what
// printing an item shows. Numbers are in plain decimal notation, binary in base64, sets in their
// stored order. The result is JSON if the texts inside are UTF-8.
namespace dynakeep::model {

// {"S":"Nina"}
void append_json_text(std::string& out, ValueView value);

// {"artist":{"S":"Nina"},"plays":{"N":"12"}}
void append_json_text(std::string& out, MapView attributes);

}  // namespace dynakeep::model
