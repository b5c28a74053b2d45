#include "remote/ask_capabilities.h"

#include <string_view>
#include <utility>

#include "remote/token.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

bool is_of_the_network(const Error& error) {
  return error.code() == ErrorCode::unavailable || error.code() == ErrorCode::timed_out;
}

// The first line, without what would not print on it.
std::string one_line(std::string_view text) {
  std::string line(text.substr(0, text.find_first_of("\r\n")));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

// What it says it is in the Server header, or what is known by it.
std::string engine_called(std::string_view server) {
  if (server.empty()) return "unknown";
  if (server.starts_with("Jetty")) return "DynamoDB Local";
  if (server.starts_with("Seastar") || server.starts_with("Scylla")) return "ScyllaDB Alternator";
  return one_line(server.substr(0, 100));
}

// The operation that every engine has, and that changes nothing.
Result<std::string> ask_engine(RemoteDatabase& database) {
  const auto answer = database.exchange("ListTables", R"({"Limit":1})", Repeats::is_read);
  if (answer) return engine_called(answer->headers.find("server").value_or(""));
  const Error& error = answer.error();
  if (error.code() == ErrorCode::access_denied) return engine_called("");
  if (is_of_the_network(error)) return error;
  const std::string said =
      error.message().empty() ? std::string(exception_name(error.code())) : error.message();
  return Error(error.code(),
               to_string(database.endpoint()) + " refuses to list tables: " + one_line(said));
}

// How many actions a transaction may have; 0: there are no transactions.
Result<std::size_t> ask_transactions(RemoteDatabase& database, const std::string& no_table) {
  constexpr std::size_t fewest = 10;
  for (const std::size_t count : {std::size_t{100}, std::size_t{25}, fewest}) {
    std::vector<TransactGetItem> gets;
    for (std::size_t i = 0; i < count; ++i) {
      gets.push_back(
          {.get = TransactGet{.table_name = no_table, .key = Key{{"key", std::to_string(i)}}}});
    }
    const auto answer = database.transact_get_items({.transact_items = std::move(gets)});
    if (answer) return count;
    if (is_of_the_network(answer.error())) return answer.error();
    if (answer.error().code() == ErrorCode::unknown_operation) return std::size_t{0};
    if (answer.error().code() != ErrorCode::validation) return count;
  }
  return fewest;
}

// In a batch: the 2020 DynamoDB Local looks at the values of a single put after its table.
Result<bool> ask_empty_values(RemoteDatabase& database, const std::string& no_table) {
  const auto answer =
      database.batch_write_item({.request_items = std::map<std::string, std::vector<WriteRequest>>{
                                     {no_table, {{.put = Item{{"key", "x"}, {"empty", ""}}}}}}});
  if (!answer && is_of_the_network(answer.error())) return answer.error();
  return answer || answer.error().code() != ErrorCode::validation;
}

Result<bool> ask_tags(RemoteDatabase& database, const std::string& no_table) {
  const auto answer =
      database.list_tags_of_resource({.resource_arn = "arn:aws:dynamodb:" + database.region() +
                                                      ":000000000000:table/" + no_table});
  if (!answer && is_of_the_network(answer.error())) return answer.error();
  return answer || answer.error().code() != ErrorCode::unknown_operation;
}

// Whether there are streams, and what can be done with them that DynamoDB cannot.
Result<void> ask_streams(RemoteDatabase& database, Capabilities& capabilities) {
  const auto answer = database.exchange("ListStreams", R"({"Limit":1})", Repeats::is_read);
  if (!answer && is_of_the_network(answer.error())) return answer.error();
  capabilities.streams = answer || answer.error().code() != ErrorCode::unknown_operation;
  const auto features = answer ? answer->headers.find(wire::features_header) : std::nullopt;
  wire::decode_features(features.value_or(""), capabilities);
  return {};
}

Result<bool> ask_time_to_live(RemoteDatabase& database, const std::string& no_table) {
  // Dynalite describes what it cannot update.
  const auto answer =
      database.update_time_to_live({.table_name = no_table,
                                    .time_to_live_specification = TimeToLiveSpecification{
                                        .enabled = true, .attribute_name = "expires"}});
  if (!answer && is_of_the_network(answer.error())) return answer.error();
  return answer || answer.error().code() != ErrorCode::unknown_operation;
}

}  // namespace

Result<Capabilities> ask_capabilities(RemoteDatabase& database) {
  // Having none is access_denied too, but means something else than the service's.
  TRY(database.find_credentials());
  const std::string no_table = "dynakeep-asks-" + new_token();
  Capabilities capabilities;
  capabilities.engine = TRY(ask_engine(database));
  capabilities.transaction_actions_max = TRY(ask_transactions(database, no_table));
  capabilities.transactions = capabilities.transaction_actions_max != 0;
  capabilities.empty_values = TRY(ask_empty_values(database, no_table));
  capabilities.tags = TRY(ask_tags(database, no_table));
  TRY(ask_streams(database, capabilities));
  capabilities.time_to_live = TRY(ask_time_to_live(database, no_table));
  return capabilities;
}

}  // namespace dynakeep::remote
