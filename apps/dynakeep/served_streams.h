#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "dynakeep/embedded.h"

namespace CLI {
class App;
}

namespace dynakeep::app {

// How `dynakeep serve` keeps streams, and what its clients may do to them.
struct ServedStreamsFlags {
  double retention_hours = 24;
  std::uint32_t initial_shards = 1;
  std::uint32_t roll_after_minutes = 240;
  std::uint64_t roll_records = 0;
  std::uint64_t roll_mb = 0;
  std::uint64_t split_rate = 0;
  std::uint32_t max_open_shards = 64;
  std::uint32_t expiry_interval_ms = 1000;
  bool admin = false;
};

void add_served_streams_flags(CLI::App& command, ServedStreamsFlags& flags);

StreamOptions stream_options(const ServedStreamsFlags& flags);
std::chrono::milliseconds expiry_interval(const ServedStreamsFlags& flags);

}  // namespace dynakeep::app
