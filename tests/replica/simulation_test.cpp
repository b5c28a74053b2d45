#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>

#include "dynakeep/embedded.h"
#include "dynakeep/stores/replica.h"
#include "replica/simulated_table.h"
#include "replica/stepping.h"

// A replica on a manual clock, of a table whose stream and scans do the worst they may, drawn from
// a seed. Whatever happens, in the end the copy is the table, and while it is live no item of it
// goes back.
namespace dynakeep::replicas {
namespace {

using namespace std::chrono_literals;

class Simulation {
 public:
  Simulation(std::uint64_t seed, bool tells_positions)
      : random_(seed), table_(clock_, seed ^ 0x5eed) {
    table_.tells_positions = tells_positions;
  }

  // What went wrong; empty: nothing.
  std::string run() {
    draw();
    open();
    for (int turn = 0; turn < 150 && complaint_.empty(); ++turn) {
      act();
      const int steps = static_cast<int>(random_() % 12);
      for (int i = 0; i < steps && complaint_.empty(); ++i) step();
    }
    calm();
    if (complaint_.empty()) expect_equal();
    return complaint_;
  }

 private:
  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  std::string key() { return std::string(1, static_cast<char>('a' + random_() % 20)); }

  void draw() {
    auto& faults = table_.faults;
    const double severity = chance(0.3) ? 0 : 0.25;
    faults.errors = severity * chance(0.7);
    faults.expired = severity * chance(0.5);
    faults.empty_pages = chance(0.5) ? 0.3 : 0;
    faults.duplicates = chance(0.3) ? 0.3 : 0;
    // A listing that leaves out a shard of any age hides changes that nobody can know of: until
    // another shows it, the copy may lack them and be called live.
    lists_all_ = chance(0.6);
    faults.late_listing = lists_all_ ? 0 : 0.3;
    faults.children_hidden = chance(0.3) ? 10s : 0s;
    faults.refuses_filter = chance(0.2);
    faults.ignores_filter = chance(0.2);
    faults.records_in_page = 1 + static_cast<std::int32_t>(random_() % 8);
    if (table_.tells_positions) {
      // The engine knows of no delays.
      lists_all_ = true;
      faults.late_listing = faults.empty_pages = 0;
      faults.children_hidden = 0s;
      if (chance(0.5)) table_.snapshot_pages = random_() % 6;
    }
    table_.scan_errors = severity * chance(0.5);
    table_.items_in_page = 1 + random_() % 6;
    table_.stale_by = 2s;
    table_.view = static_cast<StreamViewType>(random_() % 4);
    segments_ = 1 + random_() % 4;
    hides_ = chance(0.2);
    if (chance(0.3)) {
      database_ = std::move(open_embedded({.in_memory = true})).value();
    }
    for (int i = 0; i < 20; ++i) table_.put(key());
    if (chance(0.5)) table_.split(key());
  }

  void open() {
    ReplicaOptions options = on(clock_, random_);
    options.kept_in = database_.get();
    options.scan_segments = segments_;
    options.scan_threads = 1;
    options.hide_while_resyncing = hides_;
    options.verify_interval = 1min;
    options.on_change = [this](const Key& key, const auto& before, const auto& after) {
      changed(key.at("k").as_string(), before, after);
    };
    options.on_state = [this](ReplicaState state) { told(state); };
    options.on_gap = [this](const StreamGap& gap) {
      complaint_ = "A gap though nothing was lost: " + std::string(to_text(gap.kind));
    };
    options.on_verified = [this](const ReplicaReport& report) {
      if (report.different == 0 || !lists_all_) return;
      complaint_ = "The copy differs though it is complete: " +
                   report.differences[0].key.at("k").as_string();
    };
    replica_.reset();
    auto opened = Replica::open(table_, std::move(options));
    if (!opened) {
      complaint_ = opened.error().message();
      return;
    }
    replica_ = std::move(*opened);
    last_.clear();
  }

  void step() {
    if (const auto stepped = replicas::step(*replica_, clock_); !stepped) {
      complaint_ = "It failed: " + stepped.error().message();
    }
  }

  void changed(const std::string& key, const std::optional<Item>& before,
               const std::optional<Item>& after) {
    if (!lists_all_) return;
    const auto version = [](const Item& item) { return *item.at("n").as_number().to_int64(); };
    if (before && after && version(*after) <= version(*before)) {
      complaint_ = key + " went back from " + std::to_string(version(*before)) + " to " +
                   std::to_string(version(*after));
    }
    if (!after) return;
    std::int64_t& last = last_[key];
    if (version(*after) <= last) complaint_ = key + " became what it was before";
    last = version(*after);
  }

  // What the table had when the reading of it ended is in the copy once that is live.
  void told(ReplicaState state) {
    if (state == ReplicaState::catching_up) when_read_ = table_.items();
    if (state == ReplicaState::live && !replica_->lag()) complaint_ = "It was live of unknown lag";
    if (state != ReplicaState::live || !when_read_ || !lists_all_) return;
    const auto copy = items_of(*replica_);
    for (const auto& [key, item] : *when_read_) {
      const auto now = table_.items().find(key);
      if (now == table_.items().end() || now->second != item) continue;
      const auto found = copy.find(key);
      if (found == copy.end() || found->second != item) {
        complaint_ = "It was called live without " + key;
      }
    }
    when_read_.reset();
  }

  void act() {
    switch (random_() % 12) {
      case 0:
        table_.roll(key());
        break;
      case 1:
        if (table_.open_shards() < 6) table_.split(key());
        break;
      case 2:
        if (chance(0.3)) table_.roll_all();
        break;
      case 3:
        if (chance(0.3)) clock_.advance(20min);  // iterators expire
        break;
      case 4:
        if (chance(0.3)) open();  // after a crash
        break;
      default:
        for (auto count = random_() % 15; count > 0; --count) {
          if (chance(0.3)) {
            table_.erase(key());
          } else {
            table_.put(key());
          }
        }
        clock_.advance(std::chrono::milliseconds(random_() % 500));
    }
  }

  // No more faults or changes: then it becomes live, and after two listings it has them all.
  void calm() {
    const auto page = table_.faults.records_in_page;
    table_.faults = {};
    table_.faults.records_in_page = page;
    table_.scan_errors = 0;
    for (int i = 0; i < 6000 && complaint_.empty(); ++i) {
      if (replica_->state() == ReplicaState::live) break;
      step();
    }
    const Time until = clock_.now() + 3min;
    while (complaint_.empty() && clock_.now() < until) step();
    if (complaint_.empty() && replica_->state() != ReplicaState::live) {
      complaint_ = "It is " + std::string(to_text(replica_->state()));
    }
  }

  void expect_equal() {
    const auto copy = items_of(*replica_);
    if (copy == table_.items()) return;
    std::set<std::string> keys;
    for (const auto& [key, item] : copy) keys.insert(key);
    for (const auto& [key, item] : table_.items()) keys.insert(key);
    for (const std::string& key : keys) {
      const auto has = copy.find(key);
      const auto wants = table_.items().find(key);
      const bool is_same =
          has != copy.end() && wants != table_.items().end() && has->second == wants->second;
      if (!is_same) complaint_ += key + " differs; ";
    }
  }

  std::mt19937_64 random_;
  ManualClock clock_;
  SimulatedTable table_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Replica> replica_;
  std::string complaint_;
  bool lists_all_ = true;
  bool hides_ = false;
  std::size_t segments_ = 1;
  std::map<std::string, std::int64_t> last_;
  std::optional<std::map<std::string, Item>> when_read_;
};

// DYNAKEEP_REPLICA_SEEDS: how many, from DYNAKEEP_REPLICA_SEED on.
void simulate(bool tells_positions) {
  const auto number = [](const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
  };
  const std::uint64_t first = number("DYNAKEEP_REPLICA_SEED", 1);
  const std::uint64_t count = number("DYNAKEEP_REPLICA_SEEDS", 50);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::string complaint = Simulation(seed, tells_positions).run();
    ASSERT_EQ(complaint, "") << "DYNAKEEP_REPLICA_SEED=" << seed;
  }
}

TEST(ReplicaSimulation, TheCopyIsTheTableWhateverHappens) { simulate(false); }

TEST(ReplicaSimulation, TheCopyIsTheTableWhereAnswersSayWhatTheyReflect) { simulate(true); }

}  // namespace
}  // namespace dynakeep::replicas
