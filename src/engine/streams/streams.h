#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/embedded.h"
#include "dynakeep/result.h"
#include "engine/streams/commit_numbers.h"
#include "engine/streams/stream_state.h"
#include "storage/durability.h"
#include "storage/key_codec.h"

namespace dynakeep::storage {
class KeyValueStore;
class WriteSet;
}  // namespace dynakeep::storage

// The streams of all tables: which there are, their shards, and who is woken by their records. The
// records themselves are written with the changes they tell of (write_path.h).
namespace dynakeep::engine {

// How long an iterator is good for.
inline constexpr auto iterator_lasts = std::chrono::minutes(15);

// One stream. What its shards are changes only while no commit is under way (CommitNumbers), so a
// writer that has begun a commit sees the shards that its records belong to.
class Stream {
 public:
  Stream(std::string arn, StreamState state);

  const std::string& arn() const { return arn_; }

  // As it stands, to be looked at for as long as one likes. Thread-safe.
  std::shared_ptr<const StreamState> state() const;

  // For writers, between begin and end of their commit.
  const StreamState& state_of_writers() const { return *current_; }
  // The number of the open shard that takes the hash. Counts the record for Streams::turn.
  std::uint32_t route(storage::PartitionHash hash, std::size_t record_bytes);

 private:
  friend class Streams;

  // What came into an open shard since this process opened the database.
  struct Load {
    std::atomic<std::uint64_t> records = 0;
    std::atomic<std::uint64_t> bytes = 0;
    // Of the seconds over which its rate is measured.
    std::uint64_t records_before = 0;
    Time since = {};
  };
  struct OpenShard {
    HashRange range;
    std::uint32_t number = 0;
    std::shared_ptr<Load> load = {};
  };

  void install(StreamState next);
  Load* load_of(std::uint32_t shard) const;

  const std::string arn_;
  mutable std::mutex mutex_;
  std::shared_ptr<const StreamState> current_;              // guarded by mutex_ but for writers
  std::vector<OpenShard> open_;                             // in order of their ranges; as current_
  std::map<std::uint64_t, std::function<void()>> waiters_;  // guarded by mutex_
  std::atomic<bool> has_waiters_ = false;
};

// Thread-safe.
class Streams {
 public:
  // Those that `store` holds, named in `arn_prefix` ("arn:aws:dynamodb:…:table/"). All must outlive
  // it. invalid_argument: options out of their bounds; internal_server_error: the disk, or a record
  // of a later version.
  static Result<std::unique_ptr<Streams>> open(storage::KeyValueStore& store, const Clock& clock,
                                               std::string arn_prefix, StreamOptions options);

  CommitNumbers& numbers() { return numbers_; }
  const StreamOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }

  // ---- for the catalog ----

  // A stream of the table with its first shards, to be written with the table's definition; `space`
  // is its own. It is there once put() has been called with it.
  std::shared_ptr<Stream> make(std::string_view table_name, const KeyAttributes& keys,
                               StreamViewType view, std::string label, storage::SpaceId space);
  static void stage(const Stream& stream, storage::WriteSet& writes);
  void put(const std::shared_ptr<Stream>& stream);
  // The one with that name; null if there is none.
  std::shared_ptr<Stream> find(std::string_view arn) const;
  std::shared_ptr<Stream> find_by_space(storage::SpaceId space) const;
  // Closes its shards; nobody writes to it any more.
  Result<void> disable(Stream& stream);
  // All of them, in no order.
  std::vector<std::shared_ptr<Stream>> all() const;

  // ---- changing shards ----

  // Closes an open shard (of that id, or all) and opens one in its place, or `parts` that share its
  // range. resource_not_found: no such open shard.
  Result<void> roll(Stream& stream, std::string_view shard_id, std::size_t parts);
  // Removes the records that were written before `before`.
  Result<void> trim(Stream& stream, Time before);
  // Does what the policies of the options ask for by now: rolls and splits, trims what is too old,
  // forgets streams and shards of which nothing is left. Tells when to come again.
  Result<std::chrono::milliseconds> turn();

  // ---- waiting ----

  // Calls `wake` once as soon as the stream may have records later than those that readable() told
  // before, or has changed its shards; maybe for nothing, maybe at once, from any thread. Returns
  // what to forget it by.
  std::uint64_t when_more(const std::shared_ptr<Stream>& stream, std::function<void()> wake);
  void forget(Stream& stream, std::uint64_t waiter);
  // To be called by writers after their commit has ended.
  void written(const std::shared_ptr<Stream>& stream);

  // ---- iterators ----

  std::uint64_t sign(std::string_view text) const;  // keyed; kept with the streams
  // Those that were issued so far are good no longer.
  void expire_iterators();
  bool has_expired(Time issued) const;
  // When one that is given now was issued: after those that have expired.
  Time issue_time() const;

  // Of what was last changed here: what rests on it waits until it is durable.
  storage::Position position() const { return position_.load(std::memory_order_acquire); }

 private:
  Streams(storage::KeyValueStore& store, const Clock& clock, std::string arn_prefix,
          StreamOptions options, CommitNumber given);

  Result<void> load_key();
  Result<void> commit(const StreamState& state);
  Result<void> change_alone(Stream& stream,
                            const std::function<Result<void>(StreamState& next)>& change);
  bool is_due(const Stream& stream, const Shard& shard, Time now) const;
  bool takes_too_much(const Stream& stream, const Shard& shard, Time now) const;
  Result<void> apply_policies(Stream& stream, Time now);
  Result<void> forget(const std::shared_ptr<Stream>& stream);
  Result<void> forget_empty_shards(Stream& stream, Time now);
  static void wake(Stream& stream);

  storage::KeyValueStore& store_;
  const Clock& clock_;
  const std::string arn_prefix_;
  const StreamOptions options_;
  CommitNumbers numbers_;
  std::string key_;
  std::atomic<storage::Position> position_ = 0;

  std::atomic<std::int64_t> iterators_expired_us_ = 0;  // issued at or before that time

  std::mutex turning_;   // held through a turn
  std::mutex changing_;  // held through a change of shards, disk included
  mutable std::mutex mutex_;
  // By ARN and by space. Guarded by mutex_.
  std::map<std::string, std::shared_ptr<Stream>, std::less<>> streams_;
  std::map<storage::SpaceId, std::shared_ptr<Stream>> spaces_;
  std::atomic<std::uint64_t> last_waiter_ = 0;
};

}  // namespace dynakeep::engine
