#pragma once

#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "engine/catalog.h"

// A table's definition as bytes (docs/formats/catalog.md): an encoded item, so that a reader of
// today understands what a later version leaves as it is, and says so of what it does not.
namespace dynakeep::engine {

std::string encode_table(const Table& table);

// Everything but the ARN, which depends on where the database is. The counts start at nothing.
// internal_server_error, which names the table: bytes that are no record, or one of a later
// version.
Result<Table> decode_table(std::string_view name, std::string_view bytes);

}  // namespace dynakeep::engine
