#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <stdexcept>

#include <gmock/gmock.h>

#include "dynakeep/stores/stream_consumer.h"
#include "streams/simulated_stream.h"

// A consumer on a manual clock, with a stream, a server, checkpoints and a handler that all do the
// worst they may, drawn from a seed. Whatever happens, every change of every item is handled, in
// its order, and nothing comes twice but after a failure, a crash, or a failure that was told of.
namespace dynakeep {
namespace {

using streams::SimulatedStream;
using namespace std::chrono_literals;

// Fails as often as it is told to, without having written or, now and then, after.
class FaultyCheckpoints final : public StreamCheckpoints {
 public:
  explicit FaultyCheckpoints(std::mt19937_64& random) : random_(random) {}

  Result<StreamProgress> load(const StreamScope&) override {
    if (fails()) return Error::internal("The disk");
    return progress_;
  }
  Result<void> save(const StreamScope&, const StreamProgress& progress) override {
    if (fails()) {
      if (!is_cut_off && random_() % 4 == 0) progress_ = progress;
      return Error::internal("The disk");
    }
    progress_ = progress;
    return {};
  }
  double errors = 0;
  bool is_cut_off = false;  // nothing is written any more

 private:
  bool fails() { return is_cut_off || std::uniform_real_distribution<>(0, 1)(random_) < errors; }

  std::mt19937_64& random_;
  StreamProgress progress_;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : random_(seed),
        stream_(clock_, seed ^ 0x5eed,
                seed % 5 == 0 ? streams::ShardIds::other : streams::ShardIds::usual),
        checkpoints_(random_) {}

  // What went wrong; empty: nothing.
  std::string run() {
    draw();
    open();
    for (int turn = 0; turn < 120 && complaint_.empty(); ++turn) {
      act();
      const int steps = static_cast<int>(random_() % 12);
      for (int i = 0; i < steps && complaint_.empty(); ++i) step();
    }
    calm();
    if (complaint_.empty()) expect_complete();
    return complaint_;
  }

 private:
  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }

  void draw() {
    auto& faults = stream_.faults;
    const double severity = chance(0.3) ? 0 : 0.25;
    faults.errors = severity * chance(0.7);
    faults.expired = severity * chance(0.5);
    faults.empty_pages = chance(0.5) ? 0.3 : 0;
    faults.duplicates = chance(0.3) ? 0.3 : 0;
    faults.late_listing = chance(0.4) ? 0.3 : 0;
    faults.children_hidden = chance(0.3) ? 30'000ms : 0ms;
    faults.refuses_filter = chance(0.2);
    faults.ignores_filter = chance(0.2);
    faults.records_in_page = 1 + static_cast<std::int32_t>(random_() % 8);
    checkpoints_.errors = severity * chance(0.5);
    handler_fails_ = chance(0.4) ? 0.2 : 0;
    lanes_ = chance(0.5) ? 1 : 4;
    bisects_ = chance(0.5);
    from_latest_ = chance(0.4);
    for (int i = 0; i < 20; ++i) stream_.write(key());
    if (chance(0.5)) stream_.split(key());
    if (!from_latest_ && chance(0.3)) {
      behind_ = stream_.position();
      before_start_ = stream_.written();
    }
  }

  std::string key() { return std::string(1, static_cast<char>('a' + random_() % 6)); }

  void open() {
    StreamConsumerOptions options{
        .stream_arn = stream_.arn,
        .group = "g",
        .from = from_latest_       ? StreamStart::Kind::latest
                : !behind_.empty() ? StreamStart::Kind::after_position
                                   : StreamStart::Kind::trim_horizon,
        .position = behind_,
        .batch_records = 1 + random_() % 6,
        .lanes = lanes_,
        .buffer_records = 1 + random_() % 10,
        .retry = {.bisect = bisects_},
        .on_gap =
            [this](const StreamGap& gap) {
              complaint_ = "A gap though nothing was lost: " + std::string(to_text(gap.kind));
              return StreamGapAnswer::go_on;
            },
        .checkpoint_interval = 500ms,
        .checkpoint_records = 1 + random_() % 20,
        .clock = &clock_,
        .now = [this] { return StreamConsumer::Moment(clock_.now().time_since_epoch()); },
        .random = [this] { return random_(); }};
    auto opened = StreamConsumer::open(stream_, checkpoints_, std::move(options),
                                       [this](const StreamBatch& batch) { return handle(batch); });
    if (!opened) {
      complaint_ = opened.error().message();
      return;
    }
    consumer_ = std::move(*opened);
    started_ = false;
  }

  void step() {
    if (!started_) {
      const auto written = stream_.written();
      if (!consumer_->start()) {
        clock_.advance(100ms);
        return;
      }
      started_ = true;
      if (!was_started_) {
        was_started_ = true;
        if (from_latest_) before_start_ = written;
        // Shards that end before they are read, behind whose last record the position lies.
        if (!behind_.empty() && chance(0.5)) stream_.roll_all();
      }
    }
    const auto next = consumer_->step();
    if (!next) {
      complaint_ = "It stopped: " + next.error().message();
      return;
    }
    if (!*next) {
      complaint_ = "It ended though the stream goes on";
      return;
    }
    const StreamConsumer::Moment now(clock_.now().time_since_epoch());
    if (**next > now) {
      const auto wait = std::chrono::ceil<std::chrono::microseconds>(**next - now);
      clock_.advance(std::min<std::chrono::microseconds>(wait, 5s));
    }
  }

  void act() {
    switch (random_() % 12) {
      case 0:
        stream_.roll(key());
        break;
      case 1:
        if (stream_.open_shards() < 6) stream_.split(key());
        break;
      case 2:
        if (chance(0.3)) stream_.roll_all();
        break;
      case 3:
        if (chance(0.3)) clock_.advance(20min);  // iterators expire
        break;
      case 4:
        if (chance(0.5)) crash();
        break;
      default:
        for (auto count = random_() % 15; count > 0; --count) stream_.write(key());
        clock_.advance(std::chrono::milliseconds(random_() % 500));
    }
  }

  void crash() {
    checkpoints_.is_cut_off = true;
    consumer_.reset();
    checkpoints_.is_cut_off = false;
    reached_.clear();  // what was handled may come again
    open();
  }

  StreamOutcome handle(const StreamBatch& batch) {
    const std::size_t fails_at =
        chance(handler_fails_) ? random_() % batch.records.size() : batch.records.size();
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      const ChangeRecord& record = batch.records[i];
      if (i == fails_at) {
        switch (random_() % 3) {
          case 0:
            return StreamOutcome::failed_at(record.dynamodb.sequence_number, "one");
          case 1:
            throw std::runtime_error("thrown");
          default:
            return StreamOutcome::failed("all");
        }
      }
      take(record);
    }
    return StreamOutcome::ok();
  }

  void take(const ChangeRecord& record) {
    const std::string key = record.dynamodb.keys.at("k").as_string();
    const std::int64_t version = record.dynamodb.new_image->at("n").as_number().to_int64().value();
    std::int64_t& first = first_[key];
    if (version > first + 1 && first != 0) {
      complaint_ = key + std::to_string(version) + " came first after " + std::to_string(first);
    }
    // What began at the tip may begin a little before it.
    if (first == 0 && version > before_start_[key] + 1) {
      complaint_ = key + std::to_string(version) + " came first of all";
    }
    first = std::max(first, version);
    // After a crash, or a failure, it goes back, and then forward again without a step left out.
    const auto reached = reached_.find(key);
    if (reached != reached_.end() && version > reached->second + 1) {
      complaint_ = key + std::to_string(version) + " came after " + std::to_string(reached->second);
    }
    if (reached != reached_.end() && version <= reached->second && handler_fails_ == 0) {
      complaint_ = key + std::to_string(version) + " came twice without a crash";
    }
    reached_[key] = version;
  }

  // No more faults: then all must come.
  void calm() {
    const auto page = stream_.faults.records_in_page;
    stream_.faults = {};
    stream_.faults.records_in_page = page;
    checkpoints_.errors = 0;
    handler_fails_ = 0;
    reached_.clear();  // what failed last comes again
    for (int i = 0; i < 6000 && complaint_.empty() && !is_complete(); ++i) step();
  }

  bool is_complete() {
    if (!was_started_) return false;
    for (const auto& [key, last] : stream_.written()) {
      if (last > before_start_[key] && first_[key] != last) return false;
    }
    return true;
  }
  void expect_complete() {
    for (const auto& [key, last] : stream_.written()) {
      if (last > before_start_[key] && first_[key] != last) {
        complaint_ += key + " was changed " + std::to_string(last) + " times, and told to " +
                      std::to_string(first_[key]) + "; ";
      }
    }
  }

  std::mt19937_64 random_;
  ManualClock clock_;
  SimulatedStream stream_;
  FaultyCheckpoints checkpoints_;
  std::unique_ptr<StreamConsumer> consumer_;
  std::string complaint_;
  bool started_ = false;
  bool was_started_ = false;
  bool from_latest_ = false;
  std::string behind_;  // a position, to begin there
  bool bisects_ = false;
  std::size_t lanes_ = 1;
  double handler_fails_ = 0;
  std::map<std::string, std::int64_t> before_start_, first_, reached_;
};

// DYNAKEEP_STREAM_SEEDS: how many, from DYNAKEEP_STREAM_SEED on. In parts, which CTest runs side by
// side and which take a slow machine no longer than it gives one case.
class StreamSimulations : public testing::TestWithParam<std::uint64_t> {};
constexpr std::uint64_t parts = 10;

TEST_P(StreamSimulations, EveryChangeIsHandledInOrderWhateverHappens) {
  const auto number = [](const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
  };
  const std::uint64_t first = number("DYNAKEEP_STREAM_SEED", 1);
  const std::uint64_t count = number("DYNAKEEP_STREAM_SEEDS", 500);
  for (std::uint64_t seed = first + GetParam(); seed < first + count; seed += parts) {
    const std::string complaint = Simulation(seed).run();
    ASSERT_EQ(complaint, "") << "DYNAKEEP_STREAM_SEED=" << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Part, StreamSimulations, testing::Range<std::uint64_t>(0, parts));

}  // namespace
}  // namespace dynakeep
