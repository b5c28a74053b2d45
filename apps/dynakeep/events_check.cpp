#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "counting.h"
#include "dynakeep/pages.h"
#include "event_inspector.h"
#include "event_table.h"
#include "events_commands.h"
#include "json_text.h"
#include "progress.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

struct CheckFlags {
  EventTableFlags where = {};
  std::vector<std::string> aggregate_ids = {};
};

std::string as_json(const EventProblem& problem) {
  std::string json = fmt::format(R"({{"problem":{})", json_string(problem.kind));
  if (!problem.event_store_id.empty()) {
    json += ",\"eventStoreId\":" + json_string(problem.event_store_id);
  }
  if (!problem.aggregate_id.empty())
    json += ",\"aggregateId\":" + json_string(problem.aggregate_id);
  if (problem.version) json += fmt::format(",\"version\":{}", *problem.version);
  return json + ",\"message\":" + json_string(problem.what) + "}";
}

std::vector<std::string> as_cells(const EventProblem& problem) {
  return {problem.event_store_id, problem.aggregate_id,
          problem.version ? std::to_string(*problem.version) : "", std::string(problem.kind),
          problem.what};
}

// All that is stored, or what the flags choose of it, an aggregate after the other.
Result<void> visit_items(const CheckFlags& flags, OpenEventTable& opened,
                         const ItemVisitor& visit) {
  if (!flags.aggregate_ids.empty()) {
    for (const std::string& id : flags.aggregate_ids) {
      auto items = TRY(opened.events->get_items(opened.store, id));
      if (items.empty()) return aggregate_not_found(opened.store, id);
      for (Item& item : items) visit(std::move(item));
    }
    return {};
  }
  ScanRequest scan{.table_name = flags.where.table, .consistent_read = true};
  if (!opened.store.empty() && !flags.where.legacy) {
    scan.filter_expression = "begins_with(aggregateId, :prefix)";
    scan.expression_attribute_values = Item{{":prefix", opened.events->key_prefix(opened.store)}};
  }
  TRY(for_each_item(*opened.database, std::move(scan), visit));
  return {};
}

int check(const CheckFlags& flags) {
  auto opened = open_event_table(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());

  const Terminal terminal = terminal_of(STDOUT_FILENO);
  TablePrinter table(std::cout, terminal,
                     {{.heading = "STORE"},
                      {.heading = "AGGREGATE", .colour = Colour::cyan},
                      {.heading = "VERSION", .to_the_right = true},
                      {.heading = "KIND", .colour = Colour::yellow},
                      {.heading = "PROBLEM"}});
  Progress progress("events checked");
  std::uint64_t problems = 0;
  const auto report = [&](const EventProblem& problem) {
    ++problems;
    if (flags.where.json) std::cout << as_json(problem) << '\n';
    if (flags.where.json) return;
    progress.hide();
    table.add(as_cells(problem));
  };

  // A table of another shape is a finding; one that is not there, or cannot be asked, is not.
  EventInspector events(flags.where.legacy, report);
  const auto shape = opened->events->check_table();
  if (!shape && shape.error().code() != ErrorCode::invalid_argument) {
    return complain(flags.where, shape.error());
  }
  if (!shape) {
    report({.kind = "table", .what = shape.error().message()});
  } else {
    const auto visited = visit_items(flags, *opened, [&](Item&& item) {
      events.see(item);
      progress.at(events.events());
      return static_cast<bool>(std::cout);  // until nobody reads on
    });
    if (!visited) return complain(flags.where, visited.error());
  }

  progress.hide();
  if (flags.where.json) {
    std::cout << fmt::format(R"({{"events":{},"aggregates":{},"problems":{}}})", events.events(),
                             events.aggregates(), problems)
              << '\n';
  } else {
    if (problems > 0) table.finish();
    std::cout << counted(events.events(), "event") << " of "
              << counted(events.aggregates(), "aggregate") << ": "
              << painted(terminal, problems > 0 ? Colour::red : Colour::green,
                         problems > 0 ? counted(problems, "problem") : "no problems")
              << '\n';
  }
  return problems > 0 ? exit_failed : exit_done;
}

}  // namespace

void add_events_check(CLI::App& events, int& exit_code) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* command = events.add_subcommand(
      "check",
      "Look for missing versions, items that are no events, and wrong index attributes;\n"
      "ends with 1 if there are any");
  command->add_option("aggregates", flags->aggregate_ids, "Ids of aggregates; all if left out")
      ->type_name("ID...");
  add_event_table_flags(*command, flags->where);
  add_store_flag(*command, flags->where.store);
  command->footer("Without ids the whole table is read, which costs what a scan costs.");
  command->callback([flags, &exit_code] {
    if (!flags->aggregate_ids.empty()) require_store(flags->where);
    exit_code = check(*flags);
  });
}

}  // namespace dynakeep::app
