#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "storage/durability.h"
#include "storage/key_codec.h"
#include "storage/layout.h"
#include "storage/read_view.h"
#include "storage/write_set.h"

namespace rocksdb {
class Env;
}

namespace dynakeep::storage {

struct StoreOptions {
  std::string path = {};   // a folder, made if absent
  bool in_memory = false;  // nothing on disk; `path` must be empty; Durability::none
  Durability durability = Durability::synced;
  std::chrono::milliseconds sync_interval{100};            // of Durability::interval
  std::size_t cache_bytes = std::size_t{64} << 20;         // of data, indexes and filters read
  std::size_t write_buffer_bytes = std::size_t{64} << 20;  // a memtable; the log holds about two

  // What stands for the operating system, for tests that take the power away. Null for the real
  // one. Must outlive the store.
  rocksdb::Env* env = nullptr;
};

// The ordered, durable map under the engine: RocksDB in one folder, held by one process.
//
// Thread-safe. A commit is atomic and in one order with all others; get, cursor and view see a
// commit whole or not at all, and all those whose commit() had returned.
//
// Durability. commit() returns once the write is in the log file and visible, not once it is on the
// platter: its Position says what to wait for before anyone is told of the write. The same holds
// for who has read it: an answer that rests on a write which a loss of power could take back waits
// for unsynced_position() of what it read. One thread syncs for all who wait, as long as someone
// does. If a sync fails, every wait and every later commit fails: what is in memory may be more
// than what is on disk, and the only way on is to reopen.
//
// Errors: internal_server_error, with RocksDB's word of it and what to do.
class KeyValueStore {
 public:
  // invalid_argument, with one line that says what to do: the folder cannot be made, read or
  // written; another process has it; it is something else than a folder of ours, or of a later
  // format. internal_server_error: what is in it is damaged, or the disk is full.
  static Result<std::unique_ptr<KeyValueStore>> open(const StoreOptions& options);

  // Writes out what is in memory, so that the next open has no log to replay. Waits that are under
  // way are answered before. No other call may be running, and no view or cursor alive.
  ~KeyValueStore();
  KeyValueStore(const KeyValueStore&) = delete;
  KeyValueStore& operator=(const KeyValueStore&) = delete;

  // ---- reading ----

  // As ReadView::get, of this moment.
  Result<bool> get(Family family, std::string_view key, std::string& value) const;

  // A cursor over this moment. Cheaper than view().cursor(): for whoever reads with one cursor
  // only.
  Cursor cursor(Family family, KeyRange range, Direction direction = Direction::forward) const;

  // This moment, for reads that must agree with each other.
  ReadView view() const;

  // ---- writing ----

  // Applies the whole set or, with an error, may have or have not (outcome_unknown()). The set is
  // left as it was. Returns the position to wait for; 0 unless Durability::synced. An empty set
  // writes nothing and returns 0.
  Result<Position> commit(WriteSet& writes);

  // Deletes every key of the space in small steps, each a commit of its own, with a pause in which
  // others write; for a background thread, after the space's owner is gone from the catalog. First
  // makes durable what was committed before: a table that came back after a loss of power must
  // have its items. Asks `should_stop` between steps. True: nothing is left. False: stopped;
  // call again, now or after a restart, to go on.
  Result<bool> erase_space(SpaceId space, const std::function<bool()>& should_stop);

  // Deletes a range of Family::records, which nobody needs any more: whole files at once, the rest
  // as one note for compaction. What it rests on must be durable before.
  Result<void> erase_records(const KeyRange& range);

  // ---- durability ----

  // The position that covers everything visible now; 0 unless Durability::synced.
  Position latest_position() const;

  // What to wait for before telling what was read of the partition, or of the whole space; 0 if
  // all of it is durable. Ask after the read.
  Position unsynced_position(Partition partition) const;
  Position unsynced_position(SpaceId space) const;

  // Everything up to it survives the loss of power. Never decreases.
  Position durable_position() const;

  // Blocks until durable_position() >= position; at once for 0.
  Result<void> wait_until_durable(Position position);

  // Calls `then` once, with success as soon as durable_position() >= position, or with the error of
  // the sync. If it is durable already the call comes from within, otherwise from the syncing
  // thread, which everyone waits for: `then` must be short, not block, and not call into this
  // store's waits.
  void when_durable(Position position, std::function<void(const Result<void>&)> then);

  // Makes everything committed so far durable, whatever the Durability.
  Result<void> sync();

 private:
  struct Impl;
  explicit KeyValueStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dynakeep::storage
