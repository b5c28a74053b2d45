#include "replica.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "complain.h"
#include "connection.h"
#include "counting.h"
#include "dynakeep/json.h"
#include "dynakeep/stores/replica.h"
#include "exit_code.h"
#include "output_file.h"
#include "progress.h"
#include "stop_signals.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;

struct ReplicaFlags {
  Connection connection = {};
  std::string table = {};
  std::string file = {};
  std::string into = {};
  std::string name = {};
  double every_seconds = 10;
  double settle_seconds = 15;
  bool once = false;
  bool verifies = false;
  bool repairs = false;
};

std::string seconds_of(std::chrono::milliseconds span) {
  return fmt::format("{:.1f} s", static_cast<double>(span.count()) / 1000);
}

Result<std::size_t> write_items(const Replica& replica, const std::string& path) {
  auto out = TRY(OutputFile::open(path));
  std::optional<Error> failure;
  const std::size_t count = TRY(replica.for_each([&](Item&& item) {
    const auto line = out.write(to_dynamodb_json(item) + "\n");
    if (!line) failure = line.error();
    return !failure;
  }));
  if (failure) return *failure;
  TRY(out.finish());
  return count;
}

// Looks at the replica while it runs: tells what state it is in and how far behind, writes the
// file, and stops where that was all.
class Watching {
 public:
  Watching(Replica& replica, const ReplicaFlags& flags, StopSignals& signals,
           std::atomic<bool>& is_changed)
      : replica_(replica), flags_(flags), signals_(signals), is_changed_(is_changed) {}

  void run(const std::stop_token& over) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    while (!over.stop_requested()) {
      look();
      never.wait_for(lock, over, 20ms, [] { return false; });
    }
    progress_.hide();
  }

  // What is in the copy at the end goes into the file.
  Result<void> finish() {
    if (!replica_.lag() || !is_changed_) return {};
    return write();
  }
  const std::optional<Error>& failure() const { return failure_; }
  bool differs() const { return differs_; }

 private:
  void look() {
    const ReplicaState state = replica_.state();
    const ReplicaFigures figures = replica_.figures();
    if (state == ReplicaState::scanning || state == ReplicaState::resyncing) {
      progress_.at(figures.scanned);
    }
    const auto now = std::chrono::steady_clock::now();
    const bool is_other = std::exchange(state_, state) != state;
    const bool is_due = now >= due_;
    if (is_other || is_due) {
      due_ = now + std::chrono::duration_cast<std::chrono::nanoseconds>(
                       std::chrono::duration<double>(flags_.every_seconds));
      tell(state, figures);
    }
    if (state != ReplicaState::live) return;
    if (!flags_.file.empty() && (is_due || !is_written_) && is_changed_) {
      if (const auto written = write(); !written) {
        failure_ = written.error();
        signals_.request_stop();
      }
    }
    if (!flags_.once) return;
    if (!flags_.verifies) return signals_.request_stop();
    const auto report = replica_.report();
    if (!report) {
      if (!std::exchange(is_verifying_, true)) replica_.verify();
      return;
    }
    differs_ = report->different > report->repaired;
    signals_.request_stop();
  }

  void tell(ReplicaState state, const ReplicaFigures& figures) {
    progress_.hide();
    std::string line = fmt::format("{}: {}", flags_.table, to_text(state));
    if (const auto lag = replica_.lag()) {
      line += fmt::format(", {} behind", seconds_of(*lag));
      if (const auto size = replica_.size()) line += ", " + counted(*size, "item");
    }
    line += fmt::format(", {} read, {} applied", with_separators(figures.scanned),
                        with_separators(figures.records));
    if (figures.errors > 0 && state != ReplicaState::live && figures.last_error) {
      line += "; still trying: " + *figures.last_error;
    }
    std::cerr << line + "\n";
  }

  Result<void> write() {
    is_changed_ = false;
    const auto written = write_items(replica_, flags_.file);
    if (!written) {
      is_changed_ = true;
      return written.error();
    }
    is_written_ = true;
    return {};
  }

  Replica& replica_;
  const ReplicaFlags& flags_;
  StopSignals& signals_;
  std::atomic<bool>& is_changed_;
  Progress progress_{"items read"};
  ReplicaState state_ = ReplicaState::empty;
  std::chrono::steady_clock::time_point due_ = {};
  bool is_written_ = false;
  bool is_verifying_ = false;
  bool differs_ = false;
  std::optional<Error> failure_;
};

void print(const ReplicaReport& report) {
  std::cerr << fmt::format("compared with the table: {}, {} different, {} repaired\n",
                           counted(report.compared, "item"), with_separators(report.different),
                           with_separators(report.repaired));
  for (const ReplicaDifference& each : report.differences) {
    const auto text = [](const std::optional<Item>& item) {
      return item ? to_dynamodb_json(*item) : "nothing";
    };
    std::cout << fmt::format("{} table: {} copy: {}\n", to_dynamodb_json(each.key),
                             text(each.in_table), text(each.in_copy));
  }
}

int replicate(const ReplicaFlags& flags) {
  StopSignals signals;
  auto source = connect(flags.connection);
  if (!source) return complain(flags.connection, source.error());
  std::unique_ptr<Database> kept_in;
  if (!flags.into.empty()) {
    const Connection connection{.database = flags.into};
    auto opened = connect_or_make(connection);
    if (!opened) return complain(connection, opened.error());
    kept_in = std::move(*opened);
  }
  std::atomic<bool> is_changed = true;
  ReplicaOptions options{.table_name = flags.table,
                         .kept_in = kept_in.get(),
                         .copy_name = flags.name,
                         .repair = flags.repairs,
                         .on_verified = print};
  options.settle =
      std::chrono::milliseconds(static_cast<std::int64_t>(flags.settle_seconds * 1000));
  options.on_gap = [](const StreamGap& gap) {
    warn(fmt::format("changes of the table {} lost ({}): it is read anew",
                     gap.is_certain ? "are" : "may be", to_text(gap.kind)));
  };
  options.on_change = [&is_changed](const Key&, const auto&, const auto&) { is_changed = true; };
  options.on_state = [&is_changed](ReplicaState) { is_changed = true; };
  auto replica = Replica::open(**source, std::move(options));
  if (!replica) return complain(replica.error());

  Watching watching(**replica, flags, signals, is_changed);
  Result<void> run;
  {
    const std::jthread watch([&](const std::stop_token& over) { watching.run(over); });
    run = (*replica)->run(signals.token());
  }
  if (!run) return complain(run.error());
  if (watching.failure()) return complain(*watching.failure());
  if (!flags.file.empty()) {
    if (const auto written = watching.finish(); !written) return complain(written.error());
  }
  return watching.differs() ? exit_failed : exit_done;
}

}  // namespace

void add_replica(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<ReplicaFlags>();
  CLI::App* command =
      program.add_subcommand("replica", "Copy a table, and keep the copy current by its stream");
  command->add_option("table", flags->table, "The table, with a stream that is switched on")
      ->required()
      ->type_name("TABLE");
  add_connection_flag(*command, flags->connection);
  auto* const file =
      command
          ->add_option("--out", flags->file,
                       "File for the items, a line of DynamoDB JSON each; replaced as a whole\n"
                       "when the copy is complete, then every so often, and at the end")
          ->type_name("FILE")
          ->group("Copy");
  auto* const into =
      command
          ->add_option("--into", flags->into,
                       "Database for the copy, which the next start goes on with: as --database")
          ->type_name("CONNECTION")
          ->group("Copy");
  file->excludes(into);
  command->add_option("--as", flags->name, "Name of its table there; the table's own if left out")
      ->needs(into)
      ->type_name("NAME")
      ->group("Copy");
  command
      ->add_option("--every", flags->every_seconds,
                   "Seconds between two lines about the lag, and between two writings of the file")
      ->check(CLI::Range(0.1, 86'400.0).description(""))
      ->capture_default_str()
      ->type_name("SECONDS");
  command
      ->add_option("--settle", flags->settle_seconds,
                   "How late records may come, where the server does not tell what its answers\n"
                   "reflect")
      ->check(CLI::Range(0.0, 3600.0).description(""))
      ->capture_default_str()
      ->type_name("SECONDS");
  command->add_flag("--once", flags->once, "Stop as soon as the copy is complete and current");
  auto* const verifies = command->add_flag(
      "--verify", flags->verifies, "With --once: compare the copy with the table before stopping");
  command->add_flag("--repair", flags->repairs, "With --verify: mend what differs")
      ->needs(verifies);
  command->footer(
      "For example:\n"
      "  dynakeep replica Songs --out songs.jsonl --once\n"
      "  dynakeep replica Songs --database dynamodb://eu-west-1 --into embedded:/var/lib/songs\n"
      "What it does is told on stderr, what differs on stdout. Ends with 0 when stopped as asked,\n"
      "1 when something failed or differs, 2 when the flags make no sense, 3 when a database "
      "cannot\n"
      "be used.");
  command->callback([flags, &exit_code] {
    if (flags->file.empty() && flags->into.empty()) {
      throw CLI::RequiredError("--out FILE or --into CONNECTION");
    }
    if (flags->verifies && !flags->once) throw CLI::RequiredError("--once (with --verify)");
    exit_code = replicate(*flags);
  });
}

}  // namespace dynakeep::app
