#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "dynakeep/stores/stream_consumer.h"
#include "streams/faulty_table.h"
#include "streams/simulated_stream.h"
#include "streams/skewed_clock.h"

// Several workers of one group on one stream, with their leases in a table of the engine, on a
// manual clock from which each worker's own is off by up to an hour. They come, go, crash and stand
// still, in the middle of a batch or of a write too; the table fails, before and after it has
// written; shards roll and split. Whatever happens, every change of every item is handled, in its
// order, no worker begins a batch of a shard that another has begun one of since, and nothing comes
// twice where nobody crashed, stood still, failed or was cut off.
namespace dynakeep {
namespace {

using streams::FaultyTable;
using streams::SimulatedStream;
using streams::SkewedClock;
using namespace std::chrono_literals;

class WorkersSimulation {
 public:
  WorkersSimulation(std::uint64_t seed, Database& engine)
      : engine_(engine),
        group_("g" + std::to_string(seed)),
        random_(seed),
        stream_(clock_, seed ^ 0x1ea5e) {}

  // What went wrong; empty: nothing.
  std::string run() {
    draw();
    add_worker();
    while (complaint_.empty() && !was_started_) {
      if (workers_.empty()) add_worker();
      go_on(100ms);
    }
    stream_.faults = faults_;
    for (int turn = 0; turn < 60 && complaint_.empty(); ++turn) {
      act();
      go_on(std::chrono::milliseconds(random_() % 3000));
    }
    calm();
    return complaint_;
  }

 private:
  struct Worker {
    Worker(Database& engine, const Clock& clock, std::chrono::seconds off_by)
        : own_clock(clock, off_by), table(engine), skew(off_by) {}
    SkewedClock own_clock;
    FaultyTable table;
    std::chrono::seconds skew;
    std::unique_ptr<StreamCheckpoints> checkpoints = {};
    std::unique_ptr<StreamConsumer> consumer = {};
    Time next = {};
    Time suspended_until = {};
    bool is_at_work = false;
    bool is_started = false;
    bool is_dead = false;
  };

  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  std::string key() { return std::string(1, static_cast<char>('a' + random_() % 6)); }

  void draw() {
    const double severity = chance(0.4) ? 0 : 0.1;
    faults_.errors = severity * chance(0.5);
    faults_.expired = severity * chance(0.5);
    faults_.duplicates = chance(0.3) ? 0.3 : 0;
    faults_.late_listing = chance(0.3) ? 0.3 : 0;
    faults_.records_in_page = 1 + static_cast<std::int32_t>(random_() % 8);
    table_errors_ = severity * chance(0.6);
    handler_fails_ = chance(0.3) ? 0.1 : 0;
    suspends_ = chance(0.5) ? 0.01 : 0;
    from_latest_ = chance(0.4);
    has_transactions_ = chance(0.7);
    lanes_ = chance(0.5) ? 1 : 3;
    may_crash_ = chance(0.6);
    for (int i = 0; i < 10; ++i) stream_.write(key());
    while (stream_.open_shards() < 1 + random_() % 4) stream_.split(key());
  }

  void add_worker() {
    const auto skew = std::chrono::seconds(static_cast<std::int64_t>(random_() % 7200) - 3600);
    auto worker = std::make_unique<Worker>(engine_, clock_, from_latest_ ? 0s : skew);
    Worker* const self = worker.get();
    self->table.has_transactions = has_transactions_;
    self->table.fails = [this] { return chance(table_errors_); };
    self->table.before_write = [this, self] { maybe_stand_still(*self); };
    // One call at a time: the simulation goes on within a call, and is of one thread.
    auto opened =
        open_stream_checkpoint_table(self->table, {.table = "checkpoints", .in_flight_max = 1});
    if (!opened) {  // the table failed
      is_disturbed_ = true;
      return;
    }
    self->checkpoints = std::move(*opened);
    StreamConsumerOptions options{
        .stream_arn = stream_.arn,
        .group = group_,
        .from = from_latest_ ? StreamStart::Kind::latest : StreamStart::Kind::trim_horizon,
        .batch_records = 1 + random_() % 6,
        .lanes = lanes_,
        .buffer_records = 1 + random_() % 20,
        .on_gap =
            [this](const StreamGap& gap) {
              complaint_ = "A gap though nothing was lost: " + std::string(to_text(gap.kind));
              return StreamGapAnswer::go_on;
            },
        .checkpoint_interval = 500ms,
        .clock = &self->own_clock,
        .now =
            [this, self] {
              return StreamConsumer::Moment(clock_.now().time_since_epoch() + self->skew);
            },
        .random = [this] { return random_(); }};
    auto consumer = StreamConsumer::open(
        stream_, *self->checkpoints, std::move(options),
        [this, self](const StreamBatch& batch) { return handle(*self, batch); });
    if (!consumer) {
      complaint_ = consumer.error().message();
      return;
    }
    self->consumer = std::move(*consumer);
    self->next = clock_.now();
    workers_.push_back(std::move(worker));
  }

  // As far as the others can see, it is gone at once; what it holds runs out.
  void crash(Worker& worker) {
    is_disturbed_ = true;
    worker.table.is_cut_off = true;
    worker.is_dead = true;
    bury();
  }
  void bury() {
    std::erase_if(workers_,
                  [](const auto& worker) { return worker->is_dead && !worker->is_at_work; });
  }
  void leave(Worker& worker) {
    worker.is_at_work = true;
    if (!worker.consumer->stop(chance(0.5) ? StreamDrain::yes : StreamDrain::no)) {
      is_disturbed_ = true;
    }
    worker.is_at_work = false;
    worker.is_dead = true;
    worker.table.is_cut_off = true;
    bury();
  }
  void stand_still(Worker& worker, std::chrono::milliseconds span) {
    is_disturbed_ = true;
    worker.suspended_until = clock_.now() + span;
  }
  // In the middle of what it does: the others go on.
  void maybe_stand_still(Worker& worker) {
    if (depth_ >= 2 || worker.is_dead || !worker.is_at_work || !chance(suspends_)) return;
    is_disturbed_ = true;
    ++depth_;
    go_on(std::chrono::milliseconds(random_() % 40'000));
    --depth_;
  }

  Worker* any() {
    std::vector<Worker*> idle;
    for (const auto& worker : workers_) {
      if (!worker->is_at_work && !worker->is_dead) idle.push_back(worker.get());
    }
    return idle.empty() ? nullptr : idle[random_() % idle.size()];
  }

  void act() {
    Worker* const worker = any();
    switch (random_() % 16) {
      case 0:
        stream_.roll(key());
        break;
      case 1:
        if (stream_.open_shards() < 8) stream_.split(key());
        break;
      case 2:
        if (workers_.size() < 5) add_worker();
        break;
      case 3:
        if (worker != nullptr && workers_.size() > 1) leave(*worker);
        break;
      case 4:
        if (worker != nullptr && may_crash_) crash(*worker);
        if (workers_.empty()) add_worker();
        break;
      case 5:
        if (worker != nullptr && may_crash_) {
          stand_still(*worker, std::chrono::milliseconds(random_() % 60'000));
        }
        break;
      case 6:
        if (chance(0.2)) go_on(60s);
        break;
      default:
        for (auto count = random_() % 15; count > 0; --count) stream_.write(key());
    }
  }

  void go_on(std::chrono::milliseconds span) {
    const Time until = clock_.now() + span;
    while (complaint_.empty() && clock_.now() < until) {
      std::vector<Worker*> due;
      Time next = until;
      for (const auto& worker : workers_) {
        if (worker->is_at_work || worker->is_dead) continue;
        const Time when = std::max(worker->next, worker->suspended_until);
        if (when <= clock_.now()) due.push_back(worker.get());
        next = std::min(next, when);
      }
      if (due.empty()) {
        clock_.set(std::max(next, clock_.now() + 1us));
      } else {
        step(*due[random_() % due.size()]);
      }
    }
  }

  void step(Worker& worker) {
    worker.is_at_work = true;
    work(worker);
    worker.is_at_work = false;
    bury();
  }
  void work(Worker& worker) {
    if (!worker.is_started) {
      const auto written = stream_.written();
      if (!worker.consumer->start()) {
        is_disturbed_ = true;
        worker.next = clock_.now() + 100ms;
        return;
      }
      worker.is_started = true;
      if (!was_started_ && from_latest_) before_start_ = written;
      was_started_ = true;
    }
    const auto next = worker.consumer->step();
    if (worker.is_dead) return;
    if (!next || !*next) {
      complaint_ = next ? "It ended though the stream goes on" : next.error().message();
      return;
    }
    worker.next = Time(std::chrono::ceil<std::chrono::microseconds>((**next).time_since_epoch()) -
                       worker.skew);
    // Each piece of work takes its moment.
    worker.next = std::max(worker.next, clock_.now() + 100us);
  }

  StreamOutcome handle(Worker& worker, const StreamBatch& batch) {
    if (worker.is_dead) complaint_ = "A dead worker began a batch";
    std::uint64_t& epoch = epochs_[std::string(batch.shard_id)];
    if (batch.lease_epoch < epoch) {
      complaint_ = "A batch of epoch " + std::to_string(batch.lease_epoch) +
                   " began after one of " + std::to_string(epoch);
    }
    epoch = batch.lease_epoch;
    const bool fails = chance(handler_fails_);
    const std::size_t fails_at = fails ? random_() % batch.records.size() : batch.records.size();
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      maybe_stand_still(worker);
      if (i == fails_at) {
        is_disturbed_ = true;
        return StreamOutcome::failed_at(batch.records[i].dynamodb.sequence_number, "one");
      }
      take(batch.records[i]);
    }
    return StreamOutcome::ok();
  }

  void take(const ChangeRecord& record) {
    const std::string key = record.dynamodb.keys.at("k").as_string();
    const std::int64_t version = record.dynamodb.new_image->at("n").as_number().to_int64().value();
    std::int64_t& first = first_[key];
    const std::int64_t before = first == 0 ? before_start_[key] : first;
    if (version > before + 1 && complaint_.empty()) {
      complaint_ = key + std::to_string(version) + " came first after " + std::to_string(before);
    }
    if (version <= first && !is_disturbed_) {
      complaint_ = key + std::to_string(version) + " came twice";
    }
    first = std::max(first, version);
  }

  void calm() {
    const auto page = stream_.faults.records_in_page;
    stream_.faults = {};
    stream_.faults.records_in_page = page;
    table_errors_ = 0;
    handler_fails_ = 0;
    suspends_ = 0;
    for (const auto& worker : workers_) worker->suspended_until = {};
    if (workers_.empty()) add_worker();
    for (int i = 0; i < 120 && complaint_.empty() && !is_complete(); ++i) go_on(5s);
    if (complaint_.empty()) expect_complete();
    // Shares even out, and stay so.
    for (int i = 0; i < 40 && complaint_.empty() && !is_even(); ++i) go_on(10s);
    if (complaint_.empty() && !is_even()) complaint_ = "Leases are not shared evenly: " + shares();
  }

  bool is_complete() {
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
  std::vector<std::size_t> held() const {
    std::vector<std::size_t> counts;
    for (const auto& worker : workers_) counts.push_back(worker->consumer->figures().leases);
    return counts;
  }
  bool is_even() const {
    const auto counts = held();
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    std::size_t sum = 0;
    for (const std::size_t count : counts) sum += count;
    return sum == stream_.open_shards() && *most - *least <= 1;
  }
  std::string shares() const {
    std::string text = std::to_string(stream_.open_shards()) + " shards, held";
    for (const std::size_t count : held()) text += " " + std::to_string(count);
    return text;
  }

  Database& engine_;
  const std::string group_;
  std::mt19937_64 random_;
  ManualClock clock_;
  SimulatedStream stream_;
  SimulatedStream::Faults faults_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::string complaint_;
  double table_errors_ = 0;
  double handler_fails_ = 0;
  double suspends_ = 0;
  bool from_latest_ = false;
  bool has_transactions_ = true;
  bool may_crash_ = false;
  bool was_started_ = false;
  bool is_disturbed_ = false;
  std::size_t lanes_ = 1;
  int depth_ = 0;
  std::map<std::string, std::uint64_t> epochs_;
  std::map<std::string, std::int64_t> before_start_, first_;
};

// DYNAKEEP_STREAM_SEEDS: how many, from DYNAKEEP_STREAM_SEED on. In parts, which CTest runs side by
// side and which take a slow machine no longer than it gives one case.
class StreamWorkersSimulations : public testing::TestWithParam<std::uint64_t> {};
constexpr std::uint64_t parts = 10;

TEST_P(StreamWorkersSimulations, WorkersThatComeGoAndStandStillHandleEveryChangeInOrder) {
  const auto number = [](const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
  };
  const std::uint64_t first = number("DYNAKEEP_STREAM_SEED", 1);
  const std::uint64_t count = number("DYNAKEEP_STREAM_SEEDS", 500);
  auto engine = open_embedded({.in_memory = true});
  ASSERT_TRUE(engine) << engine.error();
  for (std::uint64_t seed = first + GetParam(); seed < first + count; seed += parts) {
    const std::string complaint = WorkersSimulation(seed, **engine).run();
    ASSERT_EQ(complaint, "") << "DYNAKEEP_STREAM_SEED=" << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Part, StreamWorkersSimulations, testing::Range<std::uint64_t>(0, parts));

}  // namespace
}  // namespace dynakeep
