#include "tail.h"

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "change_text.h"
#include "complain.h"
#include "dynakeep/stores/stream_filter.h"
#include "stop_signals.h"
#include "stream_running.h"
#include "stream_source.h"

namespace dynakeep::app {

namespace {

struct TailFlags {
  StreamSource source = {};
  StreamFrom from = {};
  std::string filter = {};
  std::optional<std::size_t> limit = {};
  std::optional<StreamViewType> enable = {};
  bool follow = true;
  bool stops_at_gap = false;
};

int tail(const TailFlags& flags) {
  StopSignals signals;
  StreamConsumerOptions options{.group = "tail", .threads = 1};
  if (!flags.filter.empty()) {
    auto filter = StreamFilter::parse(flags.filter);
    if (!filter) return complain(exit_misused, filter.error().message());
    options.filter = [matcher = std::move(*filter)](const ChangeRecord& record) {
      return matcher.matches(record);
    };
  }
  auto stream = flags.enable ? open_or_enable_stream(flags.source, *flags.enable, signals.token())
                             : open_stream(flags.source);
  if (!stream) return complain_of_stream(flags.source, stream.error());
  read_stream(flags.source, flags.from,
              flags.follow ? StreamStart::Kind::latest : StreamStart::Kind::trim_horizon, options);

  const Terminal terminal = terminal_of(STDOUT_FILENO);
  const StreamRunning running{.until_tip = !flags.follow,
                              .stops_at_gap = flags.stops_at_gap,
                              .progress = terminal.interactive ? "" : "records"};
  tell_of_events(options, running);
  std::size_t printed = 0;
  const auto print = [&](const StreamBatch& batch) {
    for (const ChangeRecord& record : batch.records) {
      if (flags.limit && printed == *flags.limit) break;
      ++printed;
      std::cout << (flags.source.json ? change_json(record, batch.shard_id)
                                      : change_line(record, stream->keys, terminal))
                << '\n';
    }
    std::cout.flush();
    const bool has_enough = flags.limit && printed == *flags.limit;
    if (has_enough || !std::cout) signals.request_stop();  // or nobody reads on
    return StreamOutcome::ok();
  };
  const auto checkpoints = make_in_memory_stream_checkpoints();
  auto consumer = StreamConsumer::open(*stream->database, *checkpoints, std::move(options), print);
  if (!consumer) return complain(consumer.error());
  return run_stream(**consumer, running, signals);
}

}  // namespace

void add_tail(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<TailFlags>();
  CLI::App* command = program.add_subcommand("tail", "Show the changes of a table as they happen");
  add_stream_source(*command, flags->source);
  add_from(*command, flags->from,
           "Where to begin: latest (the default), trim-horizon (the oldest record there is),\n"
           "a time (\"2h ago\", 2026-01-31T12:00:00Z), behind a sequence number, or SHARD=NUMBER");
  command
      ->add_option("--filter", flags->filter,
                   "Only records that match this pattern, or one of an array of patterns, as\n"
                   "Lambda's event filters have them")
      ->type_name("JSON");
  command->add_option("--limit", flags->limit, "Stop after so many records")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N");
  command->add_flag("--follow,!--no-follow", flags->follow,
                    "Go on with what comes, which is the default; --no-follow stops at the tip,\n"
                    "and begins at the oldest record unless --from says otherwise");
  command
      ->add_option_function<std::string>(
          "--enable", [flags](const std::string& view) { flags->enable = view_types.at(view); },
          "Give the table a stream of this view if it has none")
      ->check(CLI::IsMember(view_types).description(""))
      ->type_name("VIEW");
  command
      ->add_option_function<std::string>(
          "--on-gap", [flags](const std::string& word) { flags->stops_at_gap = word == "stop"; },
          "What to do where records were lost: warn and go-on (the default), or stop")
      ->check(CLI::IsMember({"go-on", "stop"}).description(""))
      ->type_name("WORD");
  command->footer(
      "For example:\n"
      "  dynakeep tail Songs\n"
      "  dynakeep tail Songs --enable NEW_AND_OLD_IMAGES\n"
      "  dynakeep tail Songs --from \"2h ago\" --json | jq .dynamodb.Keys\n"
      "  dynakeep tail Songs --no-follow --filter '{\"eventName\": [\"REMOVE\"]}'\n"
      "  dynakeep tail --arn arn:aws:dynamodb:… --database dynamodb://eu-west-1\n"
      "Ends with 0 when stopped as asked, 1 when something failed, 2 when the flags make no "
      "sense,\n"
      "3 at a gap with --on-gap stop.");
  command->callback([flags, &exit_code] {
    check_source(flags->source);
    if (flags->enable && flags->source.table.empty()) {
      throw CLI::RequiredError("TABLE (with --enable)");
    }
    exit_code = tail(*flags);
  });
}

}  // namespace dynakeep::app
