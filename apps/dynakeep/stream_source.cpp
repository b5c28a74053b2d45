#include "stream_source.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "complain.h"
#include "moment.h"

namespace dynakeep::app {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t number_digits_min = 21;  // of sequence numbers; moments have fewer
constexpr auto enabling_patience = 2min;

Error no_stream(const TableDescription& table) {
  std::string text = fmt::format(
      "the table '{0}' has no stream: 'dynakeep tail {0} --enable "
      "NEW_AND_OLD_IMAGES' makes one",
      table.table_name);
  if (table.latest_stream_arn) {
    text += fmt::format("; --arn {} reads the one it had", *table.latest_stream_arn);
  }
  return {ErrorCode::not_found, std::move(text)};
}

Result<TableDescription> describe(Database& database, const StreamSource& source) {
  auto described = database.describe_table({.table_name = source.table});
  if (!described && described.error().code() == ErrorCode::resource_not_found) {
    return Error::resource_not_found(
        fmt::format("there is no table '{}' at {}", source.table, source.connection.database));
  }
  return TRY(std::move(described)).table;
}

bool has_stream(const TableDescription& table) {
  return table.latest_stream_arn && table.stream_specification &&
         table.stream_specification->stream_enabled.value_or(false);
}

std::vector<std::string> key_names(const KeySchema& schema) {
  std::vector<std::string> names;
  for (const KeySchemaElement& element : schema) {
    names.push_back(element.attribute_name.value_or(""));
  }
  return names;
}

OpenStream stream_of(const TableDescription& table, std::unique_ptr<Database> database) {
  return {.database = std::move(database),
          .arn = *table.latest_stream_arn,
          .table = table.table_name,
          .keys = key_names(table.key_schema)};
}

// Returns early when asked to stop.
void pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

const std::map<std::string, StreamViewType> view_types = {
    {"KEYS_ONLY", StreamViewType::keys_only},
    {"NEW_IMAGE", StreamViewType::new_image},
    {"OLD_IMAGE", StreamViewType::old_image},
    {"NEW_AND_OLD_IMAGES", StreamViewType::new_and_old_images}};

std::string_view to_text(StreamViewType view) {
  for (const auto& [text, value] : view_types) {
    if (value == view) return text;
  }
  return {};
}

std::string_view to_text(StreamStatus status) {
  switch (status) {
    case StreamStatus::enabling:
      return "ENABLING";
    case StreamStatus::enabled:
      return "ENABLED";
    case StreamStatus::disabling:
      return "DISABLING";
    case StreamStatus::disabled:
      break;
  }
  return "DISABLED";
}

void add_stream_source(CLI::App& command, StreamSource& source) {
  command.add_option("table", source.table, "Table whose stream it is")->type_name("TABLE");
  add_connection_flag(command, source.connection);
  command.add_option("--arn", source.arn, "The stream, in place of its table")
      ->type_name("ARN")
      ->group("Data");
  command.add_flag("--json", source.json, "For programs: an object of JSON a line")
      ->group("Output");
}

void check_source(const StreamSource& source) {
  if (source.table.empty() == source.arn.empty()) throw CLI::RequiredError("TABLE (or --arn)");
}

Result<OpenStream> open_stream(const StreamSource& source) {
  auto database = TRY(connect(source.connection));
  if (source.arn.empty()) {
    const TableDescription table = TRY(describe(*database, source));
    if (!has_stream(table)) return no_stream(table);
    return stream_of(table, std::move(database));
  }
  auto described = database->describe_stream({.stream_arn = source.arn, .limit = 1});
  if (!described && described.error().code() == ErrorCode::resource_not_found) {
    return Error::resource_not_found(
        fmt::format("there is no stream '{}' at {}", source.arn, source.connection.database));
  }
  const StreamDescription stream = TRY(std::move(described)).stream_description;
  return OpenStream{.database = std::move(database),
                    .arn = source.arn,
                    .table = stream.table_name,
                    .keys = key_names(stream.key_schema)};
}

Result<OpenStream> open_or_enable_stream(const StreamSource& source, StreamViewType view,
                                         const std::stop_token& stop) {
  auto database = TRY(connect(source.connection));
  TableDescription table = TRY(describe(*database, source));
  if (!has_stream(table)) {
    TRY(database->update_table({.table_name = source.table,
                                .stream_specification = StreamSpecification{
                                    .stream_enabled = true, .stream_view_type = view}}));
  }
  const auto begun = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    table = TRY(describe(*database, source));
    if (has_stream(table)) {
      const auto described = database->describe_stream({.stream_arn = table.latest_stream_arn});
      if (described && described->stream_description.stream_status == StreamStatus::enabled) {
        break;
      }
    }
    if (std::chrono::steady_clock::now() - begun > enabling_patience) {
      return Error(
          ErrorCode::timed_out,
          fmt::format("the stream of '{}' is not enabled after two minutes", source.table));
    }
    pause(200ms, stop);
  }
  if (!has_stream(table)) return no_stream(table);
  return stream_of(table, std::move(database));
}

int complain_of_stream(const StreamSource& source, const Error& error) {
  const bool misused = is_misuse(source.connection, error);
  return complain(misused ? exit_misused : exit_failed, error.message());
}

Result<StreamDescription> describe_whole_stream(Database& database, const std::string& arn) {
  StreamDescription whole;
  std::optional<std::string> after;
  do {
    auto page =
        TRY(database.describe_stream({.stream_arn = arn, .exclusive_start_shard_id = after}))
            .stream_description;
    if (page.last_evaluated_shard_id && page.last_evaluated_shard_id == after) {
      return Error::internal("the listing of shards does not go on: it names " + *after + " twice");
    }
    after = page.last_evaluated_shard_id;
    auto shards = std::move(whole.shards);
    whole = std::move(page);
    shards.insert(shards.end(), std::make_move_iterator(whole.shards.begin()),
                  std::make_move_iterator(whole.shards.end()));
    whole.shards = std::move(shards);
  } while (after);
  return whole;
}

CLI::Option* add_from(CLI::App& command, StreamFrom& from, const std::string& description) {
  const auto take = [&from](const std::string& text) -> bool {
    if (text == "latest" || text == "trim-horizon") {
      from.kind = text == "latest" ? StreamStart::Kind::latest : StreamStart::Kind::trim_horizon;
      return true;
    }
    if (const std::size_t equals = text.find('='); equals != std::string::npos) {
      const std::string number = text.substr(equals + 1);
      from.kind = StreamStart::Kind::positions;
      from.shards[text.substr(0, equals)] = {StreamPosition::Kind::after, number};
      return equals > 0 && is_sequence_number(number);
    }
    if (text.size() >= number_digits_min && is_sequence_number(text)) {
      from.kind = StreamStart::Kind::after_position;
      from.number = text;
      return true;
    }
    from.kind = StreamStart::Kind::timestamp;
    from.time = parse_moment(text, system_clock().now());
    return from.time.has_value();
  };
  return command
      .add_option_function<std::vector<std::string>>(
          "--from",
          [&from, take](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              if (!take(text)) {
                throw CLI::ValidationError(
                    "--from", "'" + text +
                                  "' is no place: write latest, trim-horizon, a time such as "
                                  "\"2h ago\" or 2026-01-31T12:00:00Z, a sequence number, or "
                                  "SHARD=NUMBER");
              }
            }
            if (texts.size() > 1 && from.shards.size() != texts.size()) {
              throw CLI::ValidationError("--from", "only SHARD=NUMBER may be repeated");
            }
          },
          description)
      ->allow_extra_args(false)
      ->type_name("WHERE");
}

void read_stream(const StreamSource& source, const StreamFrom& from, StreamStart::Kind otherwise,
                 StreamConsumerOptions& options) {
  (source.table.empty() ? options.stream_arn : options.table_name) =
      source.table.empty() ? source.arn : source.table;
  options.from = from.kind.value_or(otherwise);
  options.time = from.time;
  options.shards = from.shards;
  options.position = from.number;
}

}  // namespace dynakeep::app
