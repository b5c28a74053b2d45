// How many turns of a user are loaded and saved in a second, by one thread through the store of
// user data: on any database, embedded or remote. jovo.mjs beside it does the same with Jovo's
// framework.
//
//   dynakeep_user_bench CONNECTION SECONDS
//
// The user has about a kilobyte of data, a session and a history of three turns. Prints one JSON
// object of figures per second; "writes" is how many puts the saves of an unchanged user sent.
// Makes its table, and removes it.

#include <cstdlib>
#include <iostream>
#include <string>

#include "../turns.h"
#include "dynakeep/open.h"
#include "dynakeep/stores/user_data.h"

using namespace dynakeep;
using bench::must;

namespace {

constexpr const char* table = "BenchUsers";
constexpr const char* user = "user-1";

AttributeMap data_of_a_user() {
  AttributeMap data;
  for (int i = 0; i < 20; ++i) {
    data["preference" + std::to_string(i)] =
        AttributeMap{{"name", "a name of some length"}, {"value", i}, {"on", i % 2 == 0}};
  }
  return data;
}

class Bench {
 public:
  Bench(Database& database, double seconds)
      : database_(database),
        turns_(seconds),
        store_(must(UserDataStore::create(database, options()))),
        thrifty_(must(UserDataStore::create(database, thrifty_options()))) {
    UserTurn turn = must(store_->load(user));
    turn.user = data_of_a_user();
    must(store_->save(turn));
    for (int i = 0; i < 3; ++i) serve_turn();
  }
  ~Bench() { must(database_.delete_table({.table_name = table})); }

  void run() {
    turns_.measure("load", [&] { must(store_->load(user)); });
    turns_.measure("turn", [&] { serve_turn(); });
    turns_.measure("get and put", [&] { get_and_put(); });
    std::size_t writes = 0;
    turns_.measure("unchanged turn", [&] {
      UserTurn turn = must(thrifty_->load(user));
      writes += must(thrifty_->save(turn)).attempts;
    });
    turns_.print("writes", static_cast<double>(writes));
    turns_.compare(
        "turn / get and put", [&] { serve_turn(); }, [&] { get_and_put(); });
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

  Database& database_;
  bench::Turns turns_;
  std::unique_ptr<UserDataStore> store_;
  std::unique_ptr<UserDataStore> thrifty_;
  std::int64_t visits_ = 0;
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
