// How many turns of a user are loaded and saved in a second, by one thread through the store of
// user data: on any database, embedded or remote. jovo.mjs beside it does the same with Jovo's
// framework.
//
//   dynakeep_user_bench CONNECTION SECONDS
//
// The user has about a kilobyte of data, a session and a history of three turns. Prints one JSON
// object of figures per second; "writes" is how many puts the saves of an unchanged user sent.
// Makes its table, and removes it.

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <string>

#include "dynakeep/open.h"
#include "dynakeep/stores/user_data.h"

using namespace dynakeep;

namespace {

constexpr const char* table = "BenchUsers";
constexpr const char* user = "user-1";

template <typename T>
T must(Result<T> result) {
  if (!result) {
    std::cerr << "dynakeep_user_bench: " << result.error() << '\n';
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

AttributeMap data_of_a_user() {
  AttributeMap data;
  for (int i = 0; i < 20; ++i) {
    data["preference" + std::to_string(i)] =
        AttributeMap{{"name", "a name of some length"}, {"value", i}, {"on", i % 2 == 0}};
  }
  return data;
}

// How often `turn` can be done in a second.
double per_second(double seconds, const std::function<void()>& turn) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  std::size_t turns = 0;
  auto now = start;
  for (; now < end; now = Clock::now()) {
    turn();
    ++turns;
  }
  return static_cast<double>(turns) / std::chrono::duration<double>(now - start).count();
}

class Bench {
 public:
  Bench(Database& database, double seconds)
      : database_(database),
        seconds_(seconds),
        store_(must(UserDataStore::create(database, options()))),
        thrifty_(must(UserDataStore::create(database, thrifty_options()))) {
    UserTurn turn = must(store_->load(user));
    turn.user = data_of_a_user();
    must(store_->save(turn));
    for (int i = 0; i < 3; ++i) serve_turn();
  }
  ~Bench() { must(database_.delete_table({.table_name = table})); }

  void run() {
    print("load", per_second(seconds_, [&] { must(store_->load(user)); }));
    print("turn", per_second(seconds_, [&] { serve_turn(); }));
    print("get and put", per_second(seconds_, [&] { get_and_put(); }));
    std::size_t writes = 0;
    print("unchanged turn", per_second(seconds_, [&] {
            UserTurn turn = must(thrifty_->load(user));
            writes += must(thrifty_->save(turn)).attempts;
          }));
    print("writes", static_cast<double>(writes));
    print("turn / get and put", compare([&] { serve_turn(); }, [&] { get_and_put(); }));
    std::cout << "\n}\n";
  }

 private:
  static UserDataOptions options() {
    return {.table = {.name = table}, .session = {.enabled = true}, .history = {.enabled = true}};
  }
  static UserDataOptions thrifty_options() {
    UserDataOptions options = Bench::options();
    options.skip_unchanged = true;
    return options;
  }

  void serve_turn() {
    UserTurn turn = must(store_->load(user, {.id = "session-1"}));
    turn.user["visits"] = ++visits_;
    turn.session->data["step"] = visits_;
    turn.entry["output"] = AttributeList{AttributeMap{{"message", "Welcome back"}}};
    must(store_->save(turn));
  }

  // What a turn asks of the database, and nothing else.
  void get_and_put() {
    auto got = must(database_.get_item(
        {.table_name = table, .key = Key{{"userId", user}}, .consistent_read = true}));
    const AttributeValue loaded = got.item->at("updatedAt");
    must(database_.put_item(
        {.table_name = table,
         .item = std::move(got.item),
         .condition_expression = "#u = :loaded",
         .expression_attribute_names = ExpressionAttributeNames{{"#u", "updatedAt"}},
         .expression_attribute_values = ExpressionAttributeValues{{":loaded", loaded}},
         .return_values_on_condition_check_failure =
             ReturnValuesOnConditionCheckFailure::all_old}));
  }

  // How much more of this process's CPU one takes than the other. By turns, so that whatever else
  // the machine does meets both.
  double compare(const std::function<void()>& one, const std::function<void()>& other) const {
    const auto cpu_of = [](const std::function<void()>& turn) {
      const std::clock_t start = std::clock();
      turn();
      return static_cast<double>(std::clock() - start);
    };
    double cpu_of_one = 0;
    double cpu_of_other = 0;
    per_second(seconds_, [&] {
      cpu_of_one += cpu_of(one);
      cpu_of_other += cpu_of(other);
    });
    return cpu_of_one / cpu_of_other;
  }

  void print(const std::string& name, double figure) {
    std::cout << (first_ ? "{\n" : ",\n") << " \"" << name << "\": " << figure << std::flush;
    first_ = false;
  }

  Database& database_;
  double seconds_;
  std::unique_ptr<UserDataStore> store_;
  std::unique_ptr<UserDataStore> thrifty_;
  std::int64_t visits_ = 0;
  bool first_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc == 3 ? std::atof(argv[2]) : 0;
  if (!(seconds > 0)) {
    std::cerr << "usage: dynakeep_user_bench CONNECTION SECONDS\n";
    return 2;
  }
  OpenOptions options;
  options.embedded.durability = Durability::none;
  const auto database = must(open(argv[1], options));
  Bench(*database, seconds).run();
}
