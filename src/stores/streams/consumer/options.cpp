#include "stores/streams/consumer/options.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dynakeep::streams {
namespace {

using namespace std::chrono_literals;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

bool is_group_name(std::string_view name) {
  constexpr std::size_t bytes_max = 128;
  return !name.empty() && name.size() <= bytes_max &&
         name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
             std::string_view::npos;
}

Result<void> check_start(const StreamConsumerOptions& options) {
  const bool has_time = options.time.has_value();
  if (has_time != (options.from == StreamStart::Kind::timestamp)) {
    return wrong("time must be given to start at a timestamp, and only then");
  }
  if (has_time && *options.time > options.clock->now() + 5min) {
    return wrong("time must not be more than five minutes in the future");
  }
  if (options.shards.empty() == (options.from == StreamStart::Kind::positions)) {
    return wrong("shards must be given to start at positions, and only then");
  }
  if (options.position.empty() == (options.from == StreamStart::Kind::after_position)) {
    return wrong("position must be given to start after one, and only then");
  }
  if (!options.position.empty() && !is_sequence_number(options.position)) {
    return wrong("position must be digits, as sequence numbers are");
  }
  for (const auto& [id, position] : options.shards) {
    const bool takes_number =
        position.kind == StreamPosition::Kind::at || position.kind == StreamPosition::Kind::after;
    if (takes_number != is_sequence_number(position.sequence_number)) {
      return wrong("shards: the position of " + id + " has a wrong sequence number");
    }
  }
  return {};
}

}  // namespace

Result<void> check(const StreamConsumerOptions& options) {
  const auto in_range = [](const char* name, auto value, auto least, auto most) -> Result<void> {
    if (value >= least && value <= most) return {};
    return wrong(std::string(name) + " is " + std::to_string(value) + " and must be " +
                 std::to_string(least) + " to " + std::to_string(most));
  };
  constexpr std::size_t arn_min = 37;
  constexpr std::size_t arn_max = 1024;
  constexpr std::size_t records_max = 10'000;
  if (options.table_name.empty()) {
    TRY(in_range("The length of stream_arn", options.stream_arn.size(), arn_min, arn_max));
    if (options.stream_arn.find("/stream/") == std::string::npos) {
      return wrong("stream_arn must be the ARN of a stream, not of its table");
    }
  } else if (!options.stream_arn.empty()) {
    return wrong("stream_arn and table_name cannot both be given");
  } else {
    constexpr std::size_t table_name_min = 3;
    constexpr std::size_t table_name_max = 255;
    TRY(in_range("The length of table_name", options.table_name.size(), table_name_min,
                 table_name_max));
  }
  if (options.wait_for_stream && options.table_name.empty()) {
    return wrong("wait_for_stream needs table_name");
  }
  if (!is_group_name(options.group)) {
    return wrong("group must be 1 to 128 letters, digits, underscores, dots and hyphens");
  }
  TRY(in_range("batch_records", options.batch_records, std::size_t{1}, records_max));
  TRY(in_range("batch_bytes", options.batch_bytes, std::size_t{1}, std::size_t{1} << 30));
  TRY(in_range("batch_window", std::int64_t{options.batch_window.count()}, std::int64_t{0},
               std::int64_t{300'000}));
  TRY(in_range("buffer_bytes", options.buffer_bytes, std::size_t{1} << 20, std::size_t{1} << 40));
  TRY(in_range("unpersisted_records", options.unpersisted_records, std::size_t{1},
               std::size_t{1'000'000'000}));
  TRY(in_range("failover", std::int64_t{options.failover.count()}, std::int64_t{1000},
               std::int64_t{3'600'000}));
  TRY(in_range("leases_taken_max", options.leases_taken_max, std::size_t{1}, std::size_t{10'000}));
  constexpr std::size_t worker_max = 128;
  if (options.worker.size() > worker_max ||
      (!options.worker.empty() && !is_group_name(options.worker))) {
    return wrong("worker must be up to 128 letters, digits, underscores, dots and hyphens");
  }
  TRY(in_range("lanes", options.lanes, std::size_t{1}, std::size_t{1000}));
  TRY(in_range("buffer_records", options.buffer_records, std::size_t{1}, std::size_t{1'000'000}));
  TRY(in_range("checkpoint_records", options.checkpoint_records, std::size_t{1},
               std::size_t{1'000'000}));
  TRY(in_range("threads", options.threads, std::size_t{1}, std::size_t{256}));
  constexpr std::int64_t day_ms = 24 * 60 * 60 * 1000;
  TRY(in_range("checkpoint_interval", std::int64_t{options.checkpoint_interval.count()},
               std::int64_t{0}, day_ms));
  TRY(in_range("discovery_interval", std::int64_t{options.discovery_interval.count()},
               std::int64_t{100}, day_ms));
  TRY(in_range("busy_poll", std::int64_t{options.busy_poll.count()}, std::int64_t{0}, day_ms));
  TRY(in_range("idle_poll_max", std::int64_t{options.idle_poll_max.count()}, std::int64_t{1},
               day_ms));
  TRY(in_range("catch_up_lag", std::int64_t{options.catch_up_lag.count()}, std::int64_t{0},
               day_ms));
  constexpr std::int64_t minute_ms = 60 * 1000;
  constexpr std::int64_t ten_years_ms = 3650 * day_ms;
  TRY(in_range("retention", std::int64_t{options.retention.count()}, minute_ms, ten_years_ms));
  if (options.max_outage) {
    TRY(in_range("max_outage", std::int64_t{options.max_outage->count()}, std::int64_t{1000},
                 ten_years_ms));
  }
  TRY(in_range("risk_age", std::int64_t{options.risk_age.count()}, std::int64_t{1}, day_ms));
  TRY(in_range("slow_handler", std::int64_t{options.slow_handler.count()}, std::int64_t{1},
               day_ms));
  TRY(in_range("drain_timeout", std::int64_t{options.drain_timeout.count()}, std::int64_t{0},
               day_ms));
  if (options.calls_per_second && *options.calls_per_second > 1000) {
    return wrong("calls_per_second must be at most 1000");
  }
  if (options.retry.attempts_max && *options.retry.attempts_max == 0) {
    return wrong("retry.attempts_max must be at least 1");
  }
  const bool keeps_letters = options.retry.on_poison == StreamRetry::OnPoison::dead_letter;
  if (keeps_letters && !options.dead_letter) return wrong("dead_letter must be given");
  return check_start(options);
}

}  // namespace dynakeep::streams
