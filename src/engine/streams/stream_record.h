#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/table.h"
#include "engine/streams/stream_state.h"
#include "model/encoded_item.h"

// A record of a stream as it lies on disk (docs/formats/streams.md).
namespace dynakeep::engine {

enum class RecordEvent : std::uint8_t { insert = 0, modify = 1, remove = 2 };

// Views of the bytes it was read from.
struct StoredRecord {
  RecordEvent event = RecordEvent::insert;
  bool by_service = false;  // an expired item that was swept
  Time created = {};        // whole seconds
  // Encoded items; empty for what the view does not show. `keys` is there if neither image is.
  std::string_view keys = {};
  std::string_view old_image = {};
  std::string_view new_image = {};
};

// Where in Family::records.
std::string record_key(storage::SpaceId stream, std::uint32_t shard, SequenceNumber number);
SequenceNumber number_of_record(std::string_view key);
// The records of a shard with numbers after `after` up to `until`.
storage::KeyRange records_between(storage::SpaceId stream, std::uint32_t shard,
                                  SequenceNumber after, SequenceNumber until);
// All of a stream.
storage::KeyRange records_of(storage::SpaceId stream);

// Appends the record of a change, whose items are encoded; an empty one is none.
void append_record(std::string& out, const StreamState& stream, std::string_view old_item,
                   std::string_view new_item, bool by_service, Time now);
// internal_server_error: bytes that are none.
Result<StoredRecord> view_record(std::string_view bytes);

// The key attributes of the record's item, as an encoded item.
std::string keys_of(const StreamState& stream, const StoredRecord& record);

// What DynamoDB counts a record's attributes as: keys and the images that are shown.
std::size_t size_bytes_of(model::MapView attributes);

}  // namespace dynakeep::engine
