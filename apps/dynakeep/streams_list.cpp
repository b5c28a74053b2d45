#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "complain.h"
#include "json_text.h"
#include "stream_source.h"
#include "streams_commands.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

Result<void> list(const StreamSource& source) {
  const auto database = TRY(connect(source.connection));
  TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                     {{.heading = "TABLE", .colour = Colour::cyan},
                      {.heading = "LABEL"},
                      {.heading = "STATUS"},
                      {.heading = "VIEW"},
                      {.heading = "ARN"}});
  std::optional<std::string> after;
  do {
    ListStreamsRequest request{.exclusive_start_stream_arn = after};
    if (!source.table.empty()) request.table_name = source.table;
    const ListStreamsResult page = TRY(database->list_streams(request));
    for (const StreamSummary& stream : page.streams) {
      const auto described =
          database->describe_stream({.stream_arn = stream.stream_arn, .limit = 1});
      // One may be forgotten between the two calls.
      if (!described && described.error().code() == ErrorCode::resource_not_found) continue;
      if (!described) return described.error();
      const StreamDescription& description = described->stream_description;
      const std::string_view status = to_text(description.stream_status);
      const std::string_view view = to_text(description.stream_view_type);
      if (source.json) {
        std::cout << fmt::format(
            R"({{"tableName":{},"streamLabel":{},"status":"{}","viewType":"{}","streamArn":{}}})"
            "\n",
            json_string(stream.table_name), json_string(stream.stream_label), status, view,
            json_string(stream.stream_arn));
      } else {
        table.add({stream.table_name, stream.stream_label, std::string(status), std::string(view),
                   stream.stream_arn});
      }
    }
    if (page.last_evaluated_stream_arn && page.last_evaluated_stream_arn == after) {
      return Error::internal("the listing of streams does not go on: it names " + *after +
                             " twice");
    }
    after = page.last_evaluated_stream_arn;
  } while (after && std::cout);
  if (!source.json) table.finish();
  return {};
}

}  // namespace

void add_streams_list(CLI::App& streams, int& exit_code) {
  auto source = std::make_shared<StreamSource>();
  CLI::App* command = streams.add_subcommand(
      "list", "List streams, of a table the newest first; those switched off for a day, too");
  command->add_option("table", source->table, "Only those of this table")->type_name("TABLE");
  add_connection_flag(*command, source->connection);
  command->add_flag("--json", source->json, "For programs: an object of JSON a line")
      ->group("Output");
  command->callback([source, &exit_code] {
    const auto done = list(*source);
    exit_code = done ? exit_done : complain_of_stream(*source, done.error());
  });
}

}  // namespace dynakeep::app
