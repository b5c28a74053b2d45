#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "complain.h"
#include "counting.h"
#include "dynakeep/stores/stream_filter.h"
#include "exec_handler.h"
#include "moment.h"
#include "stop_signals.h"
#include "stream_places.h"
#include "stream_running.h"
#include "stream_source.h"
#include "streams_commands.h"

namespace dynakeep::app {

namespace {

using OnPoison = StreamRetry::OnPoison;

const std::map<std::string, OnPoison> poison_words = {{"block", OnPoison::block},
                                                      {"dead-letter", OnPoison::dead_letter},
                                                      {"skip", OnPoison::skip},
                                                      {"stop", OnPoison::stop}};
// Where records may become poison and nobody said when.
constexpr unsigned attempts_by_default = 5;

struct ConsumeFlags {
  StreamSource source = {};
  StreamFrom from = {};
  std::string group = {};
  std::string checkpoints = {};
  std::string command = {};
  std::string filter = {};
  std::size_t batch = 100;
  std::size_t lanes = 1;
  std::optional<unsigned> attempts = {};
  std::optional<std::chrono::milliseconds> age = {};
  std::optional<OnPoison> on_poison = {};
  bool bisect = false;
  std::string dead_letters = {};
  bool follow = true;
  bool stops_at_gap = false;
};

void check_flags(const ConsumeFlags& flags) {
  check_source(flags.source);
  const bool keeps = flags.on_poison == OnPoison::dead_letter;
  if (keeps && flags.dead_letters.empty()) {
    throw CLI::RequiredError("--dead-letters (with --on-poison dead-letter)");
  }
  if (flags.on_poison && !keeps && !flags.dead_letters.empty()) {
    throw CLI::ValidationError("--dead-letters", "goes with --on-poison dead-letter");
  }
}

StreamRetry retry_of(const ConsumeFlags& flags) {
  StreamRetry retry{.attempts_max = flags.attempts, .bisect = flags.bisect};
  if (flags.age) retry.age_max = std::chrono::ceil<std::chrono::seconds>(*flags.age);
  retry.on_poison = flags.on_poison.value_or(flags.dead_letters.empty() ? OnPoison::block
                                                                        : OnPoison::dead_letter);
  if (retry.on_poison != OnPoison::block && !flags.attempts && !flags.age) {
    retry.attempts_max = attempts_by_default;
  }
  return retry;
}

void print_figures(const ConsumeFlags& flags, const StreamFigures& figures) {
  if (flags.source.json) {
    std::cout << fmt::format(
        R"({{"handled":{},"filtered":{},"failures":{},"deadLetters":{},"skipped":{},"gaps":{}}})"
        "\n",
        figures.handled, figures.filtered, figures.failures, figures.dead_letters, figures.skipped,
        figures.gaps);
    return;
  }
  std::string line = counted(figures.handled, "record") + " handled";
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) line += fmt::format(", {} {}", with_separators(count), what);
  };
  add(figures.filtered, "filtered out");
  add(figures.dead_letters, "kept as dead letters");
  add(figures.skipped, "skipped");
  add(figures.failures, "failed batches");
  add(figures.gaps, "gaps");
  std::cout << line << '\n';
}

int consume(const ConsumeFlags& flags) {
  StopSignals signals;
  StreamConsumerOptions options{.group = flags.group,
                                .batch_records = flags.batch,
                                .lanes = flags.lanes,
                                .retry = retry_of(flags),
                                .threads = std::clamp<std::size_t>(flags.lanes, 2, 256)};
  if (!flags.filter.empty()) {
    auto filter = StreamFilter::parse(flags.filter);
    if (!filter) return complain(exit_misused, filter.error().message());
    options.filter = [matcher = std::move(*filter)](const ChangeRecord& record) {
      return matcher.matches(record);
    };
  }
  auto stream = open_stream(flags.source);
  if (!stream) return complain_of_stream(flags.source, stream.error());
  read_stream(flags.source, flags.from, StreamStart::Kind::trim_horizon, options);

  auto checkpoints = open_checkpoints(flags.checkpoints, stream->database.get(), true);
  if (!checkpoints) return complain(checkpoints.error());
  std::unique_ptr<StreamDeadLetters> letters;
  if (!flags.dead_letters.empty()) {
    auto opened = open_dead_letters(flags.dead_letters, stream->database.get(), true);
    if (!opened) return complain(opened.error());
    letters = std::move(*opened);
    options.dead_letter = [&letters](const StreamDeadLetter& letter) {
      return letters->add(letter);
    };
  }
  const StreamRunning running{.until_tip = !flags.follow,
                              .stops_at_gap = flags.stops_at_gap,
                              .progress = "records handled"};
  tell_of_events(options, running);
  auto consumer = StreamConsumer::open(*stream->database, **checkpoints, std::move(options),
                                       exec_handler(flags.command));
  if (!consumer) return complain(consumer.error());
  const int code = run_stream(**consumer, running, signals);
  print_figures(flags, (*consumer)->figures());
  return code;
}

void add_failure_flags(CLI::App& command, const std::shared_ptr<ConsumeFlags>& flags) {
  command
      .add_option("--attempts", flags->attempts,
                  "How often a record may fail until it is poison; 5 if it can be, and neither\n"
                  "this nor --max-age says when")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->type_name("N")
      ->group("Failures");
  add_duration(command, "--max-age", flags->age, "A record that fails and is older is poison")
      ->group("Failures");
  command
      .add_flag("--bisect", flags->bisect,
                "Halve a batch that fails, to find the record that it fails on")
      ->group("Failures");
  command
      .add_option_function<std::string>(
          "--on-poison",
          [flags](const std::string& word) { flags->on_poison = poison_words.at(word); },
          "What to do with poison: block (try on; the default), dead-letter (the default with\n"
          "--dead-letters), skip or stop")
      ->check(CLI::IsMember(poison_words).description(""))
      ->type_name("WORD")
      ->group("Failures");
  command
      .add_option("--dead-letters", flags->dead_letters,
                  "Where poison is kept: a file, or table:NAME of the database")
      ->type_name("PLACE")
      ->group("Failures");
  command
      .add_option_function<std::string>(
          "--on-gap", [flags](const std::string& word) { flags->stops_at_gap = word == "stop"; },
          "What to do where records were lost: warn and go-on (the default), or stop")
      ->check(CLI::IsMember({"go-on", "stop"}).description(""))
      ->type_name("WORD")
      ->group("Failures");
}

}  // namespace

void add_streams_consume(CLI::App& streams, int& exit_code) {
  auto flags = std::make_shared<ConsumeFlags>();
  CLI::App* command = streams.add_subcommand(
      "consume", "Hand the changes of a table to a command, going on where it was left");
  add_stream_source(*command, flags->source);
  command->add_option("--group", flags->group, "Whose checkpoints these are")
      ->required()
      ->type_name("NAME");
  command
      ->add_option("--checkpoints", flags->checkpoints,
                   "Where it is kept how far the group has come: a file, or table:NAME of the\n"
                   "database, through which several of these commands share the work")
      ->required()
      ->type_name("PLACE");
  command
      ->add_option(
          "--exec", flags->command,
          "Run by the shell for each batch, with its records as lines of JSON on standard\n"
          "input; exit code 0 acknowledges them, else they come again. It finds\n"
          "DYNAKEEP_TABLE, DYNAKEEP_STREAM_ARN, DYNAKEEP_GROUP, DYNAKEEP_SHARD_ID and\n"
          "DYNAKEEP_ATTEMPT in its environment")
      ->required()
      ->type_name("COMMAND");
  add_from(*command, flags->from,
           "Where to begin while there is no checkpoint: trim-horizon (the oldest record, and the\n"
           "default), latest, a time, behind a sequence number, or SHARD=NUMBER");
  command
      ->add_option("--filter", flags->filter,
                   "Only records that match this pattern, or one of an array of patterns, as\n"
                   "Lambda's event filters have them; the others count as handled")
      ->type_name("JSON");
  command->add_option("--batch", flags->batch, "Records of a batch at most")
      ->check(CLI::Range(1, 10'000).description(""))
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--lanes", flags->lanes,
                   "Commands at once for a shard; the changes of one item stay in order")
      ->check(CLI::Range(1, 256).description(""))
      ->capture_default_str()
      ->type_name("N");
  command->add_flag("--follow,!--no-follow", flags->follow,
                    "Go on with what comes, which is the default; --no-follow stops at the tip");
  add_failure_flags(*command, flags);
  command->footer(
      "For example:\n"
      "  dynakeep streams consume Songs --group indexer --checkpoints songs.ckpt --exec ./index\n"
      "  dynakeep streams consume Songs --group mail --checkpoints mail.ckpt --from latest \\\n"
      "    --filter '{\"eventName\": [\"INSERT\"]}' --batch 1 --exec 'jq .dynamodb.NewImage | "
      "./mail'\n"
      "  dynakeep streams consume Songs --group indexer --checkpoints songs.ckpt --exec ./index "
      "\\\n"
      "    --bisect --attempts 3 --dead-letters songs.dlq\n"
      "Every change is handed out at least once, those of one item in order.");
  command->callback([flags, &exit_code] {
    check_flags(*flags);
    exit_code = consume(*flags);
  });
}

}  // namespace dynakeep::app
