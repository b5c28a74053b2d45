#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/stores/stream_consumer.h"
#include "streams/simulated_stream.h"
#include "streams/stepping.h"

namespace dynakeep {

// One consumer on a manual clock, which reads a simulated stream and notes what it handles, which
// gaps it tells of, and its events. What a case is called begins with the acceptance scenario that
// it plays.
class StreamAcceptance : public testing::Test {
 protected:
  explicit StreamAcceptance(streams::ShardIds ids = streams::ShardIds::usual)
      : stream(clock, 1, ids) {}

  StreamConsumerOptions options() {
    return {.stream_arn = stream.arn,
            .group = "g",
            .on_gap =
                [this](const StreamGap& gap) {
                  gaps.push_back(gap);
                  return StreamGapAnswer::go_on;
                },
            .on_event = [this](const StreamEvent& event) { ++events[event.kind]; },
            .clock = &clock,
            .now = [this] { return streams::moment_of(clock); },
            .random = [this] { return random(); }};
  }
  StreamConsumerOptions from_the_tip() {
    auto latest = options();
    latest.from = StreamStart::Kind::latest;
    return latest;
  }
  void open(StreamConsumerOptions with) {
    consumer.reset();
    auto opened = StreamConsumer::open(stream, *checkpoints, std::move(with),
                                       [this](const StreamBatch& batch) { return handler(batch); });
    ASSERT_TRUE(opened) << opened.error();
    consumer = std::move(*opened);
    const auto started = consumer->start();
    ASSERT_TRUE(started) << started.error();
  }
  // Steps for so long; false: it has ended, or stopped.
  bool go_on(std::chrono::microseconds span) {
    const auto gone_on = streams::go_on(*consumer, clock, span);
    return gone_on && *gone_on;
  }
  // Nobody reads for so long, and then records are gone that are older than is kept.
  void be_away_for(std::chrono::microseconds span,
                   std::chrono::microseconds kept = std::chrono::hours(24)) {
    consumer.reset();
    clock.advance(span);
    stream.trim(clock.now() - kept);
  }
  void write(int count, const std::string& key = "a") {
    for (int i = 0; i < count; ++i) stream.write(key);
  }
  static std::int64_t version_of(const ChangeRecord& record) {
    return record.dynamodb.new_image->at("n").as_number().to_int64().value();
  }
  StreamOutcome take(const StreamBatch& batch) {
    for (const ChangeRecord& record : batch.records) {
      handled.push_back(version_of(record));
      of_item[record.dynamodb.keys.at("k").as_string()].push_back(handled.back());
    }
    return StreamOutcome::ok();
  }
  static std::vector<std::int64_t> up_to(std::int64_t last) {
    std::vector<std::int64_t> versions;
    for (std::int64_t version = 1; version <= last; ++version) versions.push_back(version);
    return versions;
  }
  // Each change of each item once, and an item's in their order.
  void expect_each_once() {
    for (const auto& [key, last] : stream.written()) EXPECT_EQ(of_item[key], up_to(last)) << key;
  }
  // An item whose changes another shard takes.
  std::string item_apart_from(const std::string& key) {
    std::string other = "b";
    while (stream.shard_of(other) == stream.shard_of(key)) ++other[0];
    return other;
  }
  bool has_stopped_with(ErrorCode code) {
    const auto next = consumer->step();
    return !next && next.error().code() == code;
  }
  std::string shard() const { return consumer->figures().shards.front().shard_id; }

  ManualClock clock;
  std::mt19937_64 random{1};
  streams::SimulatedStream stream;
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  std::vector<std::int64_t> handled;                         // versions
  std::map<std::string, std::vector<std::int64_t>> of_item;  // the same, of each
  std::vector<StreamGap> gaps;
  std::map<StreamEvent::Kind, int> events;
  StreamHandler handler = [this](const StreamBatch& batch) { return take(batch); };
  std::unique_ptr<StreamConsumer> consumer;  // tells of its end
};

}  // namespace dynakeep
