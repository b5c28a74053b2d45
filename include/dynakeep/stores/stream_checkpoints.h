#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/stream_progress.h"
#include "dynakeep/table_requests.h"

namespace dynakeep {

class Database;

namespace streams {
class LeaseTable;
}

// Where consumers keep how far they have come. What save() was answered for is what the next load()
// gives, after a crash too. Called by one thread at a time. One consumer at a time uses a scope,
// but for a table's, which many share.
class StreamCheckpoints {
 public:
  virtual ~StreamCheckpoints() = default;
  StreamCheckpoints(const StreamCheckpoints&) = delete;
  StreamCheckpoints& operator=(const StreamCheckpoints&) = delete;

  // Nothing but defaults: there is none yet.
  virtual Result<StreamProgress> load(const StreamScope& scope) = 0;
  // All of it or, with an error, what there was.
  virtual Result<void> save(const StreamScope& scope, const StreamProgress& progress) = 0;
  // What has changed since the last load() or save(); as save() of all of it. A consumer saves most
  // often so, and a stream may have tens of thousands of shards: what is written should be no more
  // than what has changed. Here it is load(), then save().
  virtual Result<void> save_change(const StreamScope& scope, const StreamProgressChange& change);
  // Why the last load() gave what was there before: what there was is damaged. None: it did not.
  virtual std::optional<std::string> fallback() const { return std::nullopt; }

  // Of a table's streams, the one that the group began to read last: whoever follows a table learns
  // from it that another took its place. Nothing: none, or it is not kept.
  virtual Result<std::optional<std::string>> last_stream(const std::string& group,
                                                         const std::string& table_name);

  // Through which several consumers share the shards of a scope; null: one consumer at a time. What
  // open_stream_checkpoint_table() gives has one, and nothing else.
  virtual streams::LeaseTable* leases() { return nullptr; }

 protected:
  StreamCheckpoints() = default;
};

// Gone with the object: for tests, and for programs that read their table anew at every start.
std::unique_ptr<StreamCheckpoints> make_in_memory_stream_checkpoints();

struct StreamCheckpointFileOptions {
  std::string path = {};
  // Both files being damaged, begin anew at the oldest record there is; else that is an error. It
  // never begins at the tip.
  bool begin_anew_if_damaged = false;
  // The file is damaged, and the one of before it is used, or what stands before the damage: some
  // records come again.
  std::function<void(const Error& damage)> on_fallback = {};
  const Clock* clock = &system_clock();
};

// A file for one group and stream, in the format of stream_progress.h, with the changes since it
// was written behind it (docs/formats/stream-checkpoints.md): each is appended and synced. When
// they are longer than what they change, it is replaced whole (path.tmp, synced, renamed), and the
// one before stays as path.prev; path.lock is held as long as the object lives.
//
// Refused: invalid_argument where another process holds the lock, where the file is of another
// group, stream or version, or cannot be opened; serialization where it is damaged and so is the
// one before. internal_server_error: the disk; what was there still is.
Result<std::unique_ptr<StreamCheckpoints>> open_stream_checkpoint_file(
    StreamCheckpointFileOptions options);

// What open_stream_checkpoint_table() makes where there is no table, and
// open_stream_dead_letter_table() too: keys pk and sk, billed by request.
CreateTableRequest stream_table_definition(const std::string& name);

struct StreamCheckpointTableOptions {
  std::string table = {};
  bool create = true;             // a table that is not there, billed by request
  std::size_t in_flight_max = 8;  // calls to the database at once, of one call here
  const Clock* clock = &system_clock();
};

// Rows of a table (docs/formats/stream-checkpoints.md), which any number of groups and streams may
// share, and any number of consumers of one group, in one process or in many: each reads some of
// the shards, for as long as it renews its leases on them, and no other's checkpoint can undo its
// own. No two machines' clocks are compared.
//
// `database` must outlive it; it need not be the one whose streams are read. Thread-safe.
//
// Refused: invalid_argument where the table has another key than pk and sk, both strings, where
// there is none and none may be made, where none is named, and where in_flight_max is 0. Others as
// DescribeTable and CreateTable.
//
// save() is for administration: it takes the leases from whoever holds them.
Result<std::unique_ptr<StreamCheckpoints>> open_stream_checkpoint_table(
    Database& database, StreamCheckpointTableOptions options);

}  // namespace dynakeep
