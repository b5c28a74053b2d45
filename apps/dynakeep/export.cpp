#include "export.h"

#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "choices.h"
#include "complain.h"
#include "connection.h"
#include "counting.h"
#include "dynakeep/json.h"
#include "dynakeep/json_document.h"
#include "dynakeep/pages.h"
#include "dynakeep/transfer/export.h"
#include "json_text.h"
#include "output_file.h"
#include "progress.h"
#include "stop_signals.h"
#include "transfer_flags.h"

namespace dynakeep::app {

namespace {

const std::map<std::string, Compression> compressions = {
    {"none", Compression::none}, {"gzip", Compression::gzip}, {"zstd", Compression::zstd}};

struct ExportFlags {
  Connection connection = {};
  std::vector<std::string> tables = {};
  bool all_tables = false;
  std::string output = {};
  std::string folder = {};
  LineFormat format = LineFormat::dynamodb_json;
  std::optional<Compression> compression = {};
  std::vector<std::string> columns = {};
  bool consistent = false;
  std::string filter = {};
  std::string projection = {};
  std::string names = {};
  std::string values = {};
  unsigned segments = 0;
  std::optional<double> rate = {};
  bool json = false;

  bool to_stdout() const { return folder.empty() && (output.empty() || output == "-"); }
};

Result<ExpressionAttributeNames> parse_names(const std::string& text) {
  const Error wrong(ErrorCode::invalid_argument,
                    "--expression-attribute-names is to be JSON such as {\"#n\": \"name\"}");
  const auto document = JsonDocument::parse(text);
  if (!document || !document->is_object()) return wrong;
  ExpressionAttributeNames names;
  for (const auto& [name, value] : document->members()) {
    if (!value.is_string()) return wrong;
    names[name] = value.text();
  }
  return names;
}

Result<ExportRequest> request_of(const ExportFlags& flags, const std::string& table) {
  ExportRequest request{.table = table,
                        .folder = flags.folder,
                        .format = flags.format,
                        .compression = flags.compression,
                        .columns = columns_of(flags.columns),
                        .consistent = flags.consistent,
                        .segments = flags.segments,
                        .items_per_second = flags.rate};
  if (!flags.to_stdout()) request.file = flags.output;
  if (!request.compression && request.folder.empty()) {
    if (flags.output.ends_with(".gz")) request.compression = Compression::gzip;
    if (flags.output.ends_with(".zst")) request.compression = Compression::zstd;
  }
  if (!flags.filter.empty()) request.filter_expression = flags.filter;
  if (!flags.projection.empty()) request.projection_expression = flags.projection;
  if (!flags.names.empty()) request.expression_attribute_names = TRY(parse_names(flags.names));
  if (!flags.values.empty()) {
    auto values = item_from_dynamodb_json(flags.values);
    if (!values) {
      return Error(ErrorCode::invalid_argument,
                   "--expression-attribute-values: " + values.error().message());
    }
    request.expression_attribute_values = std::move(*values);
  }
  return request;
}

std::string summary_json(const std::string& table, const ExportSummary& summary, double seconds) {
  return fmt::format(
      R"({{"table":{},"items":{},"textBytes":{},"writtenBytes":{},"seconds":{:.3f},"path":{}}})",
      json_string(table), summary.items, summary.text_bytes, summary.written_bytes, seconds,
      summary.path.empty() ? "null" : json_string(summary.path));
}

void say_done(const ExportFlags& flags, const std::string& table, const ExportSummary& summary,
              double seconds) {
  if (flags.json) {
    (flags.to_stdout() ? std::cerr : std::cout)
        << summary_json(table, summary, seconds) << std::endl;
    return;
  }
  std::cerr << fmt::format("{} of {} exported{}, {} in {:.1f} s\n", counted(summary.items, "item"),
                           table, summary.path.empty() ? "" : " to " + summary.path,
                           megabytes(summary.written_bytes), seconds);
}

int export_one(const ExportFlags& flags, Database& database, const std::string& table,
               const StopSignals& signals) {
  auto request = request_of(flags, table);
  if (!request) return complain(request.error());
  std::optional<OutputFile> out;
  if (flags.to_stdout()) {
    auto opened = OutputFile::open("-");
    if (!opened) return complain(opened.error());
    out.emplace(std::move(*opened));
    request->write = [&out](std::string_view bytes) { return out->write(bytes); };
  }
  const Pace pace;
  auto progress = std::make_unique<Progress>("items of " + table + " exported");
  request->on_progress = [&](const ExportProgress& at) {
    // Items may have come since they were counted.
    const double part = at.items < at.items_total
                            ? static_cast<double>(at.items) / static_cast<double>(at.items_total)
                            : 0;
    progress->at(at.items, pace.text(at.text_bytes, part));
  };
  request->stop = signals.token();
  auto summary = export_table(database, *request);
  if (summary && out) {
    if (const auto written = out->finish(); !written) summary = written.error();
  }
  progress.reset();
  if (!summary) return complain(summary.error());
  if (summary->stopped) {
    return complain(exit_failed,
                    fmt::format("stopped; {}", flags.to_stdout() ? "what was written is not all"
                                                                 : "nothing was written"));
  }
  say_done(flags, table, *summary, pace.seconds());
  return exit_done;
}

int export_tables(const ExportFlags& flags) {
  const StopSignals signals;  // before there are other threads
  const auto database = connect(flags.connection);
  if (!database) return complain(flags.connection, database.error());
  std::vector<std::string> tables = flags.tables;
  if (flags.all_tables) {
    auto names = table_names(**database);
    if (!names) return complain(names.error());
    tables = std::move(*names);
  }
  for (const std::string& table : tables) {
    const int code = export_one(flags, **database, table, signals);
    if (code != exit_done) return code;
  }
  return exit_done;
}

void add_what(CLI::App& command, ExportFlags& flags) {
  command
      .add_option("--filter-expression", flags.filter, "Only items of which it holds, as in Scan")
      ->type_name("EXPRESSION")
      ->group("What");
  command
      .add_option("--projection-expression", flags.projection, "Only these attributes, as in Scan")
      ->type_name("EXPRESSION")
      ->group("What");
  command
      .add_option("--expression-attribute-names", flags.names,
                  "What #names in the expressions stand for: {\"#n\": \"name\"}")
      ->type_name("JSON")
      ->group("What");
  command
      .add_option("--expression-attribute-values", flags.values,
                  "What :values stand for, as DynamoDB JSON: {\":v\": {\"N\": \"1\"}}")
      ->type_name("JSON")
      ->group("What");
  command
      .add_flag("--consistent", flags.consistent, "Strongly consistent reads, at twice the cost")
      ->group("What");
}

void add_where_to(CLI::App& command, ExportFlags& flags) {
  auto* const output =
      command
          .add_option("--output", flags.output,
                      "File to write, in place of one that is there; stdout if left out. It "
                      "appears\nwhen it is complete")
          ->type_name("FILE")
          ->group("Output");
  auto* const folder =
      command
          .add_option("--folder", flags.folder,
                      "Folder for exports in the layout of Amazon's to S3:\n"
                      "AWSDynamoDB/<id>/ with manifests and sums, and the table's definition")
          ->type_name("FOLDER")
          ->group("Output")
          ->excludes(output);
  auto* const format = command.add_option("--format", flags.format)
                           ->transform(one_of(line_formats))
                           ->type_name("dynamodb-json|json|csv")
                           ->description("How items are written; dynamodb-json if left out")
                           ->group("Output");
  folder->excludes(format);
  command.add_option("--compress", flags.compression)
      ->transform(one_of(compressions))
      ->type_name("none|gzip|zstd")
      ->description("Packing; if left out, what the file's name ends in: .gz or .zst")
      ->group("Output");
  command
      .add_option("--columns", flags.columns,
                  "Columns of CSV with their types, such as pk:S,plays:N. If left out,\n"
                  "the table is read twice, first for the columns that it takes")
      ->delimiter(',')
      ->type_name("NAME:TYPE,…")
      ->group("Output");
  command
      .add_flag("--json", flags.json, "The summary as a line of JSON, on stdout if that is free")
      ->group("Output");
}

}  // namespace

void add_export(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command =
      program.add_subcommand("export", "Write tables to files, for 'import' or other programs");
  auto* const tables = command->add_option("table", flags->tables, "Tables; several with --folder")
                           ->type_name("TABLE");
  command->add_flag("--all", flags->all_tables, "Every table there is; with --folder")
      ->group("What")
      ->excludes(tables);
  add_connection_flag(*command, flags->connection);
  add_what(*command, *flags);
  add_where_to(*command, *flags);
  command->add_option("--segments", flags->segments)
      ->description("Parts of a table that are read at once; one for each processor if left out")
      ->check(CLI::Range(1, 64).description(""))
      ->type_name("N")
      ->group("Speed");
  command->add_option("--rate", flags->rate)
      ->description("Items a second at the most")
      ->check(more_than_nothing())
      ->type_name("N")
      ->group("Speed");
  command->footer(
      "The formats are in docs/formats/transfer.md. An export that is stopped or fails leaves "
      "nothing behind.");
  command->callback([flags, &exit_code] {
    if (flags->tables.empty() && !flags->all_tables) throw CLI::RequiredError("TABLE (or --all)");
    if ((flags->tables.size() > 1 || flags->all_tables) && flags->folder.empty()) {
      throw CLI::ValidationError("several tables need --folder");
    }
    exit_code = export_tables(*flags);
  });
}

}  // namespace dynakeep::app
