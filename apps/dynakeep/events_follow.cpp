#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "dynakeep/json.h"
#include "dynakeep/stores/event_subscription.h"
#include "event_table.h"
#include "events_commands.h"
#include "json_text.h"
#include "moment.h"
#include "stop_signals.h"
#include "terminal.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;

constexpr auto silence_told_after = 20s;
constexpr auto silence_told_again = 60s;

struct FollowFlags {
  EventTableFlags where = {};
  std::vector<std::string> stores = {};
  std::vector<std::string> types = {};
  std::vector<std::string> aggregates = {};
  std::optional<EventStart> from = {};
  std::optional<Time> time = {};
  std::optional<std::size_t> limit = {};
  bool follow = true;
};

// A line for people, or for programs: castore's notification, or what became of one.
std::string line_of(const NotificationMessage& message, bool json, const Terminal& terminal) {
  if (json) return to_json(message);
  const Event& event = message.event;
  return fmt::format(
      "{}  {}  {} {}  {}{}", printable(event.timestamp()), printable(message.event_store_id),
      painted(terminal, Colour::cyan, printable(event.aggregate_id())), event.version(),
      printable(event.type()),
      event.payload().exists() ? "  " + printable(to_json(event.payload().value())) : "");
}

std::string line_of(const EventRewrite& rewrite, bool json, const Terminal& terminal) {
  const bool is_removal = rewrite.kind == EventRewrite::Kind::removed;
  const std::string_view word = is_removal ? "removed" : "replaced";
  if (json) {
    const std::string event =
        rewrite.after ? event_json(*rewrite.after)
                      : fmt::format(R"({{"aggregateId":{},"version":{}}})",
                                    json_string(rewrite.key.aggregate_id), rewrite.key.version);
    return fmt::format(R"({{"eventStoreId":{},"{}":{}}})", json_string(rewrite.key.event_store_id),
                       word, event);
  }
  return fmt::format("{}  {}  {} {}", painted(terminal, Colour::yellow, word),
                     printable(rewrite.key.event_store_id),
                     painted(terminal, Colour::cyan, printable(rewrite.key.aggregate_id)),
                     rewrite.key.version) +
         (rewrite.after ? "  " + printable(rewrite.after->type()) : "");
}

EventSubscriptionOptions options_of(const FollowFlags& flags, const OpenEventTable& opened) {
  EventSubscriptionOptions options{.name = "follow",
                                   .event_store_ids = flags.stores,
                                   .event_types = flags.types,
                                   .time = flags.time};
  if (flags.stores.empty() && flags.where.legacy) options.event_store_ids = {opened.store};
  options.from = flags.from.value_or(flags.follow ? EventStart::latest : EventStart::history);
  // What happens, and not what had happened before; of the history, all of it.
  if (options.from != EventStart::history) options.earlier = EarlierEvents::skip;
  if (!flags.aggregates.empty()) {
    options.aggregates = [wanted = flags.aggregates](const AggregateKey& key) {
      return std::find(wanted.begin(), wanted.end(), key.aggregate_id) != wanted.end();
    };
  }
  options.stream.on_gap = [](const StreamGap& gap) {
    warn(fmt::format("records of the stream {} lost ({}, shard {})",
                     gap.is_certain ? "are" : "may be", to_text(gap.kind), gap.shard_id));
    return StreamGapAnswer::go_on;
  };
  return options;
}

// Whether all there is was read and delivered.
bool is_at_tip(const EventFigures& figures) {
  const auto& shards = figures.stream.shards;
  return !figures.is_reading_history && !shards.empty() &&
         std::all_of(shards.begin(), shards.end(), [](const auto& each) { return each.is_at_tip; });
}

// Tells of a server that has been silent for a while, now and then.
class Silence {
 public:
  void look(const EventFigures& figures) {
    const auto& shards = figures.stream.shards;
    const auto& error = figures.is_reading_history ? figures.last_error : figures.stream.last_error;
    const auto now = std::chrono::steady_clock::now();
    const bool is_silent =
        figures.is_reading_history
            ? figures.last_error.has_value()
            : !shards.empty() && std::all_of(shards.begin(), shards.end(), [](const auto& each) {
                return each.silent > silence_told_after;
              });
    if (!is_silent || !error || now < told_again_) return;
    told_again_ = now + silence_told_again;
    warn("still trying: " + *error);
  }

 private:
  std::chrono::steady_clock::time_point told_again_ = {};
};

Result<void> follow(EventSubscription& subscription, bool until_tip, const StopSignals& signals) {
  TRY(subscription.start());
  Silence silence;
  std::mutex mutex;
  std::condition_variable_any stopped;
  const std::stop_token stop = signals.token();
  while (!stop.stop_requested()) {
    const auto next = TRY(subscription.step());
    if (!next) break;
    const auto now = EventSubscription::Moment::clock::now();
    if (*next <= now) continue;
    const EventFigures figures = subscription.figures();
    if (until_tip && is_at_tip(figures)) break;
    silence.look(figures);
    std::unique_lock lock(mutex);
    stopped.wait_until(lock, stop, *next, [] { return false; });
  }
  return {};
}

int follow(const FollowFlags& flags) {
  StopSignals signals;
  auto opened = open_event_table(flags.where);
  if (!opened) return complain(flags.where.connection, opened.error());
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  std::size_t printed = 0;
  const auto print = [&](const auto& each) {
    if (printed == flags.limit) return Result<void>();
    ++printed;
    std::cout << line_of(each, flags.where.json, terminal) << '\n' << std::flush;
    const bool has_enough = printed == flags.limit;
    if (has_enough || !std::cout) signals.request_stop();  // or nobody reads on
    return Result<void>();
  };
  EventSubscriptionOptions options = options_of(flags, *opened);
  options.on_rewrite = print;
  const auto checkpoints = make_in_memory_stream_checkpoints();
  auto subscription = EventSubscription::open(
      *opened->database, *opened->events, *checkpoints, std::move(options),
      [&print](const SubscribedEvent& event) { return print(event.message); });
  if (!subscription) return complain(flags.where, subscription.error());
  const auto followed = follow(**subscription, !flags.follow, signals);
  if (!followed) return complain(flags.where, followed.error());
  return exit_done;
}

void add_follow_from(CLI::App& command, FollowFlags& flags) {
  const auto take = [&flags](const std::string& text) {
    flags.time.reset();
    if (text == "latest" || text == "trim-horizon" || text == "history") {
      flags.from = text == "latest"         ? EventStart::latest
                   : text == "trim-horizon" ? EventStart::trim_horizon
                                            : EventStart::history;
      return;
    }
    flags.from = EventStart::time;
    flags.time = parse_moment(text, system_clock().now());
    if (!flags.time) {
      throw CLI::ValidationError(
          "--from", "'" + text + "' is neither latest, trim-horizon, history nor a time");
    }
  };
  command
      .add_option_function<std::string>(
          "--from", take,
          "Where to begin: latest (the default), trim-horizon (the stream's oldest record),\n"
          "a time (\"2h ago\", 2026-01-31T12:00:00Z), or history: all events of the table, an\n"
          "aggregate after another, and then what comes")
      ->type_name("WHERE")
      ->group("Events");
}

}  // namespace

void add_events_follow(CLI::App& events, int& exit_code) {
  auto flags = std::make_shared<FollowFlags>();
  CLI::App* command = events.add_subcommand("follow", "Show events as they are stored");
  add_event_table_flags(*command, flags->where);
  add_store_flag(*command, flags->stores);
  command->add_option("--type", flags->types, "Only events of this type; may be repeated")
      ->allow_extra_args(false)
      ->type_name("TYPE")
      ->group("Events");
  command
      ->add_option("--aggregate", flags->aggregates,
                   "Only those of this aggregate; may be repeated")
      ->allow_extra_args(false)
      ->type_name("ID")
      ->group("Events");
  add_follow_from(*command, *flags);
  command->add_option("--limit", flags->limit, "Stop after so many")
      ->check(CLI::Range(1, 1'000'000'000).description(""))
      ->type_name("N")
      ->group("Events");
  command
      ->add_flag("--follow,!--no-follow", flags->follow,
                 "Go on with what comes, which is the default; --no-follow stops when all there\n"
                 "is was shown, and begins with the history unless --from says otherwise")
      ->group("Events");
  command->footer(
      "The table needs a stream ('dynakeep tail TABLE --enable NEW_AND_OLD_IMAGES' switches one\n"
      "on). Each aggregate is shown in the order of its versions. An event that is replaced or\n"
      "removed is told of; with --json, events are castore's notifications, and those lines are\n"
      "{\"eventStoreId\": …, \"replaced\" or \"removed\": …}.");
  command->callback([flags, &exit_code] { exit_code = follow(*flags); });
}

}  // namespace dynakeep::app
