#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"

// Whether two databases hold the same items in a table, item by item.
namespace dynakeep {

struct CopyDifference {
  enum class Kind : std::uint8_t {
    missing,  // only the source has it
    changed,  // both have it, and not the same
    extra,    // only the destination has it
  };
  Kind kind = Kind::missing;
  Key key = {};
  std::optional<Item> in_source = {};
  std::optional<Item> in_destination = {};
  bool is_repaired = false;
};
std::string_view to_text(CopyDifference::Kind kind);

struct CompareProgress {
  std::uint64_t items = 0;        // looked at, those of both sides
  std::uint64_t items_total = 0;  // as the tables count theirs
  std::uint64_t different = 0;
};

struct CompareRequest {
  std::string table = {};
  // Makes the destination as the source is: puts what is missing or changed, deletes what is extra.
  bool repairs = false;
  unsigned segments = 4;                                         // read at once, 1 to 64
  std::chrono::milliseconds patience = std::chrono::minutes(5);  // as CopyOptions::patience
  // Between two looks at what differs, where nobody is known to carry changes over.
  std::chrono::milliseconds look_again{500};

  // Each is called by one thread at a time.
  std::function<void(const CopyDifference& difference)> on_difference = {};
  std::function<void(const CompareProgress& progress)> on_progress = {};
  std::stop_token stop = {};
  const Clock* clock = &system_clock();
};

struct CompareSummary {
  bool stopped = false;  // before the end: it was told to, or the copy is followed no more
  std::uint64_t source_items = 0;
  std::uint64_t destination_items = 0;
  std::uint64_t missing = 0;
  std::uint64_t changed = 0;
  std::uint64_t extra = 0;
  // Items that only one side has, and whose time to live is over: no difference, since each side
  // removes them when it comes to it.
  std::uint64_t expired = 0;
  std::uint64_t repaired = 0;

  std::uint64_t different() const { return missing + changed + extra; }
};

// Reads both tables, each strongly consistent and in several segments at once, and looks for each
// item on the other side: neither side's order matters, and memory is bounded by some pages and ten
// thousand keys.
//
// What differs is read again, up to four times with pauses of `look_again`, and reported if it
// differs still. So what someone else carries over with some delay is no difference; items that
// change all the time may be one. While a TableCopy follows, TableCopy::compare() tells the two
// apart for certain.
//
// Errors as those of Scan, BatchGetItem and BatchWriteItem; faults that may pass are outwaited for
// `patience`. invalid_argument: the request makes no sense, or the tables have different keys.
Result<CompareSummary> compare_tables(Database& source, Database& destination,
                                      const CompareRequest& request);

}  // namespace dynakeep
