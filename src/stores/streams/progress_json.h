#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/json_document.h"
#include "dynakeep/stores/stream_progress.h"

// Progress as JSON: what a file holds, and in a table, one document a row.
namespace dynakeep::streams {

JsonDocument to_json(const ShardProgress& row);
JsonDocument to_json(const StreamStart& start);
JsonDocument to_json(const StreamGap& gap);

// serialization: it is none.
Result<ShardProgress> row_from_json(std::string_view shard_id, const JsonDocument& json);
Result<StreamStart> start_from_json(const JsonDocument& json);
Result<StreamGap> gap_from_json(const JsonDocument& json);

// ---- changes of a document, behind it ----

// Two lines, as a document's: the change as JSON, and its CRC-32C. `generation` is one more than
// that of what it changes.
std::string to_change_lines(const StreamProgressChange& change, std::uint64_t generation);

// A document with the changes behind it, as far as they go on without fault: up to there it is what
// was saved at some time.
struct ChangedDocument {
  StreamDocument document = {};
  bool is_whole = true;  // nothing stands behind the last change
  // What stands there is more than the beginning of a change, which a write that died leaves.
  bool is_damaged = false;
};
// Errors as parse_stream_document(): of the first two lines.
Result<ChangedDocument> parse_changed_document(std::string_view text);

}  // namespace dynakeep::streams
