#pragma once

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../turns.h"
#include "dynakeep/open.h"

// What the measurements of this folder have in common.
namespace dynakeep::bench {

using Figures = std::map<std::string, double>;

struct Bench {
  std::string connection = {};
  double seconds = 3;
  Figures figures = {};

  bool is_embedded() const { return !connection.starts_with("http"); }
  // A database on its own: nothing else is in it, and nothing is synced.
  std::unique_ptr<Database> open(EmbeddedOptions options = {}) const;
};

// Of this process, all its threads: user and system.
double cpu_seconds();
// Waits until the process has no work of its own left, such as compactions; seconds at the most.
void come_to_rest();

std::string name_of(int number);
// About 450 bytes, as in the other benchmarks.
Item song(int number, std::int64_t turn);
// About 40 bytes.
Item small_song(int number, std::int64_t turn);

// Makes the table, with a key "name". Returns the ARN of its stream, if it is to have one.
std::string make_table(Database& database, const std::string& table,
                       std::optional<StreamViewType> stream);

// The streams of a database, with nothing but DynamoDB's operations: who reads them has to poll.
std::unique_ptr<Database> polled(Database& database);

// The percentile of values in no order.
double percentile(std::vector<double>& values, double percent);

// ---- the measurements ----

// What a stream adds to the CPU of a write, in this process.
void measure_writes(Bench& bench);
// GetRecords, page after page; a consumer with checkpoints in a file.
void measure_reading(Bench& bench);
// From the answer to a write until its record is there.
void measure_delivery(Bench& bench);
// A consumer of 64 shards to which nothing comes.
void measure_idle(Bench& bench);
// Reads while a million expired items are removed.
void measure_sweep(Bench& bench);

}  // namespace dynakeep::bench
