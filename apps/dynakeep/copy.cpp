#include "copy.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fnmatch.h>

#include "complain.h"
#include "connection.h"
#include "copy_text.h"
#include "dynakeep/copy/table_copy.h"
#include "dynakeep/pages.h"
#include "stop_signals.h"
#include "transfer_flags.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;

struct CopyFlags {
  Connection source = {};
  Connection destination = {};
  std::vector<std::string> tables = {};
  bool follows = false;
  bool once = false;
  bool enables_streams = false;
  bool verifies = false;
  bool verifies_only = false;
  bool repairs = false;
  bool overwrites = false;
  bool dry_run = false;
  bool json = false;
  unsigned segments = 8;
  std::optional<double> rate = {};
  double every_seconds = 10;
  double settle_seconds = 15;
  double patience_seconds = 300;
};

std::chrono::milliseconds milliseconds_of(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// Those of the source that a name or pattern matches, each once; all without any.
Result<std::vector<std::string>> tables_of(Database& source,
                                           const std::vector<std::string>& patterns) {
  std::vector<std::string> names = TRY(table_names(source));
  std::erase(names, copies_table);
  if (patterns.empty()) return names;
  std::vector<std::string> found;
  for (const std::string& pattern : patterns) {
    const auto before = found.size();
    bool is_met = false;
    for (const std::string& name : names) {
      if (::fnmatch(pattern.c_str(), name.c_str(), 0) != 0) continue;
      is_met = true;
      if (std::find(found.begin(), found.end(), name) == found.end()) found.push_back(name);
    }
    if (is_met || found.size() > before) continue;
    return Error(ErrorCode::invalid_argument, "The source has no table " + pattern);
  }
  return found;
}

// Changes that are lost are a thing of their own to whoever runs the program.
int complain_of(const Error& error) {
  if (error.code() == ErrorCode::trimmed_data_access) return complain(exit_gap, error.message());
  return complain(error);
}

// One table, and the thread that follows it.
struct CarriedTable {
  std::string name = {};
  std::unique_ptr<TableCopy> copy = {};
  bool is_told_current = false;
  std::optional<Result<FollowSummary>> followed = {};  // guarded by FollowedTables' mutex
  std::jthread thread = {};
};

// The copies that are followed, each by a thread. The first that cannot go on ends all.
class FollowedTables {
 public:
  explicit FollowedTables(StopSignals& signals) : signals_(signals) {}

  void follow(CarriedTable& table) {
    table.thread = std::jthread([this, &table] {
      auto followed = table.copy->follow(signals_.token());
      const bool goes_wrong = !followed || followed->ending == FollowEnding::lost;
      {
        const std::scoped_lock lock(mutex_);
        table.followed.emplace(std::move(followed));
      }
      if (goes_wrong) signals_.request_stop();
      changed_.notify_all();
    });
  }

  // False: stopped before.
  bool pause(std::chrono::milliseconds span) {
    std::unique_lock lock(mutex_);
    const auto token = signals_.token();
    changed_.wait_for(lock, token, span, [] { return false; });
    return !token.stop_requested();
  }

 private:
  StopSignals& signals_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
};

class CopyRun {
 public:
  CopyRun(const CopyFlags& flags, Database& source, Database& destination, StopSignals& signals)
      : flags_(flags),
        source_(source),
        destination_(destination),
        signals_(signals),
        text_(flags.json),
        followed_(signals) {}

  int run(const std::vector<std::string>& names) {
    if (flags_.verifies_only) {
      int worst = exit_done;
      for (const std::string& name : names) worst = std::max(worst, compare(name, nullptr));
      return worst;
    }
    // What speaks against one table is known before anything is done.
    int code = exit_done;
    for (const std::string& name : names) code = std::max(code, open(name));
    if (code != exit_done) return code;
    for (const CarriedTable& table : tables_) {
      if (flags_.dry_run || !table.copy->plan().notes.empty()) {
        text_.planned(table.name, table.copy->plan());
      }
    }
    if (flags_.dry_run) return exit_done;
    for (CarriedTable& table : tables_) {
      if (code = copy(table); code != exit_done) break;
      if (flags_.follows) {
        followed_.follow(table);
      } else if (flags_.verifies) {
        different_ = std::max(different_, compare(table.name, nullptr));
      }
    }
    if (code != exit_done) signals_.request_stop();
    if (flags_.follows) code = std::max(code, watch());
    return std::max(code, different_);
  }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  int open(const std::string& name) {
    CopyOptions options{.table = name,
                        .follows = flags_.follows,
                        .enables_stream = flags_.enables_streams,
                        .overwrites = flags_.overwrites,
                        .segments = flags_.segments,
                        .items_per_second = flags_.rate,
                        .patience = milliseconds_of(flags_.patience_seconds),
                        .settle = milliseconds_of(flags_.settle_seconds)};
    const std::size_t place = tables_.size();  // where it is by then
    options.on_progress = [this, place](const CopyProgress& at) {
      const CarriedTable& table = tables_[place];
      text_.copying(table.name, table.copy->plan(), at, pace_.seconds());
    };
    options.on_trouble = [this, name](const Error& error) { text_.trouble(name, error); };
    auto copy = TableCopy::open(source_, destination_, std::move(options));
    if (!copy) return complain_of(copy.error());
    tables_.push_back({.name = name, .copy = std::move(*copy)});
    return exit_done;
  }

  int copy(CarriedTable& table) {
    pace_ = Pace();
    const auto copied = table.copy->copy(signals_.token());
    if (!copied) {
      text_.clear();
      return complain_of(copied.error());
    }
    text_.copied(table.name, table.copy->plan(), *copied, pace_.seconds());
    if (!copied->stopped) return exit_done;
    return complain(exit_failed, "stopped before the end; the same command goes on");
  }

  int compare(const std::string& name, TableCopy* copy) {
    const Pace pace;
    CompareRequest request{.table = name,
                           .repairs = flags_.repairs,
                           .segments = flags_.segments,
                           .patience = milliseconds_of(flags_.patience_seconds),
                           .stop = signals_.token()};
    request.on_difference = [&](const CopyDifference& each) { text_.difference(name, each); };
    request.on_progress = [&](const CompareProgress& at) { text_.comparing(name, at); };
    const auto summary =
        copy == nullptr ? compare_tables(source_, destination_, request) : copy->compare(request);
    if (!summary) {
      text_.clear();
      return complain_of(summary.error());
    }
    text_.compared(name, *summary, pace.seconds());
    if (summary->stopped) return exit_failed;
    return summary->different() > summary->repaired ? exit_failed : exit_done;
  }

  // Tells how far the copies are behind, until told to stop or, with --once, they are not.
  int watch() {
    const auto every = milliseconds_of(flags_.every_seconds);
    Moment due = std::chrono::steady_clock::now() + every;
    bool are_current = false;
    bool are_compared = !flags_.verifies;
    while (followed_.pause(20ms)) {
      bool all = true;
      for (CarriedTable& table : tables_) {
        const FollowFigures figures = table.copy->figures();
        all = all && figures.is_current;
        if (figures.is_current && !std::exchange(table.is_told_current, true)) {
          text_.current(table.name, figures);
        }
      }
      if (all && !are_compared) {
        are_compared = true;
        for (CarriedTable& table : tables_) {
          different_ = std::max(different_, compare(table.name, table.copy.get()));
        }
        continue;
      }
      if (all && flags_.once) break;
      if (all && !std::exchange(are_current, true)) {
        text_.say(
            "To switch, stop what writes to the source, then this (Ctrl-C): it applies what is\n"
            "left, and says up to when the destination has all");
      }
      if (std::chrono::steady_clock::now() < due) continue;
      due += every;
      if (flags_.json) continue;
      for (const CarriedTable& table : tables_) {
        text_.following(table.name, table.copy->figures());
      }
    }
    signals_.request_stop();
    return ended();
  }

  int ended() {
    int code = exit_done;
    for (CarriedTable& table : tables_) {
      if (!table.thread.joinable()) continue;
      table.thread.join();
      const Result<FollowSummary>& followed = *table.followed;
      if (!followed) {
        code = std::max<int>(code, complain_of(followed.error()));
        continue;
      }
      text_.followed(table.name, *followed);
      if (followed->ending != FollowEnding::lost) continue;
      code = complain(
          exit_gap,
          fmt::format("{} has lost changes: {}. To mend it, copy again, with --overwrite --verify "
                      "--repair",
                      table.name, followed->loss));
    }
    return code;
  }

  const CopyFlags& flags_;
  Database& source_;
  Database& destination_;
  StopSignals& signals_;
  CopyText text_;
  Pace pace_;
  int different_ = exit_done;
  FollowedTables followed_;
  std::vector<CarriedTable> tables_;  // the last, so that its threads end first
};

int copy_tables(const CopyFlags& flags) {
  StopSignals signals;  // before there are other threads
  const auto source = connect(flags.source);
  if (!source) {
    const int code = complain(flags.source, source.error());
    return code == exit_misused ? code : exit_failed;
  }
  const auto destination = connect(flags.destination);
  if (!destination) {
    const int code = complain(flags.destination, destination.error());
    return code == exit_misused ? code : exit_failed;
  }
  const auto names = tables_of(**source, flags.tables);
  if (!names) return complain(names.error());
  return CopyRun(flags, **source, **destination, signals).run(*names);
}

void add_following(CLI::App& command, CopyFlags& flags) {
  auto* const follow =
      command
          .add_flag("--follow", flags.follows,
                    "Then apply what changes, until told to stop: the source's streams tell")
          ->group("Following");
  command
      .add_flag("--once", flags.once,
                "Stop as soon as the destination has caught up (and is compared)")
      ->needs(follow)
      ->group("Following");
  command
      .add_flag("--enable-streams", flags.enables_streams,
                "Enable a stream on tables of the source that have none; else they are refused")
      ->needs(follow)
      ->group("Following");
  command.add_option("--every", flags.every_seconds, "Seconds between two lines about the lag")
      ->check(CLI::Range(0.1, 86'400.0).description(""))
      ->capture_default_str()
      ->type_name("SECONDS")
      ->group("Following");
  command
      .add_option("--settle", flags.settle_seconds,
                  "How late records may come, where the source does not tell what its answers\n"
                  "reflect")
      ->check(CLI::Range(0.0, 3600.0).description(""))
      ->capture_default_str()
      ->type_name("SECONDS")
      ->group("Following");
}

void add_comparing(CLI::App& command, CopyFlags& flags) {
  auto* const verify =
      command.add_flag("--verify", flags.verifies, "Then compare both sides, item by item")
          ->group("Comparing");
  command.add_flag("--verify-only", flags.verifies_only, "Compare them, and copy nothing")
      ->excludes(verify)
      ->group("Comparing");
  command
      .add_flag("--repair", flags.repairs,
                "Make the destination as the source is where they differ: deletes items, too")
      ->group("Comparing");
}

void add_speed(CLI::App& command, CopyFlags& flags) {
  command.add_option("--segments", flags.segments)
      ->description("Parts of a table that are read and written at once")
      ->check(CLI::Range(1, 64).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group("Speed");
  command.add_option("--rate", flags.rate)
      ->description(
          "Items a second at the most. Where the destination refuses some, it is less by\n"
          "itself until it does not")
      ->check(CLI::PositiveNumber.description(""))
      ->type_name("N")
      ->group("Speed");
  command
      .add_option("--patience", flags.patience_seconds,
                  "Seconds for which either side may fail without pause before the copy does")
      ->check(CLI::Range(0.0, 1e6).description(""))
      ->capture_default_str()
      ->type_name("SECONDS")
      ->group("Speed");
}

}  // namespace

void add_copy(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<CopyFlags>();
  CLI::App* command = program.add_subcommand(
      "copy", "Copy tables from one database to another, and keep the copies current");
  command
      ->add_option("source", flags->source.database,
                   "Where the tables are:\n"
                   "  http://HOST:PORT   a server of the DynamoDB protocol; also https\n"
                   "  dynamodb://REGION  Amazon DynamoDB\n"
                   "  embedded:FOLDER    a folder that no server has open")
      ->type_name("SOURCE")
      ->required();
  command->add_option("destination", flags->destination.database, "Where they go, likewise")
      ->type_name("DESTINATION")
      ->required();
  command
      ->add_option("--tables", flags->tables,
                   "Names of tables, or patterns with * and ?, separated by commas; all if left\n"
                   "out")
      ->delimiter(',')
      ->type_name("TABLE,…");
  command->add_flag("--overwrite", flags->overwrites,
                    "Begin anew, also where the destination has items: the source's are put over\n"
                    "them, and what only the destination has remains");
  command->add_flag("--dry-run", flags->dry_run, "Say what would be done, and do nothing");
  command->add_flag("--json", flags->json, "What came of it as lines of JSON on stdout")
      ->group("Output");
  add_following(*command, *flags);
  add_comparing(*command, *flags);
  add_speed(*command, *flags);
  command->footer(
      "For example:\n"
      "  dynakeep copy embedded:/var/lib/app http://127.0.0.1:8000\n"
      "  dynakeep copy http://127.0.0.1:8000 dynamodb://eu-west-1 --tables 'app-*' --follow "
      "--verify\n"
      "Tables are made with keys, indexes, stream, time to live and tags. The same command goes "
      "on\n"
      "after any end, killed or not: how far it is, is kept in the destination's table\n"
      "dynakeep.copies. To stop following, Ctrl-C: what was changed until then is applied first.\n"
      "Ends with 0 when done or stopped as asked, 1 when something failed or differs, 2 when what\n"
      "is asked makes no sense, 3 when changes were lost to the copy.");
  command->callback([flags, &exit_code] {
    if (flags->repairs && !flags->verifies && !flags->verifies_only) {
      throw CLI::RequiredError("--verify or --verify-only (with --repair)");
    }
    if (flags->verifies_only && (flags->follows || flags->overwrites || flags->dry_run)) {
      throw CLI::ValidationError("--verify-only copies nothing");
    }
    exit_code = copy_tables(*flags);
  });
}

}  // namespace dynakeep::app
