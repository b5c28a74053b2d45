#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/remote_databases.h"

// Other engines behind the same protocol, for tests of what stands on a Database: our own engine
// behind a front that refuses what they refuse, in their words, and answers as they answer. Nothing
// is declared: that something is missing the remote body finds out by asking.
namespace dynakeep::support {

struct EngineTraits {
  std::string name = {};    // of the test's kind: "no_transactions"
  std::string server = {};  // the Server header
  std::set<std::string, std::less<>> unknown_operations = {};
  bool refuses_empty_values = false;
  bool ignores_stream_settings = false;  // of CreateTable and UpdateTable, as dynalite does
  // Of ScyllaDB Alternator, from its documentation on compatibility and its public source; no
  // Alternator was there to compare with.
  //  - Names of a table and of an index of it have 222 characters together, with a colon between.
  //  - Whatever projection an index is asked for, it is ALL, and so described.
  //  - No capacity is told, nor the sizes of collections.
  //  - Records: a put is told as the removal of what was there, or of nothing, and a modification,
  //    each with a number of its own; other changes as modifications, whether the item is new or
  //    not. What they are of cannot be seen, so here all are taken for puts. Their source is
  //    "scylladb:alternator", they have no size, an expired item is removed by nobody in
  //    particular. Shards are called "H 18c0:4f", numbers have more digits.
  bool is_alternator = false;
};

// "no_transactions", "no_streams", "no_time_to_live", "no_empty_values": one thing missing each.
// "alternator".
const std::vector<EngineTraits>& engine_traits();
// Null: there is none of that name.
const EngineTraits* engine_traits_of(std::string_view name);

EngineFront front_of(const EngineTraits& traits);

}  // namespace dynakeep::support
