#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/stream_checkpoints.h"

namespace dynakeep::streams {

// The right of one worker to read one shard, for a while. There is no time in it: whether its owner
// lives is seen from whether `beat` moves.
struct Lease {
  std::string owner = {};      // a worker; empty: nobody
  std::uint64_t epoch = 0;     // grows with each change of owner: the fencing token
  std::uint64_t beat = 0;      // grows with each renewal
  std::string wanted_by = {};  // a worker that asks for it

  friend bool operator==(const Lease&, const Lease&) = default;
};

struct SharedProgress {
  StreamProgress progress = {};
  std::map<std::string, Lease, std::less<>> leases = {};           // of each shard
  std::map<std::string, std::uint64_t, std::less<>> workers = {};  // their beats
};

struct LeasedShard {
  ShardProgress row = {};
  Lease lease = {};
};

// What a worker holds, and writes while it holds it.
struct HeldRow {
  std::string shard_id = {};
  std::uint64_t epoch = 0;
  std::optional<ShardProgress> row = {};  // none: nothing but a renewal
  bool refuses = false;                   // whoever asks for the lease does not get it
};

// The table's name in a stream's ARN; empty: it is none.
std::string table_in(std::string_view stream_arn);

// Checkpoints and leases as rows of a table, which any number of workers write: each write is on
// the condition that the row is as it must be. write_conflict is the answer where it is not, and
// nothing is written then. Other errors are the database's; the write may have been carried out.
// Thread-safe.
class LeaseTable final : public StreamCheckpoints {
 public:
  LeaseTable(Database& database, StreamCheckpointTableOptions options)
      : database_(database), options_(std::move(options)) {}

  // Makes the table, or looks whether it is what is needed.
  Result<void> prepare();

  Result<StreamProgress> load(const StreamScope& scope) override;
  Result<void> save(const StreamScope& scope, const StreamProgress& progress) override;
  Result<std::optional<std::string>> last_stream(const std::string& group,
                                                 const std::string& table_name) override;
  LeaseTable* leases() override { return this; }

  Result<SharedProgress> load_shared(const StreamScope& scope);

  // ---- what everybody may write ----

  // Where to begin. write_conflict: somebody has said so before.
  Result<void> begin(const StreamScope& scope, const StreamStart& start);
  // Rows of shards that have none, or one that waits for its parent. The others stay as they are.
  Result<void> add(const StreamScope& scope, std::span<const ShardProgress> rows);
  // Keeps gaps with the start; gives those that were not kept before.
  Result<std::vector<StreamGap>> note(const StreamScope& scope, std::span<const StreamGap> gaps);
  // Rows that are over.
  Result<void> forget(const StreamScope& scope, std::span<const std::string> shard_ids);

  // ---- leases ----

  // Takes a lease that still stands as it was seen. The row is what the shard's reading begins
  // with.
  Result<LeasedShard> take(const StreamScope& scope, const std::string& worker,
                           const std::string& shard_id, const Lease& seen);
  // Asks its owner for it.
  Result<void> ask(const StreamScope& scope, const std::string& worker, const std::string& shard_id,
                   const Lease& seen);
  // Renews, and keeps what was handled. One result each: write_conflict, the lease is another's.
  std::vector<Result<void>> keep(const StreamScope& scope, const std::string& worker,
                                 const std::vector<HeldRow>& held);
  // Lets go of it, or passes it on to `to`, with the row as it is.
  Result<void> release(const StreamScope& scope, const std::string& worker, const HeldRow& held,
                       const std::string& to);
  // The shard is over, and its children may be read: all of it at once, where the database has
  // transactions; else the children first.
  Result<void> finish(const StreamScope& scope, const std::string& worker, const HeldRow& held,
                      const std::vector<ShardProgress>& children);

  // ---- workers ----

  Result<void> beat(const StreamScope& scope, const std::string& worker, std::uint64_t beat);
  // Of one that has gone; `beat`: only if it still stands there.
  Result<void> forget_worker(const StreamScope& scope, const std::string& worker,
                             std::optional<std::uint64_t> beat);

 private:
  class RowUpdate;

  Result<std::optional<LeasedShard>> look_up(const StreamScope& scope, std::string_view shard_id);
  Result<void> put_start(const StreamScope& scope, const StreamStart& start, bool only_if_new);
  Key key_of(const StreamScope& scope, std::string_view kind, std::string_view id) const;
  RowUpdate update_of(const StreamScope& scope, std::string_view shard_id) const;
  RowUpdate update_held(const StreamScope& scope, const std::string& worker,
                        const HeldRow& held) const;
  Result<void> write(const RowUpdate& update);

  Database& database_;
  const StreamCheckpointTableOptions options_;
};

}  // namespace dynakeep::streams
