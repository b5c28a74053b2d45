// The scenarios' C++ side: our event store on the endpoint at $ENDPOINT, with events in the
// tables $EVENTS_TABLE and $LEGACY_TABLE. The command line is that of javascript/driver.mjs.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/calls.h"
#include "driver/stores.h"
#include "driver/verify.h"
#include "dynakeep/json.h"
#include "dynakeep/remote.h"

namespace dynakeep::castore {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<void> seed(Stores& stores, const Dataset& dataset) {
  for (const auto& [store, event] : dataset.events) {
    TRY(stores.store(store).push_event(to_push(event)));
    if (store == "ORDERS") TRY(stores.store(store, "legacy").push_event(to_push(event)));
  }
  return {};
}

// Loads what is new, since hundreds of events again for each attempt would be the most of the work.
Result<AttributeList> race(Stores& stores, const std::string& aggregate_id, std::size_t count) {
  const Store& counters = stores.store("COUNTERS");
  AttributeList won;
  Version known = 0;
  while (won.size() < count) {
    const auto events = TRY(counters.get_events(aggregate_id, {.min_version = known + 1}));
    if (!events.empty()) known = events.back().version();
    const Version version = known + 1;
    const auto pushed = counters.push_event(to_push({.aggregate_id = aggregate_id,
                                                     .version = version,
                                                     .type = "COUNTED",
                                                     .payload = AttributeMap{{"by", "cpp"}}}));
    if (pushed) won.emplace_back(version);
    if (!pushed && pushed.error().code() != ErrorCode::event_already_exists) return pushed.error();
  }
  return won;
}

Result<void> run(Stores& stores, const std::vector<std::string>& arguments) {
  const std::string& command = arguments.at(0);
  if (command == "seed" || command == "verify") {
    const auto dataset = TRY(read_dataset(environment("DATASET")));
    return command == "seed" ? seed(stores, dataset) : verify(stores, dataset);
  }
  if (command == "race" && arguments.size() == 3) {
    const auto won = TRY(race(stores, arguments[1], std::stoul(arguments[2])));
    std::cout << to_json(AttributeValue(won)) << '\n';
    return {};
  }
  if (command == "call" && arguments.size() == 2) {
    if (arguments[1] != "-") {
      std::cout << call(stores, arguments[1]) << '\n';
      return {};
    }
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << call(stores, line) << std::endl;
    }
    return {};
  }
  return Error(ErrorCode::invalid_argument, "driver: seed, verify, race ID N or call JSON");
}

int main_with(const std::vector<std::string>& arguments) {
  // One try: a scenario that passes because a client tried again has not passed.
  const auto database = connect_remote({.endpoint = environment("ENDPOINT"), .attempts_max = 1});
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  Stores stores(**database, environment("EVENTS_TABLE"), environment("LEGACY_TABLE"));
  if (const auto done = run(stores, arguments); !done) {
    std::cerr << done.error() << '\n';
    return 1;
  }
  return 0;
}

}  // namespace

}  // namespace dynakeep::castore

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "driver: seed, verify, race ID N or call JSON\n";
    return 2;
  }
  return dynakeep::castore::main_with({argv + 1, argv + argc});
}
