#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "dynakeep/json.h"
#include "event_table.h"
#include "events_commands.h"
#include "json_text.h"

namespace dynakeep::app {

namespace {

struct FoldFlags {
  EventTableFlags where = {};
  std::string aggregate_id = {};
  std::optional<Version> version = {};
  std::optional<std::string> at = {};
};

// Members of `from` take the place of those of `into`; where both are objects, theirs do.
void merge(AttributeMap& into, const AttributeMap& from) {
  for (const auto& [name, value] : from) {
    AttributeValue& place = into[name];
    if (place.is_map() && value.is_map()) {
      merge(place.as_map(), value.as_map());
    } else {
      place = value;
    }
  }
}

struct Folded {
  AttributeMap state = {};
  std::size_t without_members = 0;  // payloads that are no objects, and so merge into nothing
};

Folded fold(const std::vector<Event>& events) {
  Folded folded;
  for (const Event& event : events) {
    if (!event.payload().exists()) continue;
    const AttributeValue payload = event.payload().value();
    if (payload.is_map()) merge(folded.state, payload.as_map());
    if (!payload.is_map()) ++folded.without_members;
  }
  return folded;
}

int fold_and_print(const FoldFlags& flags) {
  auto opened = open_event_table(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  auto events =
      opened->events->get_events(opened->store, flags.aggregate_id, {.max_version = flags.version});
  if (!events) return complain(flags.where, events.error());
  if (flags.at) {
    std::size_t until = 0;
    while (until < events->size() && (*events)[until].timestamp() <= *flags.at) ++until;
    events->resize(until);
  }
  if (events->empty()) return complain(aggregate_not_found(opened->store, flags.aggregate_id));

  const Folded folded = fold(*events);
  const Event& last = events->back();
  const std::string state = to_json(AttributeValue(folded.state));
  if (flags.where.json) {
    std::cout << fmt::format(R"({{"aggregateId":{},"version":{},"state":{},"lastEvent":{}}})",
                             json_string(flags.aggregate_id), last.version(), state,
                             event_json(last))
              << '\n';
    return exit_done;
  }
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  std::cout << painted(
                   terminal, Colour::bold,
                   fmt::format("{} at version {}", printable(flags.aggregate_id), last.version()))
            << fmt::format(", {} at {}\n", printable(last.type()), printable(last.timestamp()))
            << indented(state, terminal) << '\n';
  if (folded.without_members > 0) {
    std::cerr << fmt::format("dynakeep: {} of {} payloads are no objects and were left out\n",
                             folded.without_members, events->size());
  }
  return exit_done;
}

}  // namespace

void add_events_fold(CLI::App& events, int& exit_code) {
  auto flags = std::make_shared<FoldFlags>();
  CLI::App* command = events.add_subcommand(
      "fold",
      "Fold an aggregate's events into a state: their payloads merged, member by member,\n"
      "since no reducer of the application is known here");
  command->add_option("aggregate", flags->aggregate_id, "Id of the aggregate")
      ->required()
      ->type_name("ID");
  add_event_table_flags(*command, flags->where);
  add_store_flag(*command, flags->where.store);
  command->add_option("--version", flags->version, "As of this version; the last if left out")
      ->type_name("VERSION")
      ->group("Events");
  command
      ->add_option("--at", flags->at,
                   "As of this moment: up to the first event with a later timestamp")
      ->type_name("TIMESTAMP")
      ->group("Events");
  command->callback([flags, &exit_code] {
    require_store(flags->where);
    exit_code = fold_and_print(*flags);
  });
}

}  // namespace dynakeep::app
