#include <cstddef>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "complain.h"
#include "counting.h"
#include "dynakeep/json.h"
#include "dynakeep/stores/event_replay.h"
#include "event_table.h"
#include "events_commands.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

struct ReplayFlags {
  EventTableFlags where = {};
  std::vector<std::string> stores = {};
  std::optional<std::string> from = {};
  std::optional<std::string> to = {};
  std::optional<std::size_t> limit = {};
  bool dry_run = false;  // always: there is nowhere to publish to
};

Result<std::vector<ReplaySource>> sources_of(const ReplayFlags& flags, OpenEventTable& opened) {
  std::vector<std::string> ids = flags.stores;
  if (ids.empty() && flags.where.legacy) ids.push_back(opened.store);
  if (ids.empty()) {
    for (const auto& [id, store] : TRY(stores_of(opened, flags.where))) ids.push_back(id);
  }
  std::vector<ReplaySource> sources;
  sources.reserve(ids.size());
  for (const std::string& id : ids) {
    sources.push_back({.storage = opened.events.get(), .event_store_id = id});
  }
  return sources;
}

std::vector<std::string> cells_of(const NotificationMessage& message) {
  const Event& event = message.event;
  return {std::string(event.timestamp()),
          message.event_store_id,
          std::string(event.aggregate_id()),
          std::to_string(event.version()),
          std::string(event.type()),
          event.payload().exists() ? to_json(event.payload().value()) : ""};
}

struct Printed {
  std::size_t events = 0;
  bool more = false;  // past the limit
};

Result<Printed> print_replay(const ReplayFlags& flags, OpenEventTable& opened) {
  const auto sources = TRY(sources_of(flags, opened));
  if (sources.empty()) return Printed{};

  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "TIMESTAMP"},
                      {.heading = "STORE"},
                      {.heading = "AGGREGATE", .colour = Colour::cyan},
                      {.heading = "VERSION", .to_the_right = true},
                      {.heading = "TYPE"},
                      {.heading = "PAYLOAD"}});
  Printed printed;
  const auto print = [&](const NotificationMessage& message) -> Result<void> {
    printed.more = printed.events == flags.limit;
    if (printed.more) return {};
    ++printed.events;
    if (flags.where.json) std::cout << to_json(message) << '\n';
    if (!flags.where.json) table.add(cells_of(message));
    return {};
  };
  const auto go_on = [&](const ReplayProgress&) { return !printed.more && std::cout; };
  TRY(replay_events(sources, print, {.from = flags.from, .to = flags.to, .on_progress = go_on}));
  if (!flags.where.json && printed.events > 0) table.finish();
  return printed;
}

int replay(const ReplayFlags& flags) {
  auto opened = open_event_table(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  const auto printed = print_replay(flags, *opened);
  if (!printed) return complain(flags.where, printed.error());
  if (!flags.where.json) {
    std::cout << counted(printed->events, "event") << " would be published"
              << (printed->more ? ", and more" : "") << '\n';
  }
  return exit_done;
}

}  // namespace

void add_events_replay(CLI::App& events, int& exit_code) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App* command = events.add_subcommand(
      "replay", "Print what a replay would publish, in its order, as castore's notifications");
  command
      ->add_flag("--dry-run", flags->dry_run,
                 "Publish nothing; this program has nowhere to publish to")
      ->required();
  add_event_table_flags(*command, flags->where);
  add_store_flag(*command, flags->stores);
  command->add_option("--from", flags->from, "Events with this timestamp or a later one")
      ->type_name("TIMESTAMP")
      ->group("Events");
  command->add_option("--to", flags->to, "Events with this timestamp or an earlier one")
      ->type_name("TIMESTAMP")
      ->group("Events");
  command->add_option("--limit", flags->limit, "How many at most")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N")
      ->group("Events");
  command->footer(
      "Without --store, the events of all stores of the table. Aggregates without a version 1 are\n"
      "not listed, and so not replayed.");
  command->callback([flags, &exit_code] { exit_code = replay(*flags); });
}

}  // namespace dynakeep::app
