#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "counting.h"
#include "event_table.h"
#include "events_commands.h"
#include "json_text.h"
#include "progress.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

struct ListFlags {
  EventTableFlags where = {};
  std::optional<std::size_t> limit = {};
  std::optional<std::string> after = {};
  std::optional<std::string> before = {};
  bool reverse = false;
  bool long_form = false;
};

Result<void> list_stores(const ListFlags& flags, OpenEventTable& opened) {
  const auto stores = TRY(stores_of(opened, flags.where));
  if (flags.where.json) {
    for (const auto& [id, store] : stores) {
      std::cout << fmt::format(
          R"({{"eventStoreId":{},"aggregates":{},"firstTimestamp":{},"latestTimestamp":{}}})"
          "\n",
          json_string(id), store.aggregates, json_string(store.first), json_string(store.latest));
    }
    return {};
  }
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "STORE", .colour = Colour::cyan},
                      {.heading = "AGGREGATES", .to_the_right = true},
                      {.heading = "FIRST"},
                      {.heading = "LATEST"}});
  for (const auto& [id, store] : stores) {
    table.add({id, with_separators(store.aggregates), store.first, store.latest});
  }
  table.finish();
  return {};
}

Result<std::optional<Event>> last_event(OpenEventTable& opened, const std::string& aggregate_id) {
  auto events =
      TRY(opened.events->get_events(opened.store, aggregate_id, {.limit = 1, .reverse = true}));
  if (events.empty()) return std::optional<Event>();
  return std::optional(std::move(events.front()));
}

Result<void> list_aggregates(const ListFlags& flags, OpenEventTable& opened) {
  std::vector<Column> columns{{.heading = "AGGREGATE", .colour = Colour::cyan},
                              {.heading = "CREATED"}};
  if (flags.long_form) {
    columns.push_back({.heading = "VERSION", .to_the_right = true});
    columns.push_back({.heading = "CHANGED"});
    columns.push_back({.heading = "BY"});
  }
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO), columns);

  std::size_t listed = 0;
  const ListQuery query{.limit = flags.limit,
                        .initial_event_after = flags.after,
                        .initial_event_before = flags.before,
                        .reverse = flags.reverse};
  for (auto& each : aggregates_of(*opened.events, opened.store, query)) {
    if (!each) return each.error();
    if (flags.limit && listed == *flags.limit) break;
    if (!std::cout) break;  // nobody reads on
    ++listed;
    const auto& [id, timestamp] = *each;
    std::optional<Event> last;
    if (flags.long_form) last = TRY(last_event(opened, id));

    if (flags.where.json) {
      std::cout << fmt::format(R"({{"aggregateId":{},"initialEventTimestamp":{})", json_string(id),
                               json_string(timestamp));
      if (last) std::cout << ",\"lastEvent\":" << event_json(*last);
      std::cout << "}\n";
      continue;
    }
    std::vector<std::string> cells{id, timestamp};
    if (flags.long_form) {
      cells.push_back(last ? std::to_string(last->version()) : "");
      cells.emplace_back(last ? last->timestamp() : "");
      cells.emplace_back(last ? last->type() : "");
    }
    table.add(std::move(cells));
  }
  if (!flags.where.json) table.finish();
  return {};
}

int list(const ListFlags& flags) {
  auto opened = open_event_table(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto done =
      opened->store.empty() ? list_stores(flags, *opened) : list_aggregates(flags, *opened);
  if (!done) return complain(flags.where, done.error());
  return exit_done;
}

}  // namespace

void add_events_list(CLI::App& events, int& exit_code) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = events.add_subcommand(
      "list", "List the aggregates of a store by their first event; without --store, the stores");
  add_event_table_flags(*command, flags->where);
  add_store_flag(*command, flags->where.store);
  command->add_option("--limit", flags->limit, "How many at most")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N")
      ->group("Aggregates");
  command
      ->add_option("--after", flags->after, "Those whose first event has this timestamp or later")
      ->type_name("TIMESTAMP")
      ->group("Aggregates");
  command
      ->add_option("--before", flags->before, "Those whose first event has this or an earlier one")
      ->type_name("TIMESTAMP")
      ->group("Aggregates");
  command->add_flag("--reverse", flags->reverse, "Newest first")->group("Aggregates");
  command
      ->add_flag("--long", flags->long_form, "With their last events; asks once for each aggregate")
      ->group("Output");
  command->callback([flags, &exit_code] { exit_code = list(*flags); });
}

}  // namespace dynakeep::app
