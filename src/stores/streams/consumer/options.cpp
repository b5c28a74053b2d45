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
  TRY(in_range("The length of stream_arn", options.stream_arn.size(), arn_min, arn_max));
  if (options.stream_arn.find("/stream/") == std::string::npos) {
    return wrong("stream_arn must be the ARN of a stream, not of its table");
  }
  if (!is_group_name(options.group)) {
    return wrong("group must be 1 to 128 letters, digits, underscores, dots and hyphens");
  }
  TRY(in_range("batch_records", options.batch_records, std::size_t{1}, records_max));
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
  if (options.retry.attempts_max && *options.retry.attempts_max == 0) {
    return wrong("retry.attempts_max must be at least 1");
  }
  const bool keeps_letters = options.retry.on_poison == StreamRetry::OnPoison::dead_letter;
  if (keeps_letters && !options.dead_letter) return wrong("dead_letter must be given");
  return check_start(options);
}

}  // namespace dynakeep::streams
