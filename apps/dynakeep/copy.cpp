#include "copy.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <iostream>
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

#include "choices.h"
#include "complain.h"
#include "connection.h"
#include "copy_text.h"
#include "dynakeep/copy/table_copy.h"
#include "dynakeep/pages.h"
#include "shell_word.h"
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

// What mends a copy of the table that has lost changes.
std::string how_to_mend(const CopyFlags& flags, const std::string& table) {
  return fmt::format("To mend it, run: dynakeep copy {} {} --tables {} --follow --verify --repair",
                     shell_word(flags.source.database), shell_word(flags.destination.database),
                     shell_word(table));
}

// Changes that are lost are a thing of their own to whoever runs the program.
int complain_of(const Error& error, const CopyFlags& flags, const std::string& table) {
  if (error.code() != ErrorCode::trimmed_data_access) return complain(error);
  return complain(exit_gap, error.message() + ". " + how_to_mend(flags, table));
}

// One table, and the thread that follows it.
struct CarriedTable {
  std::string name = {};
  std::unique_ptr<TableCopy> copy = {};
  bool is_told_current = false;
  bool is_compared = false;
  std::optional<Result<FollowSummary>> followed = {};  // guarded by FollowedTables' mutex
  std::jthread thread = {};
};

// The copies that are followed, each by a thread. The first that cannot go on ends all, but for
// those that lose changes, if they are to be mended.
class FollowedTables {
 public:
  FollowedTables(StopSignals& signals, bool mends) : signals_(signals), mends_(mends) {}

  void follow(CarriedTable& table) {
    table.thread = std::jthread([this, &table] {
      auto followed = table.copy->follow(signals_.token());
      const bool goes_wrong = !followed || (followed->ending == FollowEnding::lost && !mends_);
      {
        const std::scoped_lock lock(mutex_);
        table.followed.emplace(std::move(followed));
      }
      if (goes_wrong) signals_.request_stop();
      changed_.notify_all();
    });
  }

  // What it has lost, if that has ended it.
  std::optional<std::string> loss_of(const CarriedTable& table) {
    const std::scoped_lock lock(mutex_);
    if (!table.followed || !*table.followed) return std::nullopt;
    if ((*table.followed)->ending != FollowEnding::lost) return std::nullopt;
    return (*table.followed)->loss;
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
  const bool mends_;
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
        followed_(signals, flags.follows && flags.repairs) {}

  int run(const std::vector<std::string>& names) {
    if (flags_.verifies_only) {
      int worst = exit_done;
      for (const std::string& name : names) {
        worst = std::max(worst, compare(name, nullptr).value_or(exit_failed));
      }
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
        different_ = std::max(different_, compare(table.name, nullptr).value_or(exit_failed));
      }
    }
    if (code != exit_done) signals_.request_stop();
    if (flags_.follows) code = std::max(code, watch());
    return std::max(code, different_);
  }

 private:
  using Moment = std::chrono::steady_clock::time_point;

  int open(const std::string& name) {
    auto copy = open_copy(name, tables_.size(), flags_.overwrites);
    if (!copy) return complain_of(copy.error(), flags_, name);
    tables_.push_back({.name = name, .copy = std::move(*copy)});
    return exit_done;
  }

  // `place` is where it is in tables_ by the time that it tells of its progress.
  Result<std::unique_ptr<TableCopy>> open_copy(const std::string& name, std::size_t place,
                                               bool overwrites) {
    CopyOptions options{.table = name,
                        .follows = flags_.follows,
                        .enables_stream = flags_.enables_streams,
                        .overwrites = overwrites,
                        .mends = flags_.follows && flags_.repairs,
                        .segments = flags_.segments,
                        .items_per_second = flags_.rate,
                        .patience = milliseconds_of(flags_.patience_seconds),
                        .settle = milliseconds_of(flags_.settle_seconds)};
    options.on_progress = [this, place](const CopyProgress& at) {
      const CarriedTable& table = tables_[place];
      text_.copying(table.name, table.copy->plan(), at, pace_.seconds());
    };
    options.on_trouble = [this, name](const Error& error) { text_.trouble(name, error); };
    return TableCopy::open(source_, destination_, std::move(options));
  }

  int copy(CarriedTable& table) {
    pace_ = Pace();
    const auto copied = table.copy->copy(signals_.token());
    if (!copied) {
      text_.clear();
      return complain_of(copied.error(), flags_, table.name);
    }
    text_.copied(table.name, table.copy->plan(), *copied, pace_.seconds());
    if (!copied->stopped) return exit_done;
    return complain(exit_failed, "stopped before the end; the same command goes on");
  }

  // Of one that is followed: with the TableCopy. None: stopped before the end.
  std::optional<int> compare(const std::string& name, TableCopy* copy) {
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
      return complain_of(summary.error(), flags_, name);
    }
    text_.compared(name, *summary, pace.seconds());
    if (summary->stopped) return std::nullopt;
    return summary->different() > summary->repaired ? exit_failed : exit_done;
  }

  // Tells how far the copies are behind, until told to stop or, with --once, they are not.
  int watch() {
    const auto every = milliseconds_of(flags_.every_seconds);
    Moment due = std::chrono::steady_clock::now() + every;
    bool are_current = false;
    int code = exit_done;
    while (code == exit_done && followed_.pause(20ms)) {
      bool all = true;
      for (CarriedTable& table : tables_) {
        if (const auto loss = followed_.loss_of(table)) code = std::max(code, mend(table, *loss));
        const FollowFigures figures = table.copy->figures();
        all = all && figures.is_current;
        if (figures.is_current && !figures.has_lost &&
            !std::exchange(table.is_told_current, true)) {
          text_.current(table.name, figures);
        }
      }
      if (code != exit_done) break;
      if (all && flags_.verifies && compare_followed()) continue;
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
    return std::max(code, ended());
  }

  // Those that were not, since they have caught up. False: there were none.
  bool compare_followed() {
    bool was_one = false;
    for (CarriedTable& table : tables_) {
      if (table.is_compared) continue;
      was_one = true;
      const auto code = compare(table.name, table.copy.get());
      if (!code) {
        table.thread.join();  // was told to stop, or has ended by itself, and says why
        break;
      }
      table.is_compared = true;
      different_ = std::max(different_, *code);
    }
    return was_one;
  }

  // Follows a table anew that has lost changes, and has it compared.
  int mend(CarriedTable& table, const std::string& loss) {
    if (table.thread.joinable()) table.thread.join();
    text_.lost(table.name, loss);
    table.followed.reset();
    table.copy.reset();  // lets go of it, for the one that follows
    table.is_compared = false;
    table.is_told_current = false;
    auto copy = open_copy(table.name, static_cast<std::size_t>(&table - tables_.data()), false);
    if (!copy) {
      complain_of(copy.error(), flags_, table.name);
      return exit_gap;
    }
    table.copy = std::move(*copy);
    if (const int code = this->copy(table); code != exit_done) return code;
    followed_.follow(table);
    return exit_done;
  }

  int ended() {
    int code = exit_done;
    for (CarriedTable& table : tables_) {
      if (table.thread.joinable()) table.thread.join();
      if (!table.followed) continue;
      const Result<FollowSummary>& followed = *table.followed;
      if (!followed) {
        code = std::max<int>(code, complain_of(followed.error(), flags_, table.name));
        continue;
      }
      text_.followed(table.name, *followed);
      if (flags_.verifies && !table.is_compared) code = std::max<int>(code, exit_failed);
      if (followed->ending == FollowEnding::lost) {
        code = complain(exit_gap, fmt::format("{} has lost changes: {}. {}", table.name,
                                              followed->loss, how_to_mend(flags_, table.name)));
      } else if (table.copy->figures().has_lost) {
        code = complain(exit_gap, fmt::format("{} has lost changes, and was not compared to the "
                                              "end: the same command goes on",
                                              table.name));
      }
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
  const auto destination = connect_or_make(flags.destination);
  if (!destination) {
    const int code = complain(flags.destination, destination.error());
    return code == exit_misused ? code : exit_failed;
  }
  const auto names = tables_of(**source, flags.tables);
  if (!names) return complain(names.error());
  if (names->empty()) std::cerr << "The source has no tables: there is nothing to copy\n";
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
                "Make the destination as the source is where they differ: deletes items, too.\n"
                "With --follow, changes that were lost are made good so")
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
      ->check(more_than_nothing())
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
      "is asked makes no sense, 3 when changes were lost to the copy, and says what mends it.");
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
