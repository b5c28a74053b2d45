#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/copy/compare.h"
#include "dynakeep/database.h"
#include "dynakeep/stores/stream_progress.h"
#include "dynakeep/transfer/table_definition.h"

// A table carried from one database to another, while writes go on.
namespace dynakeep {

// The table of a destination where copies keep how far they are.
inline constexpr std::string_view copies_table = "dynakeep.copies";

struct CopyProgress {
  std::uint64_t items = 0;        // written, by earlier runs too
  std::uint64_t bytes = 0;        // their sizes as DynamoDB counts them
  std::uint64_t items_total = 0;  // as the source counts them; Amazon's count is hours old
  // What the destination takes a second, as far as it has refused more. None: all that comes.
  std::optional<double> items_per_second = {};
};

struct CopyOptions {
  std::string table = {};

  // follow() is to come: a place in the source's stream is kept before anything is read.
  bool follows = false;
  // Of a source without one. Else to follow it is refused.
  bool enables_stream = false;
  // Begins anew, whatever is there: in the table, or of an earlier copy. What the source has is put
  // over what the destination has, and what only that has remains.
  bool overwrites = false;
  // Goes on with a copy that has lost changes, which is else refused: follows the table anew. It is
  // mended when compare() with `repairs` has come to its end; later runs are refused until then,
  // but those that mend, too.
  bool mends = false;

  unsigned segments = 8;                        // read and written at once, 1 to 64
  std::optional<double> items_per_second = {};  // at most, all segments together
  // How long either side may fail without pause before the copy does.
  std::chrono::milliseconds patience = std::chrono::minutes(5);
  // How long after a change its record may come, where the source does not tell what its answers
  // reflect: 0 to 1 h.
  std::chrono::milliseconds settle{15'000};

  // By one thread at a time. on_trouble: a call has failed and is going to be repeated.
  std::function<void(const CopyProgress& progress)> on_progress = {};
  std::function<void(const Error& error)> on_trouble = {};
  const Clock* clock = &system_clock();
};

// What copy() will do, as things are.
struct CopyPlan {
  enum class Step : std::uint8_t {
    make,       // the destination has no such table
    fill,       // it has one, which is empty
    overwrite,  // it has one, with items
    resume,     // an earlier run did a part of it
    done,       // an earlier run copied all, and it is to be followed on
    mend,       // an earlier run lost changes: it is followed anew, and to be compared
  };
  Step step = Step::make;
  TableDefinition definition = {};      // of the source
  std::uint64_t items_total = 0;        // of the source
  std::uint64_t bytes_total = 0;        // likewise
  std::uint64_t items_done = 0;         // by earlier runs
  std::vector<std::string> notes = {};  // what will not be as in the source, for a person
};
std::string_view to_text(CopyPlan::Step step);

struct CopySummary {
  bool stopped = false;
  std::uint64_t items = 0;  // written, by earlier runs too
  std::uint64_t bytes = 0;
  // What is not as in the source, and nobody could know before the table was made; for a person.
  std::vector<std::string> notes = {};
};

enum class FollowUntil : std::uint8_t {
  stopped,
  current,  // until the destination has all changes up to when follow() was called
};

enum class FollowEnding : std::uint8_t {
  stopped,
  current,
  // Changes were lost to the copy, or the stream is over. Later runs are refused, but those that
  // overwrite or mend.
  lost,
};

struct FollowSummary {
  FollowEnding ending = FollowEnding::stopped;
  std::string loss = {};      // of a loss: what is known of it, for a person
  std::uint64_t records = 0;  // applied
  // The destination has all changes made before then; none: that is not known.
  std::optional<Time> current_until = {};
};

struct FollowFigures {
  std::uint64_t records = 0;  // applied
  // The stream is applied up to when it began, since: it has all changes, unless it has lost some.
  bool is_current = false;
  bool has_lost = false;  // changes, by this run or an earlier one, and they are not mended yet
  // How long ago it had all changes, as far as is known.
  std::optional<std::chrono::milliseconds> lag = {};
  std::uint64_t errors = 0;  // calls that failed, and were or will be repeated
  std::optional<std::string> last_error = {};
};

// One table between two databases, which may be of any kind:
//
//   auto copy = TRY(TableCopy::open(*source, *destination, {.table = "Songs", .follows = true}));
//   TRY(copy->copy(stop));    // makes the table, and reads all of it
//   TRY(copy->follow(stop));  // applies what has changed since, and what changes
//
// The table is made with the source's keys, indexes, billing, class and tags. Its stream and time
// to live are switched on when all items are there, so that neither sees them come. Items are
// written in batches, as fast as the destination takes them: where it refuses some, less, and more
// again when it does not.
//
// How far it is, it keeps in the table `dynakeep.copies` of the destination, so that what is there
// of the table and what is known of it come and go together. A run that was killed at any moment is
// gone on with by the next one; some items are then written again, which changes nothing. A copy
// that is not followed leaves no trace once it is complete. One run at a time carries a table: a
// second one is refused as long as the first gives signs of life.
//
// Following: the source's stream is read from a place that was kept before the first item was read,
// parents before children and each item's changes in order, so that no change is missed. Until it
// is current for the first time an item may for a moment be as it was before. Where the source
// keeps records for less long than it takes to come to them, changes are lost, and it says so. A
// run that `mends` follows from where the stream is by then, and compare() with `repairs` finds
// what was lost meanwhile, for no more than reading both sides.
//
// Nobody else may write to the destination's table meanwhile.
//
// figures() may be called by any thread; follow() by one, and compare() by another at the same
// time.
class TableCopy {
 public:
  // Looks at both sides; changes nothing. Both databases must outlive it.
  //
  // resource_not_found: the source has no such table. invalid_argument: an option; the
  // destination's table is of another shape, which is told, or has items, or is the source's own;
  // the source has no stream to be followed. unsupported: it has none at all. trimmed_data_access:
  // an earlier run lost changes, and this one does not mend.
  static Result<std::unique_ptr<TableCopy>> open(Database& source, Database& destination,
                                                 CopyOptions options);
  // Lets another run begin at once.
  ~TableCopy();
  TableCopy(const TableCopy&) = delete;
  TableCopy& operator=(const TableCopy&) = delete;

  const CopyPlan& plan() const;

  // Comes to the end at once if an earlier run has. resource_in_use: another run is at it.
  // validation: the destination refuses an item, which is named. Faults that may pass are outwaited
  // for `patience`. After any error the next run goes on.
  Result<CopySummary> copy(std::stop_token stop);

  // Behind a copy() that was not stopped, of a copy that `follows`. Told to stop, it first applies
  // what the source was asked to change until then, for as long as that takes but no longer than
  // ten seconds beyond `settle`. Faults are outwaited for good; an error: the destination refuses
  // an item, or another run has taken over.
  Result<FollowSummary> follow(std::stop_token stop, FollowUntil until = FollowUntil::stopped);
  FollowFigures figures() const;

  // As compare_tables(), while follow() runs: what the copy has not come to yet is no difference,
  // however fast it changes. The request's table and clock are the copy's. One that repairs, and
  // comes to its end, mends a copy that had lost changes.
  Result<CompareSummary> compare(CompareRequest request);

 private:
  class Carrying;

  explicit TableCopy(std::unique_ptr<Carrying> carrying);

  std::unique_ptr<Carrying> carrying_;
};

}  // namespace dynakeep
