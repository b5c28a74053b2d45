#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "complain.h"
#include "dynakeep/json.h"
#include "event_table.h"
#include "events_commands.h"
#include "json_text.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

struct ShowFlags {
  EventTableFlags where = {};
  std::string aggregate_id = {};
  EventsQuery query = {};
  bool full = false;
  bool raw = false;
};

// Items rather than events, so that one that is no event does not hide the others.
void print_table(const std::vector<Item>& items, const std::string& key_prefix) {
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "VERSION", .to_the_right = true},
                      {.heading = "TIMESTAMP"},
                      {.heading = "TYPE", .colour = Colour::cyan},
                      {.heading = "PAYLOAD"}});
  for (const Item& item : items) {
    const auto event = Event::from_item(item, key_prefix);
    if (!event) {
      table.add(
          {item.at("version").as_number().to_string(), "", "malformed", event.error().message()});
      continue;
    }
    const AttributeView payload = event->payload();
    table.add({std::to_string(event->version()), std::string(event->timestamp()),
               std::string(event->type()), payload.exists() ? to_json(payload.value()) : ""});
  }
  table.finish();
}

int show(const ShowFlags& flags) {
  auto opened = open_event_table(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto items = opened->events->get_items(opened->store, flags.aggregate_id, flags.query);
  if (!items) return complain(flags.where, items.error());
  if (items->empty()) return complain(aggregate_not_found(opened->store, flags.aggregate_id));

  const std::string prefix = opened->events->key_prefix(opened->store);
  if (!flags.where.json && !flags.full && !flags.raw) {
    print_table(*items, prefix);
    return exit_done;
  }
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  for (const Item& item : *items) {
    std::string json = to_dynamodb_json(item);
    if (!flags.raw) {
      const auto event = Event::from_item(item, prefix);
      if (!event) return complain(event.error());
      json = event_json(*event);
    }
    std::cout << (flags.where.json ? json : indented(json, terminal)) << '\n';
  }
  return exit_done;
}

}  // namespace

void add_events_show(CLI::App& events, int& exit_code) {
  auto flags = std::make_shared<ShowFlags>();
  CLI::App* command = events.add_subcommand("show", "Show the events of an aggregate");
  command->add_option("aggregate", flags->aggregate_id, "Id of the aggregate")
      ->required()
      ->type_name("ID");
  add_event_table_flags(*command, flags->where);
  add_store_flag(*command, flags->where.store);
  command->add_option("--min-version", flags->query.min_version, "From this version on")
      ->type_name("VERSION")
      ->group("Events");
  command->add_option("--max-version", flags->query.max_version, "Up to this version")
      ->type_name("VERSION")
      ->group("Events");
  command->add_option("--limit", flags->query.limit, "How many at most")
      ->type_name("N")
      ->group("Events");
  command->add_flag("--reverse", flags->query.reverse, "Highest version first")->group("Events");
  command->add_flag("--full", flags->full, "Each event whole, as indented JSON")->group("Output");
  command->add_flag("--raw", flags->raw, "Items as they are stored, as DynamoDB JSON")
      ->group("Output");
  command->callback([flags, &exit_code] {
    require_store(flags->where);
    exit_code = show(*flags);
  });
}

}  // namespace dynakeep::app
