#include "wire/operations.h"

#include <algorithm>
#include <array>

#include "wire/error_json.h"
#include "wire/message_json.h"

namespace dynakeep::wire {

namespace {

template <typename Answer>
Reply reply_to(const Result<Answer>& result) {
  if (!result) return error_reply(result.error());
  auto body = encode_message(*result);
  // A result with an item that cannot be is a bug below: not the client's to mend.
  if (!body) return error_reply(Error::internal(body.error().message()));
  return {.status = 200, .body = std::move(*body), .headers = encode_extensions(*result)};
}

template <typename Request, typename Answer>
Reply carry_out(Database& database, Result<Answer> (Database::*method)(const Request&),
                std::string_view json_body, const FindHeader& find_header) {
  auto request = decode_message<Request>(json_body);
  if (!request) return error_reply(request.error());
  const auto extended = decode_extensions(find_header, *request);
  if (!extended) return error_reply(extended.error());
  // Waiting is for who has a thread to spare: see reply_to_get_records.
  if constexpr (requires { request->wait; }) request->wait = request->wait.zero();
  return reply_to((database.*method)(*request));
}

template <auto method>
Reply answer_with(Database& database, std::string_view json_body, const FindHeader& find_header) {
  return carry_out(database, method, json_body, find_header);
}

// Whoever asks for streams learns what can be done with them here.
template <auto method>
Reply answer_with_features(Database& database, std::string_view json_body,
                           const FindHeader& find_header) {
  Reply reply = answer_with<method>(database, json_body, find_header);
  Capabilities capabilities = database.capabilities();
  // A server can only hold requests for records of which it is told.
  capabilities.long_poll = capabilities.tells_of_records;
  std::string features = encode_features(capabilities);
  if (!features.empty()) reply.headers.push_back({features_header, std::move(features)});
  return reply;
}

// The one list of what the protocol can say.
constexpr std::string_view tables = target_prefix;
constexpr std::string_view streams = streams_target_prefix;

constexpr auto table = std::to_array<Operation>({
    {tables, "BatchGetItem", &answer_with<&Database::batch_get_item>},
    {tables, "BatchWriteItem", &answer_with<&Database::batch_write_item>},
    {tables, "CreateTable", &answer_with<&Database::create_table>},
    {tables, "DeleteItem", &answer_with<&Database::delete_item>},
    {tables, "DeleteTable", &answer_with<&Database::delete_table>},
    {tables, "DescribeEndpoints", &answer_with<&Database::describe_endpoints>},
    {tables, "DescribeLimits", &answer_with<&Database::describe_limits>},
    {streams, "DescribeStream", &answer_with_features<&Database::describe_stream>},
    {tables, "DescribeTable", &answer_with<&Database::describe_table>},
    {tables, "DescribeTimeToLive", &answer_with<&Database::describe_time_to_live>},
    {tables, "GetItem", &answer_with<&Database::get_item>},
    {streams, "GetRecords", &answer_with<&Database::get_records>},
    {streams, "GetShardIterator", &answer_with<&Database::get_shard_iterator>},
    {streams, "ListStreams", &answer_with_features<&Database::list_streams>},
    {tables, "ListTables", &answer_with<&Database::list_tables>},
    {tables, "ListTagsOfResource", &answer_with<&Database::list_tags_of_resource>},
    {tables, "PutItem", &answer_with<&Database::put_item>},
    {tables, "Query", &answer_with<&Database::query>},
    {tables, "Scan", &answer_with<&Database::scan>},
    {tables, "TagResource", &answer_with<&Database::tag_resource>},
    {tables, "TransactGetItems", &answer_with<&Database::transact_get_items>},
    {tables, "TransactWriteItems", &answer_with<&Database::transact_write_items>},
    {tables, "UntagResource", &answer_with<&Database::untag_resource>},
    {tables, "UpdateItem", &answer_with<&Database::update_item>},
    {tables, "UpdateTable", &answer_with<&Database::update_table>},
    {tables, "UpdateTimeToLive", &answer_with<&Database::update_time_to_live>},
});

constexpr bool by_name(const Operation& a, const Operation& b) { return a.name < b.name; }
static_assert(std::is_sorted(table.begin(), table.end(), by_name));

}  // namespace

std::span<const Operation> operations() { return table; }

const Operation* find_operation(std::string_view name) {
  const auto* found = std::lower_bound(
      table.begin(), table.end(), name,
      [](const Operation& operation, std::string_view wanted) { return operation.name < wanted; });
  return found != table.end() && found->name == name ? found : nullptr;
}

const Operation* find_target(std::string_view target) {
  const auto point = target.rfind('.');
  if (point == std::string_view::npos) return nullptr;
  const Operation* found = find_operation(target.substr(point + 1));
  return found != nullptr && found->service == target.substr(0, point) ? found : nullptr;
}

Reply answer(const Operation& operation, Database& database, std::string_view json_body,
             const FindHeader& find_header) {
  return operation.answer(database, json_body, find_header);
}

Reply reply_to_get_records(const Result<GetRecordsResult>& result) { return reply_to(result); }

Reply error_reply(const Error& error) {
  if (error.outcome_unknown() && error.code() != ErrorCode::internal_server_error) {
    return error_reply(
        Error::internal(std::string(exception_name(error.code())) + ": " + error.message()));
  }
  return {.status = status_of(error), .body = encode_error(error)};
}

}  // namespace dynakeep::wire
