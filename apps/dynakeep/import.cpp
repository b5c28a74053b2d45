#include "import.h"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "choices.h"
#include "complain.h"
#include "connection.h"
#include "counting.h"
#include "dynakeep/json.h"
#include "dynakeep/transfer/import.h"
#include "dynakeep/transfer/table_definition.h"
#include "import_rejects.h"
#include "import_state.h"
#include "json_text.h"
#include "progress.h"
#include "stop_signals.h"
#include "terminal.h"
#include "transfer_flags.h"

namespace dynakeep::app {

namespace {

struct ImportFlags {
  Connection connection = {};
  std::string table = {};
  std::vector<std::string> paths = {};
  std::optional<LineFormat> format = {};
  std::string delimiter = ",";
  std::vector<std::string> columns = {};
  bool plain_header = false;
  bool infer_types = false;
  bool create = false;
  std::string definition = {};
  std::string partition_key = {};
  std::string sort_key = {};
  bool only_if_absent = false;
  bool dry_run = false;
  unsigned writers = 4;
  std::string rejects = {};
  std::uint64_t rejected_max = 1000;
  std::string state = {};
  bool json = false;
};

Result<std::size_t> read_stdin(std::span<char> to) {
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, to.data(), to.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) {
      return Error::internal("cannot read stdin: " + std::generic_category().message(errno));
    }
  }
}

// ---- the table ----

Result<void> add_key(CreateTableRequest& request, KeyType type, const std::string& text) {
  const CsvColumn key = parse_csv_column(text);
  const std::map<AttributeType, ScalarType> scalars = {{AttributeType::string, ScalarType::string},
                                                       {AttributeType::number, ScalarType::number},
                                                       {AttributeType::binary, ScalarType::binary}};
  const auto scalar = scalars.find(key.type.value_or(AttributeType::null));
  if (key.name.empty() || scalar == scalars.end()) {
    return Error(ErrorCode::invalid_argument,
                 "'" + text + "' is no key: it is to be NAME:S, NAME:N or NAME:B");
  }
  request.attribute_definitions->push_back({key.name, scalar->second});
  request.key_schema->push_back({key.name, type});
  return {};
}

Result<TableDefinition> wanted_definition(const ImportFlags& flags) {
  TableDefinition definition;
  CreateTableRequest& request = definition.table;
  if (!flags.partition_key.empty()) {
    request.attribute_definitions.emplace();
    request.key_schema.emplace();
    request.billing_mode = BillingMode::pay_per_request;
    TRY(add_key(request, KeyType::hash, flags.partition_key));
    if (!flags.sort_key.empty()) TRY(add_key(request, KeyType::range, flags.sort_key));
  } else if (!flags.definition.empty()) {
    std::ifstream file(flags.definition, std::ios::binary);
    auto read =
        create_table_from_dynamodb_json(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!file.is_open() || !read) {
      return Error(ErrorCode::invalid_argument,
                   flags.definition + " is no request of create-table" +
                       (file.is_open() ? ": " + read.error().message() : ": it cannot be read"));
    }
    request = std::move(*read);
  } else {
    std::error_code ignored;
    if (flags.paths.empty() || !std::filesystem::is_directory(flags.paths[0], ignored)) {
      return Error(ErrorCode::invalid_argument,
                   "--create needs --partition-key or --definition: only exports in folders say "
                   "what their table is");
    }
    definition = TRY(exported_table_definition(flags.paths[0]));
  }
  request.table_name = flags.table;
  return definition;
}

// One that is there is as good, if it is as wanted and has no items.
Result<void> make_table(Database& database, const TableDefinition& wanted) {
  for (const std::string& line : not_kept(wanted, database.capabilities())) warn(line);
  const auto made = create_defined_table(database, wanted);
  if (made) {
    for (const std::string& line : not_kept(wanted, *made)) warn(line);
    return {};
  }
  if (made.error().code() != ErrorCode::resource_in_use) return made.error();
  const std::string& name = *wanted.table.table_name;
  const auto there = TRY(database.describe_table({.table_name = name})).table;
  const auto differences = shape_differences(wanted, there, TRY(time_to_live_of(database, name)));
  if (!differences.empty()) {
    return Error(
        ErrorCode::resource_in_use,
        "the table " + name + " is there already, of another shape: " + differences.front());
  }
  const auto page = TRY(database.scan({.table_name = name, .limit = 1, .consistent_read = true}));
  if (page.count == 0 && !page.last_evaluated_key) return {};
  return Error(ErrorCode::resource_in_use,
               "the table " + name +
                   " is there already, and has items: without --create lines are put over them");
}

// ---- the import ----

std::uint64_t bytes_of(const std::vector<std::string>& paths) {
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (!error) bytes += size;
  }
  return bytes;
}

Result<ImportState> begin_state(const ImportFlags& flags) {
  ImportState anew{
      .table = flags.table, .paths = flags.paths, .bytes_total = bytes_of(flags.paths)};
  if (flags.state.empty()) return anew;
  auto read = TRY(read_import_state(flags.state));
  if (!read) return anew;
  if (read->table != anew.table || read->paths != anew.paths ||
      read->bytes_total != anew.bytes_total) {
    return Error(ErrorCode::invalid_argument,
                 flags.state + " is the state of another import: remove it to begin anew");
  }
  return std::move(*read);
}

ImportRequest request_of(const ImportFlags& flags, const ImportState& state) {
  ImportRequest request{.table = flags.table,
                        .format = flags.format,
                        .csv = {.delimiter = flags.delimiter == "tab" ? '\t' : flags.delimiter[0],
                                .columns = columns_of(flags.columns),
                                .plain_header = flags.plain_header,
                                .infer_types = flags.infer_types},
                        .only_if_absent = flags.only_if_absent,
                        .dry_run = flags.dry_run,
                        .writers = flags.writers,
                        .from = state.position};
  if (flags.paths.empty() || flags.paths == std::vector<std::string>{"-"}) {
    request.read = read_stdin;
  } else {
    request.paths = flags.paths;
  }
  request.rejected_max = flags.rejected_max;
  return request;
}

// The state behind what an import was told, by what it was at the beginning.
ImportState state_after(const ImportState& begun, const ImportProgress& progress) {
  ImportState state = begun;
  state.position = progress.position;
  state.lines += progress.lines;
  state.written += progress.written;
  state.removed += progress.removed;
  state.existing += progress.existing;
  state.rejected += progress.rejected;
  return state;
}

constexpr std::string_view word_of(ImportEnding ending) {
  switch (ending) {
    case ImportEnding::complete:
      return "complete";
    case ImportEnding::stopped:
      return "stopped";
    case ImportEnding::too_many_rejected:
      return "tooManyRejected";
    case ImportEnding::failed:
      break;
  }
  return "failed";
}

void say_summary(const ImportFlags& flags, const ImportSummary& summary, const ImportState& total,
                 double seconds) {
  if (flags.json) {
    std::cout << fmt::format(
                     R"({{"table":{},"ending":"{}","lines":{},"written":{},"removed":{},)"
                     R"("existing":{},"rejected":{},"unknown":{},"nextLine":{},"dryRun":{},)"
                     R"("seconds":{:.3f},"error":{}}})",
                     json_string(flags.table), word_of(summary.ending), total.lines, total.written,
                     total.removed, total.existing, total.rejected, summary.unknown,
                     summary.position.line, flags.dry_run, seconds,
                     summary.failure ? json_string(summary.failure->message()) : "null")
              << std::endl;
    return;
  }
  std::string text =
      fmt::format("{} {} {}", counted(total.written, "item"),
                  flags.dry_run ? "would be imported into" : "imported into", flags.table);
  if (total.removed > 0) text += fmt::format(", {} removed", with_separators(total.removed));
  if (total.existing > 0) {
    text += fmt::format(", {} there already", with_separators(total.existing));
  }
  if (total.rejected > 0) {
    text += fmt::format(", {} rejected", counted(total.rejected, "line"));
    if (!flags.rejects.empty()) text += fmt::format(" (in {})", flags.rejects);
  }
  if (summary.unknown > 0) {
    text += fmt::format(", {} perhaps written or not", counted(summary.unknown, "line"));
  }
  std::cerr << fmt::format("{}, in {:.1f} s\n", printable(text), seconds);
}

int code_of(const ImportFlags& flags, const ImportSummary& summary) {
  const std::string again =
      flags.dry_run ? ""
      : flags.state.empty()
          ? "; to import it again does no harm"
          : fmt::format("; the same command goes on behind line {}", summary.position.line - 1);
  switch (summary.ending) {
    case ImportEnding::complete:
      return exit_done;
    case ImportEnding::stopped:
      return complain(exit_failed, "stopped before the end" + again);
    case ImportEnding::too_many_rejected:
      return complain(exit_failed, "too many lines rejected, see --stop-after-rejects" + again);
    case ImportEnding::failed:
      break;
  }
  const bool misused = summary.failure->code() == ErrorCode::invalid_argument;
  return complain(misused ? exit_misused : exit_failed,
                  summary.failure->message() + (misused ? "" : again));
}

// Runs it, with what is kept of it beside.
int run(const ImportFlags& flags, Database& database, const ImportState& begun,
        StopSignals& signals) {
  auto rejects = ImportRejects::open(flags.rejects, begun.rejects);
  if (!rejects) return complain(rejects.error());

  std::optional<Error> failure;  // of what is kept beside
  const Pace pace;
  auto progress =
      std::make_unique<Progress>("lines " + std::string(flags.dry_run ? "checked" : "imported"));

  ImportRequest request = request_of(flags, begun);
  request.stop = signals.token();
  request.on_rejected = [&](const RejectedLine& line) {
    progress->hide();
    if (rejects->add(line)) return;
    signals.request_stop();
  };
  request.on_progress = [&](const ImportProgress& at) {
    const double part = at.bytes_total == 0 ? 0
                                            : static_cast<double>(at.bytes_read) /
                                                  static_cast<double>(at.bytes_total);
    progress->at(at.lines, pace.text(at.bytes_read, part));
  };
  const auto save = [&](ImportState state) -> Result<void> {
    state.rejects = TRY(rejects->sync());
    if (flags.state.empty()) return {};
    return write_import_state(flags.state, state);
  };
  request.on_checkpoint = [&](const ImportProgress& at) {
    const auto saved = save(state_after(begun, at));
    if (saved) return;
    failure = saved.error();
    signals.request_stop();
  };

  ImportSummary summary = import_table(database, request);
  progress.reset();
  if (!rejects->failure().empty()) failure = Error::internal(rejects->failure());
  const ImportState total = state_after(begun, {.lines = summary.lines,
                                                .written = summary.written,
                                                .removed = summary.removed,
                                                .existing = summary.existing,
                                                .rejected = summary.rejected,
                                                .position = summary.position});
  // Where some lines are in doubt, the last state stands: they are read again.
  if (summary.ending == ImportEnding::complete || summary.unknown == 0) {
    const auto saved = save(total);
    if (!saved && !failure) failure = saved.error();
  }
  if (summary.ending == ImportEnding::complete && !flags.state.empty() && !failure) {
    ::unlink(flags.state.c_str());
  }
  if (failure && summary.ending != ImportEnding::failed) {
    summary.ending = ImportEnding::failed;
    summary.failure = failure;
  }
  if (rejects->untold() > 0) {
    std::cerr << fmt::format("dynakeep: and {} more\n",
                             counted(rejects->untold(), "rejected line"));
  }
  say_summary(flags, summary, total, pace.seconds());
  const int code = code_of(flags, summary);
  return code == exit_done && total.rejected > 0 ? exit_some_rejected : code;
}

int import_into(const ImportFlags& flags) {
  for (const std::string& path : flags.paths) {
    std::error_code ignored;
    if (!flags.rejects.empty() && std::filesystem::equivalent(path, flags.rejects, ignored)) {
      return complain(exit_misused, "--rejects names a file that is to be imported");
    }
  }
  StopSignals signals;  // before there are other threads
  const auto begun = begin_state(flags);
  if (!begun) return complain(begun.error());
  std::optional<TableDefinition> definition;
  if (flags.create) {
    auto wanted = wanted_definition(flags);
    if (!wanted) return complain(wanted.error());
    definition = std::move(*wanted);
  }
  const auto database =
      flags.create ? connect_or_make(flags.connection) : connect(flags.connection);
  if (!database) return complain(flags.connection, database.error());
  if (definition && !begun->is_begun) {
    const auto made = make_table(**database, *definition);
    if (!made) return complain(made.error());
    // From here on the table is this import's: the same command does not make it again.
    if (!flags.state.empty()) {
      if (const auto kept = write_import_state(flags.state, *begun); !kept) {
        return complain(kept.error());
      }
    }
  }
  const int code = run(flags, **database, *begun, signals);
  if (definition && (code == exit_done || code == exit_some_rejected)) {
    if (const auto set = set_time_to_live(**database, *definition); !set) {
      return complain(set.error());
    }
  }
  return code;
}

// ---- flags ----

void add_reading(CLI::App& command, ImportFlags& flags) {
  command.add_option("--format", flags.format)
      ->transform(one_of(line_formats))
      ->type_name("dynamodb-json|json|csv")
      ->description("How items are written; told by the content if left out")
      ->group("Reading");
  command.add_option("--delimiter", flags.delimiter)
      ->check(CLI::IsMember({",", ";", ":", "|", "tab", " "}).description(""))
      ->type_name("CHARACTER")
      ->description("Between cells of CSV, a comma if left out: , ; : | tab or a space")
      ->group("Reading");
  command
      .add_option("--columns", flags.columns,
                  "The columns of CSV that has no header, such as pk:S,plays:N")
      ->delimiter(',')
      ->type_name("NAME:TYPE,…")
      ->group("Reading");
  command
      .add_flag("--plain-header", flags.plain_header,
                "The header of CSV has names alone, with whatever colons are in them")
      ->group("Reading");
  command
      .add_flag("--infer-types", flags.infer_types,
                "Cells of columns without a type that read as numbers, true or false are such;\n"
                "without it they are text, but for those of keys")
      ->group("Reading");
}

void add_table(CLI::App& command, ImportFlags& flags) {
  auto* const create =
      command
          .add_flag("--create", flags.create,
                    "Make the table first, as the export's folder or these flags say; one that is\n"
                    "there may be used if it is the same and empty")
          ->group("Table");
  auto* const definition = command
                               .add_option("--definition", flags.definition,
                                           "A file with a request of create-table, as JSON")
                               ->type_name("FILE")
                               ->group("Table")
                               ->needs(create);
  auto* const partition_key =
      command.add_option("--partition-key", flags.partition_key, "The key of a table on demand")
          ->type_name("NAME:S|N|B")
          ->group("Table")
          ->needs(create)
          ->excludes(definition);
  command.add_option("--sort-key", flags.sort_key, "Its second part")
      ->type_name("NAME:S|N|B")
      ->group("Table")
      ->needs(partition_key);
}

void add_writing(CLI::App& command, ImportFlags& flags) {
  auto* const dry_run =
      command.add_flag("--dry-run", flags.dry_run, "Check everything, write nothing")
          ->group("Writing");
  command
      .add_flag("--only-if-absent", flags.only_if_absent,
                "Leave items that are there as they are; slower")
      ->group("Writing");
  command.add_option("--writers", flags.writers)
      ->description("Requests at a time")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N")
      ->capture_default_str()
      ->group("Writing");
  command
      .add_option("--rejects", flags.rejects,
                  "File for lines that are wrong or refused, as they stand; why is in\n"
                  "FILE.reasons. The first 20 are told on stderr in any case")
      ->type_name("FILE")
      ->group("Writing");
  command.add_option("--stop-after-rejects", flags.rejected_max)
      ->description("End after that many of them; 0 is never")
      ->check(CLI::Range(0.0, 1e15).description(""))
      ->type_name("N")
      ->capture_default_str()
      ->group("Writing");
  command
      .add_option("--state", flags.state,
                  "File for how far it is; the same command goes on from there, and removes it\n"
                  "when all is done")
      ->type_name("FILE")
      ->group("Writing")
      ->excludes(dry_run);
  command.add_flag("--json", flags.json, "The summary as a line of JSON on stdout")
      ->group("Output");
}

}  // namespace

void add_import(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* command = program.add_subcommand("import", "Put items from files into a table");
  command->add_option("table", flags->table, "The table")->type_name("TABLE")->required();
  command
      ->add_option("path", flags->paths,
                   "Files of lines, plain or in gzip or zstd, and folders with an export of\n"
                   "Amazon's or ours; stdin if left out")
      ->type_name("PATH");
  add_connection_flag(*command, flags->connection);
  add_reading(*command, *flags);
  add_table(*command, *flags);
  add_writing(*command, *flags);
  command->footer(
      "Ends with 0 when every line is in the table, 5 when all but rejected ones are, 1 when it\n"
      "did not come to the end. The formats are in docs/formats/transfer.md.");
  command->callback([flags, &exit_code] {
    if (flags->create && flags->dry_run) {
      throw CLI::ValidationError("--dry-run makes no table: it checks against one that is there");
    }
    exit_code = import_into(*flags);
  });
}

}  // namespace dynakeep::app
