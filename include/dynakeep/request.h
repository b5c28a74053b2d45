#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/item.h"

namespace dynakeep {

// What the requests and results of several operations share.
//
// In every request a field that is left out is absent, which DynamoDB tells apart from empty: hence
// the optionals, of names that must be given too. A caller writes `.table_name = "Songs"` and never
// sees them.

// #name -> attribute name.
using ExpressionAttributeNames = std::map<std::string, std::string>;

// :value -> value, as Item{{":plays", 12}}.
using ExpressionAttributeValues = Item;

enum class ReturnValues : std::uint8_t { none, all_old, updated_old, all_new, updated_new };
enum class ReturnValuesOnConditionCheckFailure : std::uint8_t { none, all_old };
enum class ReturnConsumedCapacity : std::uint8_t { none, total, indexes };
enum class ReturnItemCollectionMetrics : std::uint8_t { none, size };
enum class Select : std::uint8_t {
  all_attributes,
  all_projected_attributes,
  specific_attributes,
  count
};

// A word of the wire that the typed field has no value for, such as "ReturnValues": "NEW". Filled
// in by the decoder alone, so that the engine, which knows the order of complaints, answers for it
// in DynamoDB's words. `field` is the path as those words name it, such as "returnValues".
struct UnknownWord {
  std::string field = {};
  std::string word = {};
};
using UnknownWords = std::vector<UnknownWord>;

struct Capacity {
  double capacity_units = 0;
  std::optional<double> read_capacity_units = {};   // of transactions
  std::optional<double> write_capacity_units = {};  // of transactions
};

// A point in the order of changes. Who has it knows all changes of the table whose sequence numbers
// are at most `position`, and none with a greater one; the records after it in the stream are
// what is missing.
//
// A position is written as sequence numbers are and compares with them by value
// (compare_sequence_numbers), but need not be the number of a record: it lies behind all records
// of the commit that it was taken after. One database numbers the changes of all its tables in one
// order, so the point of a transaction over several tables is one position too.
//
// Only of engines that announce it (Capabilities::positions); DynamoDB has nothing like it.
struct StreamPoint {
  std::string stream_arn = {};  // empty: several tables with streams were concerned
  std::string position = {};    // "001795227763548000999"

  friend bool operator==(const StreamPoint&, const StreamPoint&) = default;
};

// Reads of one moment over many calls (Capabilities::snapshots). The first keeps its moment, and
// its result has the token that the others name:
//
//   const auto first = TRY(database.scan({.table_name = "Songs",
//                                         .snapshot = SnapshotUse::begin()}));
//   … database.scan({.table_name = "Songs", …, .snapshot = SnapshotUse::of(*first.snapshot)});
//
// A snapshot is of one table and ends 15 minutes after it began, or with a read that says
// end(); reads of one that has ended fail with snapshot_expired. limit_exceeded: there are too
// many. snapshot.h has an owner that ends it.
struct SnapshotUse {
  enum class Step : std::uint8_t { none, begin, read, end };

  Step step = Step::none;
  std::string token = {};

  static SnapshotUse begin() { return {.step = Step::begin}; }
  static SnapshotUse of(std::string token) {
    return {.step = Step::read, .token = std::move(token)};
  }
  // A read of it too, and the last.
  static SnapshotUse end(std::string token) {
    return {.step = Step::end, .token = std::move(token)};
  }
};

// What an operation cost on one table. Read units are of 4 KB (half when eventually consistent),
// write units of 1 KB. `table` and the indexes are filled in when INDEXES was asked for.
struct ConsumedCapacity {
  std::string table_name = {};
  double capacity_units = 0;
  std::optional<double> read_capacity_units = {};
  std::optional<double> write_capacity_units = {};
  std::optional<Capacity> table = {};
  std::map<std::string, Capacity> local_secondary_indexes = {};
  std::map<std::string, Capacity> global_secondary_indexes = {};
};

// The size of all items with one partition key, on tables with local secondary indexes.
struct ItemCollectionMetrics {
  Key item_collection_key = {};
  double size_estimate_lower_gb = 0;
  double size_estimate_upper_gb = 1;
};

}  // namespace dynakeep
