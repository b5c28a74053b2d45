#pragma once

#include <string_view>

#include "dynakeep/json_document.h"
#include "dynakeep/stores/stream_progress.h"

// Progress as JSON: what a file holds, and in a table, one document a row.
namespace dynakeep::streams {

JsonDocument to_json(const ShardProgress& row);
JsonDocument to_json(const StreamStart& start);

// serialization: it is none.
Result<ShardProgress> row_from_json(std::string_view shard_id, const JsonDocument& json);
Result<StreamStart> start_from_json(const JsonDocument& json);

}  // namespace dynakeep::streams
