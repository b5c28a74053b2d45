#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/pages.h"
#include "dynakeep/stores/stream_progress.h"

// A copy of a table that is kept current: read once, without a gap, and then changed as the table's
// stream tells.
namespace dynakeep {

enum class ReplicaState : std::uint8_t {
  empty,        // run() or step() was not called yet
  bookmarking,  // notes where the stream stands, before anything is read
  scanning,     // reads the table
  catching_up,  // applies what changed meanwhile
  live,         // holds what the table held a moment ago
  stale,        // it was, and has not been able to follow for stale_after
  resyncing,    // it was, and reads the table anew, since changes were lost to it
  failed,       // it gave up; error() says why
};
std::string_view to_text(ReplicaState state);

// A key whose items in table and copy are not the same, though all changes of then were applied.
struct ReplicaDifference {
  Key key = {};
  std::optional<Item> in_table = {};  // as the copy should have it: transformed
  std::optional<Item> in_copy = {};
};

// What a comparison of the copy with the table found.
struct ReplicaReport {
  Time begun = {};
  Time ended = {};
  std::size_t compared = 0;                         // items of the table
  std::size_t different = 0;                        // keys
  std::size_t repaired = 0;                         // of these
  std::vector<ReplicaDifference> differences = {};  // the first hundred
};

struct ReplicaOptions {
  std::string table_name = {};

  // Where the copy is kept. Null: in memory, read anew at every start. Else in a table of this
  // database, which must outlive the replica: made like the original, without its indexes, if it is
  // not there; refused if it holds items that no replica of this table put there. Beside it a table
  // of that name and ".replica" has how far the copy has come; items and progress are written in
  // one transaction, so that a start goes on where the last one ended, however that was. Nobody
  // else may write to either: of two replicas the one that began last keeps the copy, and the other
  // fails with write_conflict.
  Database* kept_in = nullptr;
  std::string copy_name = {};  // of the table there; left empty, table_name

  // What becomes of an item before it is kept; nothing: it is left out. The same for what is read
  // and for what changes. It must leave the key attributes as they are. Empty: items stay as they
  // are.
  std::function<std::optional<Item>(Item item)> transform = {};

  // The table is read as it was at one moment, where the source can, and what changes meanwhile
  // applied afterwards. Else, and after the 15 minutes that a snapshot lasts, each page is of its
  // own moment, and changes are applied between two pages, as they come.
  bool use_snapshot = true;
  std::size_t scan_segments = 4;     // parts the table is read in; 1 to 1000
  std::size_t scan_threads = 4;      // of them at once; 1 to 64
  double scan_pages_per_second = 0;  // at most; 0: as they come
  // What a copy in memory may hold: items as DynamoDB counts them, and some hundred bytes each. One
  // that would hold more fails. At least 1 MiB.
  std::size_t bytes_max = std::size_t{4} << 30;

  // How long after a change its record may come, where the server does not tell what its answers
  // reflect: 0 to 1 h.
  std::chrono::milliseconds settle{15'000};
  std::chrono::milliseconds stale_after{60'000};         // 1 s to 24 h
  std::chrono::milliseconds idle_poll_max{1000};         // 1 ms to 1 min
  std::chrono::milliseconds discovery_interval{60'000};  // 100 ms to 1 h
  // While the table is read anew, get() and for_each() refuse, rather than answer with what the
  // copy held before. (A copy in a database changes item by item.)
  bool hide_while_resyncing = false;

  // Compares the copy with the table so often, by reading all of it; 0: when verify() asks. Else at
  // least 1 min.
  std::chrono::milliseconds verify_interval{0};
  bool repair = false;  // differences found then

  // Called by the thread that runs the replica, which they must not wait for. on_change: each item
  // whose copy became another, after the fact and in order of the changes of its key; while the
  // table is read only if on_change_while_reading.
  std::function<void(const Key& key, const std::optional<Item>& before,
                     const std::optional<Item>& after)>
      on_change = {};
  bool on_change_while_reading = false;
  std::function<void(ReplicaState state)> on_state = {};
  std::function<void(const StreamGap& gap)> on_gap = {};
  std::function<void(const ReplicaReport& report)> on_verified = {};

  const Clock* clock = &system_clock();
  // Time that only grows, and chance; empty: the machine's.
  std::function<std::chrono::steady_clock::time_point()> now = {};
  std::function<std::uint64_t()> random = {};
};

// Since the replica was opened.
struct ReplicaFigures {
  std::uint64_t scanned = 0;    // items read from the table
  std::uint64_t records = 0;    // of the stream, applied
  std::uint64_t refreshed = 0;  // items read since their records had no new image
  std::uint64_t gaps = 0;
  std::uint64_t bootstraps = 0;  // begun
  std::uint64_t errors = 0;      // calls that failed, and were or will be repeated
  std::optional<std::string> last_error = {};
};

// A local copy of a table whose stream is switched on, of any view type.
//
// It begins with bookmarks in all shards of the stream, then reads the table, strongly consistent,
// and applies what changed since the bookmarks, in order of each item's changes. It is live, and
// only then readable, once the changes made while the table was read are in. From then on it
// follows; an item of it never goes back to what it was before. Where changes were lost to it
// (records are gone after 24 hours), it reads the table anew, and the table's next stream likewise
// when its own was switched off.
//
// Faults of the source, and of the database that keeps it, are outwaited. It fails for good where
// that cannot help: the table cannot be read within what the stream keeps, twice over (timed_out);
// bytes_max (limit_exceeded); a transform that changes keys (invalid_argument); what kept_in
// refuses; another replica that keeps its copy there (write_conflict).
//
// Thread-safe, but for what is said of step() and run().
class Replica {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // Looks at the table, and makes or opens where the copy is kept. `source` must outlive it.
  // invalid_argument: an option, naming it; the table has no stream; kept_in has another table
  // there. resource_not_found: no such table. Others as DescribeTable.
  static Result<std::unique_ptr<Replica>> open(Database& source, ReplicaOptions options);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Reads and follows until told to stop, or it fails: then that is the error.
  Result<void> run(std::stop_token stop);
  // One piece of work on this thread, for programs with a loop of their own. Returns when there is
  // more to do. Not to be mixed with run().
  Result<Moment> step();
  // The program knows of a change: the stream is looked at now, if run() waits.
  void hint();

  ReplicaState state() const;
  std::optional<Error> error() const;  // of a replica that failed

  // What the copy has for the key: all of its key attributes, and no others. unavailable: it was
  // never live, or it is hidden. validation: no key of the table.
  Result<std::optional<Item>> get(const Key& key) const;
  // All items of one moment: of a copy in memory in order of their keys; from a table as it reads,
  // page by page. False of `visit` ends it. How many were visited.
  Result<std::size_t> for_each(const ItemVisitor& visit) const;
  // Those of one partition key, in order of their sort keys.
  Result<std::size_t> for_each_of(const AttributeValue& partition, const ItemVisitor& visit) const;
  Result<std::size_t> size() const;

  // How long ago the copy held all there was, as far as is known. Nothing: it was never live.
  std::optional<std::chrono::milliseconds> lag() const;
  // How far every shard was applied; none where the server does not tell.
  std::optional<std::string> position() const;

  // timed_out: it is not live within `patience`; its own error if it failed.
  Result<void> wait_live(std::chrono::milliseconds patience) const;
  // Waits until all changes up to a position are applied, such as a write's own. As wait_live;
  // unsupported: the server does not tell positions.
  Result<void> wait_for(std::string_view position, std::chrono::milliseconds patience) const;

  // Asks for a comparison of the copy with the table, to be begun as soon as the copy is live.
  void verify();
  // The last that was finished.
  std::optional<ReplicaReport> report() const;

  ReplicaFigures figures() const;

 private:
  class Copying;

  explicit Replica(std::unique_ptr<Copying> copying);

  std::unique_ptr<Copying> copying_;
};

}  // namespace dynakeep
