#include "stream_group.h"

#include <fstream>
#include <iterator>
#include <utility>

#include <CLI/Error.hpp>
#include <fmt/format.h>

#include "complain.h"
#include "stream_places.h"

namespace dynakeep::app {

namespace {

Result<StreamDocument> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(ErrorCode::not_found, fmt::format("'{}' cannot be read", path));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto document = parse_stream_document(text);
  if (!document) {
    return Error(document.error().code(), path + ": " + document.error().message());
  }
  return document;
}

Error of_another(const StreamGroup& group, const StreamScope& scope) {
  return {ErrorCode::invalid_argument,
          fmt::format("{} is the checkpoint of group \"{}\" on stream {}", group.checkpoints,
                      scope.group, scope.stream_arn)};
}

}  // namespace

void add_group_flags(CLI::App& command, StreamGroup& group) {
  add_stream_source(command, group.source);
  command.add_option("--group", group.name, "Whose checkpoints these are")->type_name("NAME");
  command
      .add_option("--checkpoints", group.checkpoints,
                  "Where they are: a file, or table:NAME of the database")
      ->required()
      ->type_name("PLACE");
}

void check_group(const StreamGroup& group) {
  if (!is_table_place(group.checkpoints)) return;
  check_source(group.source);
  if (group.name.empty()) throw CLI::RequiredError("--group");
}

Result<GroupProgress> read_progress(const StreamGroup& group) {
  GroupProgress read;
  if (is_table_place(group.checkpoints)) {
    OpenStream stream = TRY(open_stream(group.source));
    read.scope = {.group = group.name, .stream_arn = stream.arn};
    const auto checkpoints = TRY(open_checkpoints(group.checkpoints, stream.database.get(), false));
    read.progress = TRY(checkpoints->load(read.scope));
    read.database = std::move(stream.database);
    return read;
  }
  StreamDocument document = TRY(read_file(group.checkpoints));
  read.scope = std::move(document.scope);
  read.progress = std::move(document.progress);
  const bool is_named = group.name.empty() || group.name == read.scope.group;
  if (!is_named) return of_another(group, read.scope);
  if (!group.source.table.empty() || !group.source.arn.empty()) {
    const OpenStream stream = TRY(open_stream(group.source));
    if (stream.arn != read.scope.stream_arn) return of_another(group, read.scope);
  }
  return read;
}

int complain_of_group(const StreamGroup& group, const Error& error) {
  const bool needs_database = is_table_place(group.checkpoints);
  const bool misused = needs_database ? is_misuse(group.source.connection, error)
                                      : error.code() == ErrorCode::invalid_argument;
  return complain(misused ? exit_misused : exit_failed, error.message());
}

std::string_view state_text(ShardState state) {
  switch (state) {
    case ShardState::pending:
      return "waits for its parent";
    case ShardState::ready:
      return "reading";
    case ShardState::completed:
      return "completed";
    case ShardState::lost:
      break;
  }
  return "lost";
}

std::string position_text(const StreamPosition& position) {
  switch (position.kind) {
    case StreamPosition::Kind::trim_horizon:
      return "nothing yet";
    case StreamPosition::Kind::latest:
      return "nothing since the start";
    case StreamPosition::Kind::at:
      return "before " + position.sequence_number;
    case StreamPosition::Kind::after:
      return "up to " + position.sequence_number;
    case StreamPosition::Kind::end:
      break;
  }
  return "all";
}

}  // namespace dynakeep::app
