#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/stream_progress.h"

// A DynamoDB stream, read whenever the program likes: what the JavaScript package dynamodb-stream
// offers, under C++ names. For reading that goes on by itself, survives crashes and is shared by
// several processes, see stream_consumer.h.
namespace dynakeep {

// Called within fetch_…(), in order of the changes of each item. Left empty, nobody is told. One
// that throws ends the call with its exception; the record and those behind it are told of again
// by the next call.
//
// Images that the stream's view type leaves out are absent. The record has everything else: its
// number, time, shard, and who made the change.
struct StreamPollerEvents {
  using Image = std::optional<Item>;
  using ShardIds = std::vector<std::string>;

  std::function<void(const Image& now, const Item& keys, const ChangeRecord& record)>
      insert_record = {};
  std::function<void(const Image& now, const Image& before, const Item& keys,
                     const ChangeRecord& record)>
      modify_record = {};
  std::function<void(const Image& before, const Item& keys, const ChangeRecord& record)>
      remove_record = {};
  std::function<void(const ChangeRecord& record)> unknown_record =
      {};  // of an eventName not known here
  std::function<void(const ShardIds& ids)> new_shards = {};
  std::function<void(const ShardIds& ids)> remove_shards = {};  // after their last records
  std::function<void(const StreamGap& gap)> gap = {};           // before any record behind it
};

struct StreamPollerOptions {
  std::string stream_arn = {};
  // Where to begin, decided at the first call: latest or trim_horizon; positions, with `shards`; or
  // timestamp, with `time`.
  StreamStart::Kind from = StreamStart::Kind::latest;
  std::map<std::string, StreamPosition> shards = {};
  std::optional<Time> time = {};
  // One page of each shard a call, as dynamodb-stream has it; else all there is.
  bool one_page = false;
  std::size_t records_max = 10'000;  // told of by one call
  // How long the stream keeps its records, as its engine was told (StreamConsumerOptions).
  std::chrono::milliseconds retention = std::chrono::hours(24);
  // What images and keys become before they are handed on. Empty: they stay as they are.
  std::function<Item(Item)> transform = {};
  const Clock* clock = &system_clock();  // must outlive the poller
};

// What one call did.
struct StreamPollResult {
  std::size_t inserted = 0;
  std::size_t modified = 0;
  std::size_t removed = 0;
  std::size_t unknown = 0;
  std::size_t duplicates = 0;  // records the server gave twice, told of once

  std::size_t records() const { return inserted + modified + removed + unknown; }
};

// Reads a stream when it is told to. The first call tells of no record if it begins at the tip: it
// is a bookmark. From its return on nothing is missed, however shards roll and split: a shard is
// read to its end before its children, and they from their beginning.
//
// A call that fails leaves everything where it was for the next one; what was told is not told
// again. Errors: as the operations of Database; invalid_argument for options that are wrong;
// write_conflict for a call during a call, from another thread or from an event.
//
// For one thread at a time.
class StreamPoller {
 public:
  // `database` must outlive this.
  StreamPoller(Database& database, StreamPollerOptions options, StreamPollerEvents events);
  ~StreamPoller();
  StreamPoller(const StreamPoller&) = delete;
  StreamPoller& operator=(const StreamPoller&) = delete;

  // Finds shards, then reads them.
  Result<StreamPollResult> fetch_stream_state();
  // Finds shards: those that are new, as it is told.
  Result<void> fetch_stream_shards();
  // Reads the shards that are known. Of those that end, the children too.
  Result<StreamPollResult> fetch_stream_records();

  // How far the reading has come, to be given to set_shard_state() later, by another process
  // perhaps: positions, which last as long as the records do.
  std::string get_shard_state() const;
  // Goes on from there. Takes dynamodb-stream's own state as well, whose iterators are used while
  // they live; of one that has expired, a possible gap is told and the shard read from its oldest
  // record. serialization, invalid_argument: it is none, or of another stream; nothing changes.
  Result<void> set_shard_state(std::string_view state);

 private:
  class Reading;

  std::unique_ptr<Reading> reading_;
};

}  // namespace dynakeep
