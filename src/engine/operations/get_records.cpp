#include "engine/operations/get_records.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

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
constexpr std::chrono::milliseconds records_wait_max{20'000};
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

void constrain_iterator(Constraints& constraints, const std::optional<std::string>& iterator) {
  if (constraints.required(iterator, "shardIterator")) {
    constraints.length(*iterator, 1, 2048, "shardIterator");
  }
}

struct Found {
  ShardIterator iterator;
  std::shared_ptr<Stream> stream;
};

Result<Found> find(const Engine& engine, const std::string& text) {
  const ShardIterator iterator = TRY(decode_iterator(engine.streams, text));
  if (engine.streams.has_expired(iterator.issued)) {
    return Error(ErrorCode::expired_iterator,
                 "Iterator expired. The iterator was created at a time more than 15 minutes ago.");
  }
  auto stream = engine.streams.find_by_space(iterator.stream);
  if (stream == nullptr) {
    return Error::resource_not_found("Requested resource not found: Stream not found");
  }
  return Found{.iterator = iterator, .stream = std::move(stream)};
}

// What there is now.
Result<GetRecordsResult> look(const Engine& engine, const GetRecordsRequest& request) {
  const auto [iterator, stream] = TRY(find(engine, *request.shard_iterator));

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
      return look(engine, request);
    }
  }
  if (all_read) after = std::max(after, readable);
  if (request.want_stream_point) {
    result.stream_point = StreamPoint{.stream_arn = stream->arn(), .position = to_text(after)};
  }
  if (all_read && shard->end && readable >= *shard->end) {
    // Whoever hears that a shard has ended never comes back to it.
    TRY(settle(engine, engine.streams.position()));
    return result;
  }
  result.next_shard_iterator =
      encode_iterator(engine.streams, {.stream = iterator.stream,
                                       .shard = iterator.shard,
                                       .after = after,
                                       .issued = engine.streams.issue_time()});
  return result;
}

bool says_something(const GetRecordsResult& result) {
  return !result.records.empty() || !result.next_shard_iterator;
}

// Rung from any thread; heard by the one that waits.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    rung_ = true;
    changed_.notify_all();
  }
  // False if the time came first. Ready to be rung again afterwards.
  bool wait_until(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [this] { return rung_; });
    return std::exchange(rung_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;  // guarded by mutex_
};

class StreamWaiter final : public RecordsWaiter {
 public:
  StreamWaiter(Streams& streams, std::shared_ptr<Stream> stream, std::function<void()> wake)
      : streams_(streams),
        stream_(std::move(stream)),
        number_(streams_.when_more(stream_, std::move(wake))) {}
  ~StreamWaiter() override { streams_.forget(*stream_, number_); }

 private:
  Streams& streams_;
  const std::shared_ptr<Stream> stream_;
  const std::uint64_t number_;
};

}  // namespace

Result<GetRecordsResult> get_records(const Engine& engine, const GetRecordsRequest& request) {
  Constraints constraints;
  constrain_iterator(constraints, request.shard_iterator);
  constrain_limit(constraints, request.limit, limit_max);
  constraints.at_least(request.wait.count(), 0, "wait");
  constraints.at_most(request.wait.count(), records_wait_max.count(), "wait");
  TRY(constraints.verdict());
  auto result = TRY(look(engine, request));
  if (request.wait == request.wait.zero() || says_something(result)) return result;

  const auto until = std::chrono::steady_clock::now() + request.wait;
  // Shared with a ring that comes late.
  const auto bell = std::make_shared<Bell>();
  bool in_time = true;
  while (in_time) {
    GetRecordsRequest next = request;
    next.shard_iterator = std::move(result.next_shard_iterator);
    // Before the look: what comes between the two rings.
    const auto waiter = TRY(when_records(engine, *next.shard_iterator, [bell] { bell->ring(); }));
    result = TRY(look(engine, next));
    if (says_something(result)) return result;
    in_time = bell->wait_until(until);
  }
  return result;
}

Result<std::unique_ptr<RecordsWaiter>> when_records(const Engine& engine,
                                                    const std::string& shard_iterator,
                                                    std::function<void()> wake) {
  Constraints constraints;
  constrain_iterator(constraints, shard_iterator);
  TRY(constraints.verdict());
  auto found = TRY(find(engine, shard_iterator));
  return std::unique_ptr<RecordsWaiter>(
      std::make_unique<StreamWaiter>(engine.streams, std::move(found.stream), std::move(wake)));
}

}  // namespace dynakeep::engine
