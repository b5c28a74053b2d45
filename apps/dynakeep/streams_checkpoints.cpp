#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "confirmation.h"
#include "counting.h"
#include "dynakeep/iso_time.h"
#include "stream_group.h"
#include "stream_places.h"
#include "stream_source.h"
#include "streams_commands.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

struct CheckpointFlags {
  StreamGroup group = {};
  StreamFrom from = {};
  bool yes = false;
};

std::string start_text(const StreamStart& start) {
  switch (start.kind) {
    case StreamStart::Kind::latest:
      return "the tip, at " + to_iso(start.decided);
    case StreamStart::Kind::timestamp:
      return to_iso(start.time.value_or(start.decided));
    case StreamStart::Kind::trim_horizon:
      return "the oldest record";
    case StreamStart::Kind::after_position:
      return "record " + start.position;
    case StreamStart::Kind::positions:
      break;
  }
  return "places in shards";
}

std::string time_text(const std::optional<Time>& time) { return time ? to_iso(*time) : ""; }

void print(const StreamScope& scope, const StreamProgress& progress) {
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  const auto line = [&](std::string_view name, const std::string& text) {
    std::cout << painted(terminal, Colour::bold, fmt::format("{:<8}", name)) << printable(text)
              << '\n';
  };
  line("group", scope.group);
  line("stream", scope.stream_arn);
  if (!progress.start) return line("began", "not yet");
  line("began", "at " + start_text(*progress.start));
  line("gaps", with_separators(progress.start->gaps.size()));
  TablePrinter table(std::cout, terminal,
                     {{.heading = "SHARD", .colour = Colour::cyan},
                      {.heading = "STATE"},
                      {.heading = "HANDLED"},
                      {.heading = "LAST RECORD"},
                      {.heading = "CAUGHT UP"}});
  for (const auto& [id, row] : progress.shards) {
    table.add({id, std::string(state_text(row.state)), position_text(row.position),
               time_text(row.last_record), time_text(row.caught_up)});
  }
  table.finish();
}

void print_json(const StreamScope& scope, const StreamProgress& progress) {
  const std::string document = to_document(scope, progress, 0, system_clock().now());
  std::cout << document.substr(0, document.find('\n')) << '\n';  // without its checksum
}

int show(const CheckpointFlags& flags) {
  const auto read = read_progress(flags.group);
  if (!read) return complain_of_group(flags.group, read.error());
  flags.group.source.json ? print_json(read->scope, read->progress)
                          : print(read->scope, read->progress);
  return exit_done;
}

// What there is now, and the store it is in, which nobody else may be using.
struct Change {
  std::unique_ptr<Database> database = {};  // null: they are in a file
  std::unique_ptr<StreamCheckpoints> checkpoints = {};
  StreamScope scope = {};
};

Result<Change> open_to_change(const StreamGroup& group) {
  GroupProgress read = TRY(read_progress(group));
  Change change{.database = std::move(read.database), .scope = std::move(read.scope)};
  if (is_table_place(group.checkpoints) && !change.database) {
    change.database = TRY(connect(group.source.connection));
  }
  change.checkpoints = TRY(open_checkpoints(group.checkpoints, change.database.get(), false));
  return change;
}

bool may_go_on(const CheckpointFlags& flags, const StreamScope& scope, std::string_view what) {
  return flags.yes ||
         is_confirmed(fmt::format("{} the group '{}' on {}?", what, scope.group, scope.stream_arn));
}

int reset(const CheckpointFlags& flags) {
  auto change = open_to_change(flags.group);
  if (!change) return complain_of_group(flags.group, change.error());
  if (!may_go_on(flags, change->scope, "Forget how far has come")) {
    return complain(exit_failed, "nothing was changed");
  }
  const auto saved = change->checkpoints->save(change->scope, StreamProgress{});
  if (!saved) return complain(saved.error());
  return exit_done;
}

// As a consumer would decide it that begins there.
Result<StreamProgress> progress_from(const StreamSource& source, const StreamFrom& from,
                                     Database& database, const std::string& group) {
  StreamConsumerOptions options{.group = group};
  read_stream(source, from, StreamStart::Kind::latest, options);
  const auto checkpoints = make_in_memory_stream_checkpoints();
  const auto consumer =
      TRY(StreamConsumer::open(database, *checkpoints, std::move(options),
                               [](const StreamBatch&) { return StreamOutcome::ok(); }));
  TRY(consumer->start());
  return checkpoints->load({.group = group, .stream_arn = source.arn});
}

int set(const CheckpointFlags& flags) {
  auto change = open_to_change(flags.group);
  if (!change) return complain_of_group(flags.group, change.error());
  StreamSource source = flags.group.source;
  source.table.clear();
  source.arn = change->scope.stream_arn;
  const auto stream = open_stream(source);
  if (!stream) return complain_of_stream(source, stream.error());
  const auto progress = progress_from(source, flags.from, *stream->database, change->scope.group);
  if (!progress) return complain(progress.error());
  if (!may_go_on(flags, change->scope, "Move")) {
    return complain(exit_failed, "nothing was changed");
  }
  const auto saved = change->checkpoints->save(change->scope, *progress);
  if (!saved) return complain(saved.error());
  return exit_done;
}

void add_change_flags(CLI::App& command, CheckpointFlags& flags) {
  add_group_flags(command, flags.group);
  command.add_flag("--yes", flags.yes, "Do not ask");
}

void check_change(const CheckpointFlags& flags) {
  check_group(flags.group);
  if (flags.yes || terminal_of(STDIN_FILENO).interactive) return;
  throw CLI::ValidationError("--yes", "is needed where nobody can be asked");
}

}  // namespace

void add_streams_checkpoints(CLI::App& streams, int& exit_code) {
  CLI::App* checkpoints = streams.add_subcommand(
      "checkpoints", "How far a group of consumers has come: show it, forget it, move it");
  checkpoints->require_subcommand(1);
  checkpoints->footer(
      "For example:\n"
      "  dynakeep streams checkpoints show --checkpoints songs.ckpt\n"
      "  dynakeep streams checkpoints show Songs --group indexer --checkpoints table:Checkpoints\n"
      "  dynakeep streams checkpoints reset --checkpoints songs.ckpt\n"
      "  dynakeep streams checkpoints set --checkpoints songs.ckpt --from \"2h ago\"\n"
      "A file says itself which group and stream it is of. No consumer may be using it when it is\n"
      "changed; of a table, those that are have to begin again.");

  auto shown = std::make_shared<CheckpointFlags>();
  CLI::App* show_command =
      checkpoints->add_subcommand("show", "Show how far each shard is handled");
  add_group_flags(*show_command, shown->group);
  show_command->callback([shown, &exit_code] {
    check_group(shown->group);
    exit_code = show(*shown);
  });

  auto forgotten = std::make_shared<CheckpointFlags>();
  CLI::App* reset_command = checkpoints->add_subcommand(
      "reset", "Forget all of it: the group begins anew, where its consumers say");
  add_change_flags(*reset_command, *forgotten);
  reset_command->callback([forgotten, &exit_code] {
    check_change(*forgotten);
    exit_code = reset(*forgotten);
  });

  auto moved = std::make_shared<CheckpointFlags>();
  CLI::App* set_command = checkpoints->add_subcommand("set", "Have the group go on somewhere else");
  add_change_flags(*set_command, *moved);
  add_from(*set_command, moved->from,
           "latest, trim-horizon (the oldest record there is), a time (\"2h ago\"), behind a\n"
           "sequence number, or SHARD=NUMBER")
      ->required();
  set_command->callback([moved, &exit_code] {
    check_change(*moved);
    exit_code = set(*moved);
  });
}

}  // namespace dynakeep::app
