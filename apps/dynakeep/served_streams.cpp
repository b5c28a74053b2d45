#include "served_streams.h"

#include <CLI/CLI.hpp>

namespace dynakeep::app {

namespace {

constexpr const char* group = "Streams";
constexpr std::uint32_t open_shards_max = 1000;
constexpr std::uint64_t most = std::uint64_t{1} << 40U;

}  // namespace

void add_served_streams_flags(CLI::App& command, ServedStreamsFlags& flags) {
  command
      .add_option("--stream-retention-hours", flags.retention_hours,
                  "How long records are kept; may be a fraction")
      ->envname("DYNAKEEP_STREAM_RETENTION_HOURS")
      ->check(CLI::Range(0.001, 24.0 * 366).description(""))
      ->capture_default_str()
      ->type_name("HOURS")
      ->group(group);
  command
      .add_option("--stream-shards", flags.initial_shards,
                  "Shards that a stream begins with; with one, a table's changes are in order")
      ->envname("DYNAKEEP_STREAM_SHARDS")
      ->check(CLI::Range(1U, open_shards_max).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  command
      .add_option("--stream-roll-after-minutes", flags.roll_after_minutes,
                  "After that long a shard is closed and another takes its place; 0 is never")
      ->envname("DYNAKEEP_STREAM_ROLL_AFTER_MINUTES")
      ->check(CLI::Range(0, 60 * 24 * 366).description(""))
      ->capture_default_str()
      ->type_name("MINUTES")
      ->group(group);
  command
      .add_option("--stream-roll-records", flags.roll_records,
                  "The same with that many records in it; 0 is never")
      ->envname("DYNAKEEP_STREAM_ROLL_RECORDS")
      ->check(CLI::Range(std::uint64_t{0}, most).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  command
      .add_option("--stream-roll-mb", flags.roll_mb, "The same with that much in it; 0 is never")
      ->envname("DYNAKEEP_STREAM_ROLL_MB")
      ->check(CLI::Range(std::uint64_t{0}, most >> 20U).description(""))
      ->capture_default_str()
      ->type_name("MB")
      ->group(group);
  command
      .add_option("--stream-split-rate", flags.split_rate,
                  "With that many records a second for ten seconds two take its place; 0 is never")
      ->envname("DYNAKEEP_STREAM_SPLIT_RATE")
      ->check(CLI::Range(std::uint64_t{0}, most).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  command
      .add_option("--stream-open-shards", flags.max_open_shards,
                  "Open shards that splitting leads to at most")
      ->envname("DYNAKEEP_STREAM_OPEN_SHARDS")
      ->check(CLI::Range(1U, open_shards_max).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group(group);
  command
      .add_option("--expiry-interval-ms", flags.expiry_interval_ms,
                  "How often items that have expired are looked for; 0 is never")
      ->envname("DYNAKEEP_EXPIRY_INTERVAL_MS")
      ->check(CLI::Range(0, 24 * 3'600'000).description(""))
      ->capture_default_str()
      ->type_name("MS")
      ->group(group);
  command
      .add_flag("--admin", flags.admin,
                "Let clients roll, split and trim shards, expire iterators, set the clock\n"
                "forward and have operations fail (EngineAdmin_1): for tests")
      ->envname("DYNAKEEP_ADMIN")
      ->group(group);
}

StreamOptions stream_options(const ServedStreamsFlags& flags) {
  return {.retention = std::chrono::milliseconds(
              static_cast<std::int64_t>(flags.retention_hours * 3'600'000)),
          .initial_shards = flags.initial_shards,
          .roll_after = std::chrono::minutes(flags.roll_after_minutes),
          .roll_records = flags.roll_records,
          .roll_bytes = flags.roll_mb << 20U,
          .split_rate = flags.split_rate,
          .max_open_shards = flags.max_open_shards};
}

std::chrono::milliseconds expiry_interval(const ServedStreamsFlags& flags) {
  return std::chrono::milliseconds(flags.expiry_interval_ms);
}

}  // namespace dynakeep::app
