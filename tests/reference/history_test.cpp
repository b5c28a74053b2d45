#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "model/encoded_item.h"
#include "reference/random_history.h"
#include "reference/reference_database.h"
#include "wire/operations.h"

// Random histories against the embedded engine and the reference, answer by answer.
//
// A failure prints its seed and the steps before it; DYNAKEEP_SEED=N runs that one again, and
// DYNAKEEP_HISTORIES=N runs as many as one has time for.
namespace dynakeep::reference {
namespace {

constexpr int steps_each = 700;

class Histories {
 public:
  Histories() {
    std::string name = std::filesystem::temp_directory_path() / "dynakeep-history-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    open();
  }
  Histories(const Histories&) = delete;
  Histories& operator=(const Histories&) = delete;
  ~Histories() {
    embedded_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Nothing, or what is different.
  std::string run(std::uint64_t seed) {
    RandomHistory history(seed);
    for (int i = 0; i < steps_each; ++i) {
      if (auto difference = take(history, history.next()); !difference.empty()) return difference;
    }
    for (const Step& step : history.whole_scans()) {
      if (auto difference = take(history, step); !difference.empty()) return difference;
    }
    return compare_counts();
  }

 private:
  void open() {
    embedded_ =
        open_embedded({.path = folder_, .durability = Durability::none, .clock = &clock_}).value();
  }

  std::string take(RandomHistory& history, const Step& step) {
    steps_.push_back(step);
    if (steps_.size() > 12) steps_.pop_front();
    if (step.operation == "Advance") {
      clock_.advance(std::chrono::seconds(std::stoi(step.body)));
      return {};
    }
    if (step.operation == "Reopen") {
      embedded_.reset();
      open();
      return {};
    }
    const wire::Operation& operation = *wire::find_operation(step.operation);
    const wire::Reply expected = wire::answer(operation, reference_, step.body);
    const wire::Reply found = wire::answer(operation, *embedded_, step.body);
    history.saw(step, found.body);
    // Descriptions of tables tell more than the reference knows.
    const bool is_table_operation = step.operation.ends_with("Table");
    if (found.status != expected.status ||
        (found.body != expected.body && !(is_table_operation && found.status == 200))) {
      return told(expected, found);
    }
    if (step.operation == "UpdateTable" && found.status == 200) wait_for_indexes();
    return {};
  }

  // New indexes are filled in the background.
  void wait_for_indexes() {
    for (const char* table : {"Songs", "Words"}) {
      for (bool active = false; !active; std::this_thread::yield()) {
        const auto described = embedded_->describe_table({.table_name = table});
        if (!described) break;
        active = true;
        for (const auto& index : described->table.global_secondary_indexes) {
          active = active && index.index_status == IndexStatus::active;
        }
      }
    }
  }

  // The counts that DescribeTable tells are those of what Scan finds.
  std::string compare_counts() {
    for (const char* name : {"Songs", "Words", "Plain"}) {
      const auto described = embedded_->describe_table({.table_name = name});
      if (!described) continue;
      const auto compare = [&](const std::optional<std::string>& index, std::int64_t items,
                               std::int64_t bytes) -> std::string {
        std::int64_t items_found = 0;
        std::int64_t bytes_found = 0;
        ScanRequest request{.table_name = name, .index_name = index};
        do {
          const auto page = embedded_->scan(request).value();
          for (const Item& item : *page.items) {
            std::string scratch;
            ++items_found;
            bytes_found += static_cast<std::int64_t>(
                model::size_of(model::view_item(ItemAccess::encoded(item, scratch))));
          }
          request.exclusive_start_key = page.last_evaluated_key;
        } while (request.exclusive_start_key);
        if (items == items_found && bytes == bytes_found) return {};
        std::ostringstream out;
        out << name << ' ' << index.value_or("") << ": " << items << " items of " << bytes
            << " bytes are told, " << items_found << " of " << bytes_found << " found";
        return std::move(out).str();
      };
      const TableDescription& table = described->table;
      std::string difference = compare({}, table.item_count, table.table_size_bytes);
      for (const auto& index : table.local_secondary_indexes) {
        difference += compare(index.index_name, index.item_count, index.index_size_bytes);
      }
      for (const auto& index : table.global_secondary_indexes) {
        difference += compare(index.index_name, index.item_count, index.index_size_bytes);
      }
      if (!difference.empty()) return difference;
    }
    return {};
  }

  std::string told(const wire::Reply& expected, const wire::Reply& found) const {
    const auto shortened = [](const std::string& text) {
      return text.size() < 4000 ? text : text.substr(0, 4000) + "…";
    };
    std::ostringstream out;
    out << "the last steps:\n";
    for (const Step& step : steps_) out << step.operation << ' ' << shortened(step.body) << '\n';
    out << "expected " << expected.status << ' ' << shortened(expected.body) << "\nfound    "
        << found.status << ' ' << shortened(found.body);
    return std::move(out).str();
  }

  ManualClock clock_;
  std::filesystem::path folder_;
  ReferenceDatabase reference_{clock_};
  std::unique_ptr<Database> embedded_;
  std::deque<Step> steps_;
};

TEST(History, IsTheSameForTheEngineAndTheReference) {
  const char* seed = std::getenv("DYNAKEEP_SEED");
  const char* count = std::getenv("DYNAKEEP_HISTORIES");
  const std::uint64_t first = seed == nullptr ? 1 : std::stoull(seed);
  const std::uint64_t histories = count != nullptr ? std::stoull(count) : seed != nullptr ? 1 : 12;
  for (std::uint64_t i = first; i < first + histories; ++i) {
    const std::string difference = Histories().run(i);
    ASSERT_TRUE(difference.empty()) << "DYNAKEEP_SEED=" << i << '\n' << difference;
  }
}

}  // namespace
}  // namespace dynakeep::reference
