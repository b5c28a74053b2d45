#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "connection.h"
#include "counting.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"
#include "exec_handler.h"
#include "progress.h"
#include "stop_signals.h"
#include "stream_places.h"
#include "streams_commands.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

struct LettersFlags {
  Connection connection = {};
  std::string place = {};
  std::string group = {};
  std::string arn = {};
  bool json = false;
  std::string command = {};
  std::optional<std::size_t> limit = {};

  bool wants(const StreamDeadLetter& letter) const {
    return (group.empty() || letter.group == group) && (arn.empty() || letter.stream_arn == arn);
  }
};

struct OpenLetters {
  std::unique_ptr<Database> database = {};  // null: they are in a file
  std::unique_ptr<StreamDeadLetters> letters = {};
};

void add_letters_flags(CLI::App& command, LettersFlags& flags) {
  command.add_option("place", flags.place, "A file, or table:NAME of the database")
      ->required()
      ->type_name("PLACE");
  add_connection_flag(command, flags.connection);
  command.add_option("--group", flags.group, "Only those of this group of consumers")
      ->type_name("NAME");
  command.add_option("--arn", flags.arn, "Only those of this stream")->type_name("ARN");
  command.add_flag("--json", flags.json, "For programs: an object of JSON a line")->group("Output");
}

Result<OpenLetters> open_letters(const LettersFlags& flags) {
  OpenLetters opened;
  if (is_table_place(flags.place)) {
    opened.database = TRY(connect(flags.connection));
  } else if (::access(flags.place.c_str(), F_OK) != 0) {
    return Error(ErrorCode::not_found, fmt::format("there is no file '{}'", flags.place));
  }
  opened.letters = TRY(open_dead_letters(flags.place, opened.database.get(), false));
  return opened;
}

int complain_of_letters(const LettersFlags& flags, const Error& error) {
  const bool misused = is_table_place(flags.place) && is_misuse(flags.connection, error);
  return complain(misused ? exit_misused : exit_failed, error.message());
}

void warn_of_damage(std::size_t damaged) {
  if (damaged == 0) return;
  warn(fmt::format("{} in it that {} no dead letter{}", counted(damaged, "text"),
                   damaged == 1 ? "is" : "are", damaged == 1 ? "" : "s"));
}

int show(const LettersFlags& flags) {
  auto opened = open_letters(flags);
  if (!opened) return complain_of_letters(flags, opened.error());
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "FAILED"},
                      {.heading = "ATTEMPTS", .to_the_right = true},
                      {.heading = "GROUP"},
                      {.heading = "EVENT"},
                      {.heading = "KEY", .colour = Colour::cyan},
                      {.heading = "ERROR"}});
  const auto figures = opened->letters->for_each([&](const StreamDeadLetter& letter) {
    if (!flags.wants(letter)) return true;
    if (flags.json) {
      std::cout << to_json(letter) << '\n';
    } else {
      table.add({to_iso(letter.last_failure), with_separators(letter.attempts), letter.group,
                 letter.record.event_name, to_json(letter.record.dynamodb.keys), letter.error});
    }
    return static_cast<bool>(std::cout);
  });
  if (!figures) return complain_of_letters(flags, figures.error());
  if (!flags.json) table.finish();
  warn_of_damage(figures->damaged);
  return exit_done;
}

int replay(const LettersFlags& flags) {
  StopSignals signals;
  auto opened = open_letters(flags);
  if (!opened) return complain_of_letters(flags, opened.error());
  Progress progress("dead letters");
  std::size_t seen = 0;
  const StreamReplayOptions options{
      .only = [&](const StreamDeadLetter& letter) { return flags.wants(letter); },
      .stop = signals.token(),
      .on_progress =
          [&] {
            progress.at(++seen);
            if (flags.limit && seen == *flags.limit) signals.request_stop();
          }};
  const auto figures = opened->letters->replay(exec_handler(flags.command), options);
  progress.hide();
  if (!figures) return complain_of_letters(flags, figures.error());
  if (flags.json) {
    std::cout << fmt::format(R"({{"handled":{},"failed":{},"damaged":{}}})"
                             "\n",
                             figures->handled, figures->failed, figures->damaged);
  } else {
    std::cout << fmt::format("{} handled, {} failed\n", counted(figures->handled, "dead letter"),
                             with_separators(figures->failed));
  }
  warn_of_damage(figures->damaged);
  return figures->failed == 0 ? exit_done : exit_failed;
}

}  // namespace

void add_streams_dead_letters(CLI::App& streams, int& exit_code) {
  CLI::App* letters = streams.add_subcommand(
      "dead-letters", "Records that a handler failed on too often: show them, handle them again");
  letters->require_subcommand(1);
  letters->footer(
      "For example:\n"
      "  dynakeep streams dead-letters show songs.dlq\n"
      "  dynakeep streams dead-letters show table:Letters --group indexer --json\n"
      "  dynakeep streams dead-letters replay songs.dlq --exec ./index");

  auto shown = std::make_shared<LettersFlags>();
  CLI::App* show_command = letters->add_subcommand("show", "List dead letters");
  add_letters_flags(*show_command, *shown);
  show_command->callback([shown, &exit_code] { exit_code = show(*shown); });

  auto replayed = std::make_shared<LettersFlags>();
  CLI::App* replay_command = letters->add_subcommand(
      "replay", "Hand dead letters to a command: what it handles is gone, what fails stays");
  add_letters_flags(*replay_command, *replayed);
  replay_command
      ->add_option(
          "--exec", replayed->command,
          "Run by the shell for each, with its record as a line of JSON on standard input;\n"
          "exit code 0 removes the letter. It finds DYNAKEEP_SHARD_ID and\n"
          "DYNAKEEP_ATTEMPT in its environment")
      ->required()
      ->type_name("COMMAND");
  replay_command->add_option("--limit", replayed->limit, "So many at most")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N");
  replay_command->footer(
      "A consumer may go on adding letters meanwhile. Ends with 1 if some failed again.");
  replay_command->callback([replayed, &exit_code] { exit_code = replay(*replayed); });
}

}  // namespace dynakeep::app
