#include "engine/operations/get_records.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "engine/engine.h"
#include "engine/streams/find_stream.h"
#include "engine/streams/shard_iterator.h"
#include "engine/streams/stream_record.h"
#include "engine/validate.h"
#include "storage/key_value_store.h"

namespace dynakeep::engine {
namespace {

constexpr std::int32_t limit_max = 1000;
constexpr std::size_t page_bytes_max = std::size_t{1} << 20;

std::string_view name_of(RecordEvent event) {
  switch (event) {
    case RecordEvent::insert:
      return "INSERT";
    case RecordEvent::modify:
      return "MODIFY";
    case RecordEvent::remove:
      break;
  }
  return "REMOVE";
}

// Of the stream and the number, so that it is the same each time.
std::string event_id_of(const std::string& arn, SequenceNumber number) {
  std::string text = arn;
  base::append_u64(text, number);
  std::string bytes;
  base::append_u64(bytes, storage::xxh64(text));
  text += '#';
  base::append_u64(bytes, storage::xxh64(text));
  return base::to_hex(bytes);
}

struct Place {
  const Engine& engine;
  const std::string& arn;
  const StreamState& stream;
};

Result<ChangeRecord> answer(const Place& place, SequenceNumber number, std::string_view bytes) {
  const StoredRecord stored = TRY(view_record(bytes));
  std::string keys = keys_of(place.stream, stored);
  std::size_t size = size_bytes_of(model::view_item(keys));
  ChangeRecord record{.event_id = event_id_of(place.arn, number),
                      .event_name = std::string(name_of(stored.event)),
                      .event_version = "1.1",
                      .event_source = "aws:dynamodb",
                      .aws_region = place.engine.catalog.place().region,
                      .dynamodb = {.approximate_creation_date_time = stored.created,
                                   .keys = ItemAccess::from_encoded(std::move(keys)),
                                   .sequence_number = to_text(number),
                                   .stream_view_type = place.stream.view}};
  const auto image = [&size](std::string_view encoded) -> std::optional<Item> {
    if (encoded.empty()) return std::nullopt;
    size += size_bytes_of(model::view_item(encoded));
    return ItemAccess::from_encoded(std::string(encoded));
  };
  record.dynamodb.new_image = image(stored.new_image);
  record.dynamodb.old_image = image(stored.old_image);
  record.dynamodb.size_bytes = static_cast<std::int64_t>(size);
  if (stored.by_service) {
    record.user_identity =
        StreamUserIdentity{.principal_id = "dynamodb.amazonaws.com", .type = "Service"};
  }
  return record;
}

Error trimmed() {
  return Error(ErrorCode::trimmed_data_access,
               "The operation attempted to read past the oldest stream record in a shard.");
}

const Shard* shard_of(const StreamState& stream, std::uint32_t number) {
  for (const Shard& shard : stream.shards) {
    if (shard.number == number) return &shard;
  }
  return nullptr;
}

}  // namespace

Result<GetRecordsResult> get_records(const Engine& engine, const GetRecordsRequest& request) {
  Constraints constraints;
  if (constraints.required(request.shard_iterator, "shardIterator")) {
    constraints.length(*request.shard_iterator, 1, 2048, "shardIterator");
  }
  constrain_limit(constraints, request.limit, limit_max);
  TRY(constraints.verdict());
  ShardIterator iterator = TRY(decode_iterator(engine.streams, *request.shard_iterator));
  const Time now = engine.clock.now();
  if (now - iterator.issued > iterator_lasts) {
    return Error(ErrorCode::expired_iterator,
                 "Iterator expired. The iterator was created at a time more than 15 minutes ago.");
  }
  const auto stream = engine.streams.find_by_space(iterator.stream);
  if (stream == nullptr) {
    return Error::resource_not_found("Requested resource not found: Stream not found");
  }

  // First how far may be read, then of which shards: a shard that is closed by then holds nothing
  // later than its end.
  const SequenceNumber readable = last_of(engine.streams.numbers().readable());
  const auto state = stream->state();
  const Shard* shard = shard_of(*state, iterator.shard);
  if (shard == nullptr) return no_such_shard();
  SequenceNumber after = iterator.at_trim_horizon ? shard->trimmed : iterator.after;
  if (after < shard->trimmed) return trimmed();

  const Place place{.engine = engine, .arn = stream->arn(), .stream = *state};
  const auto limit = static_cast<std::size_t>(request.limit.value_or(limit_max));
  GetRecordsResult result;
  bool all_read = true;
  if (after < readable) {
    auto cursor = engine.store.cursor(
        storage::Family::records, records_between(state->space, shard->number, after, readable));
    std::size_t bytes = 0;
    for (; cursor.valid(); cursor.next()) {
      const SequenceNumber number = number_of_record(cursor.key());
      ChangeRecord record = TRY(answer(place, number, cursor.value()));
      bytes += static_cast<std::size_t>(record.dynamodb.size_bytes);
      const bool fits = result.records.size() < limit && bytes <= page_bytes_max;
      if (!fits && !result.records.empty()) {
        all_read = false;
        break;
      }
      result.records.push_back(std::move(record));
      after = number;
    }
    if (all_read) TRY(cursor.result());
    // What was trimmed while the page was read is a gap in it.
    const auto now_kept = stream->state();
    const Shard* still = shard_of(*now_kept, iterator.shard);
    const SequenceNumber began = iterator.at_trim_horizon ? shard->trimmed : iterator.after;
    if (still == nullptr || still->trimmed > began) {
      if (!iterator.at_trim_horizon) return trimmed();
      return get_records(engine, request);
    }
  }
  if (all_read) {
    if (shard->end && readable >= *shard->end) return result;
    after = std::max(after, readable);
  }
  result.next_shard_iterator = encode_iterator(
      engine.streams,
      {.stream = iterator.stream, .shard = iterator.shard, .after = after, .issued = now});
  return result;
}

}  // namespace dynakeep::engine
