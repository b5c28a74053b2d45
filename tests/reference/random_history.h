#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

// Random requests in the wire's own JSON, for two databases to be compared by. They are few-valued
// on purpose: keys, index keys and attributes meet again and again, conditions hold about as often
// as not, and pages go on while what they page through is changed.
namespace dynakeep::reference {

// One line of a history: an operation and its JSON; or, of the harness, "Advance" with seconds for
// the clock, and "Reopen".
struct Step {
  std::string operation = {};
  std::string body = {};
};

// An attribute that is a key somewhere, and the values that it takes, as JSON.
struct KeyPool {
  std::string name = {};
  std::string type = {};  // "S", "N", "B"
  std::vector<std::string> values = {};
};

struct IndexShape {
  std::string name = {};  // empty: the table itself
  KeyPool partition = {};
  std::optional<KeyPool> sort = {};
  bool is_local = false;
  std::string projection = "ALL";                    // or "KEYS_ONLY", "INCLUDE"
  std::vector<std::string> non_key_attributes = {};  // of INCLUDE

  bool holds_all() const { return projection == "ALL"; }
};

struct TableShape {
  IndexShape table = {};
  std::string name = {};
  std::vector<IndexShape> indexes = {};
  std::optional<IndexShape> later_index = {};  // global; made and removed while items are there
  bool has_later_index = false;
  bool exists = false;
};

class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed);

  // The first steps make the tables.
  Step next();

  // What was answered to the step: its LastEvaluatedKey may be where another step goes on.
  void saw(const Step& step, const std::string& reply);

  // Every page request that reads all there is, for a last look.
  std::vector<Step> whole_scans() const;

 private:
  struct OpenPage {
    Step first = {};
    std::string last_evaluated_key = {};
  };

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }
  const std::string& one_of(const std::vector<std::string>& values) {
    return values[below(values.size())];
  }

  TableShape& any_table();
  std::string number();
  std::string text();
  std::string other_value();
  std::string key(const TableShape& table);
  std::string item(const TableShape& table);
  // The members that go with the expressions' placeholders.
  std::string placeholders(const TableShape& table, const IndexShape* read,
                           const std::string& expressions, bool takes_values);
  std::string expression(const std::string& name, const std::string& text) const;
  std::string asked_capacity();
  std::string asked_metrics();

  Step put();
  Step get();
  Step update();
  Step remove();
  Step query();
  Step scan();
  Step batch_get();
  Step batch_write();
  Step transact_get();
  Step transact_write();
  Step go_on();
  Step change_table();
  Step create(TableShape& table);

  std::mt19937_64 random_;
  std::vector<TableShape> tables_;
  std::vector<OpenPage> open_pages_;
  std::vector<Step> next_steps_;  // already decided, the last first
};

}  // namespace dynakeep::reference
