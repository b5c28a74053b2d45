#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dynakeep/database.h"

namespace dynakeep {

// When an answered write is safe.
enum class Durability : std::uint8_t {
  synced,    // survives the loss of power: the answer waits for the disk. Writers share the waits.
  interval,  // survives the death of the process at once, the loss of power after `sync_interval`
  none,  // survives the death of the process; the loss of power when the system gets round to it
};

// How streams are kept. (DynamoDB keeps records for 24 hours, and rolls shards as it sees fit.)
struct StreamOptions {
  std::chrono::milliseconds retention = std::chrono::hours(24);
  std::size_t initial_shards = 1;  // 1 to max_open_shards. With one, a table's changes are in order

  // When an open shard is closed and another takes its place; 0 is never.
  std::chrono::milliseconds roll_after = std::chrono::hours(4);  // an empty one: after 24 hours
  std::uint64_t roll_records = 0;                                // that many records in it
  std::uint64_t roll_bytes = 0;
  // When two take its place: so many records a second for ten seconds; 0 is never.
  std::uint64_t split_rate = 0;
  std::size_t max_open_shards = 64;  // at most 1000
};

struct EmbeddedOptions {
  std::string path = {};   // a folder, made if absent; one process at a time
  bool in_memory = false;  // nothing on disk, gone on close; `path` must be empty
  Durability durability = Durability::synced;
  std::chrono::milliseconds sync_interval{100};     // of Durability::interval
  std::size_t cache_bytes = std::size_t{64} << 20;  // blocks of data kept in memory
  std::size_t write_buffer_bytes = std::size_t{64}
                                   << 20;   // writes kept in memory until written out
  std::string region = "us-east-1";         // in ARNs
  std::string account_id = "000000000000";  // in ARNs
  const Clock* clock = &system_clock();     // must outlive the database
  StreamOptions streams = {};
  // How often items that have expired are looked for; 0 is never.
  std::chrono::milliseconds expiry_interval{1000};
};

// Opens the embedded engine. invalid_argument, with one line that says what to do: the folder
// cannot be made or read, another process has it open, or its format is of a later version; path
// empty without in_memory; options of streams out of their bounds.
//
// Destroying the database finishes what has begun and closes the folder. No operation may be
// running then, and main may not have returned: a database held by a static would outlive what it
// stands on.
Result<std::unique_ptr<Database>> open_embedded(const EmbeddedOptions& options);

}  // namespace dynakeep
