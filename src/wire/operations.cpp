#include "wire/operations.h"

#include <algorithm>
#include <array>

#include "wire/error_json.h"
#include "wire/message_json.h"

namespace dynakeep::wire {

namespace {

template <typename Request, typename Answer>
Reply carry_out(Database& database, Result<Answer> (Database::*method)(const Request&),
                std::string_view json_body) {
  const auto request = decode_message<Request>(json_body);
  if (!request) return error_reply(request.error());
  const auto result = (database.*method)(*request);
  if (!result) return error_reply(result.error());
  auto body = encode_message(*result);
  // A result with an item that cannot be is a bug below: not the client's to mend.
  if (!body) return error_reply(Error::internal(body.error().message()));
  return {.status = 200, .body = std::move(*body)};
}

template <auto method>
Reply answer_with(Database& database, std::string_view json_body) {
  return carry_out(database, method, json_body);
}

// The one list of what the protocol can say.
constexpr auto table = std::to_array<Operation>({
    {"BatchGetItem", &answer_with<&Database::batch_get_item>},
    {"BatchWriteItem", &answer_with<&Database::batch_write_item>},
    {"CreateTable", &answer_with<&Database::create_table>},
    {"DeleteItem", &answer_with<&Database::delete_item>},
    {"DeleteTable", &answer_with<&Database::delete_table>},
    {"DescribeEndpoints", &answer_with<&Database::describe_endpoints>},
    {"DescribeLimits", &answer_with<&Database::describe_limits>},
    {"DescribeTable", &answer_with<&Database::describe_table>},
    {"GetItem", &answer_with<&Database::get_item>},
    {"ListTables", &answer_with<&Database::list_tables>},
    {"ListTagsOfResource", &answer_with<&Database::list_tags_of_resource>},
    {"PutItem", &answer_with<&Database::put_item>},
    {"Query", &answer_with<&Database::query>},
    {"Scan", &answer_with<&Database::scan>},
    {"TagResource", &answer_with<&Database::tag_resource>},
    {"TransactGetItems", &answer_with<&Database::transact_get_items>},
    {"TransactWriteItems", &answer_with<&Database::transact_write_items>},
    {"UntagResource", &answer_with<&Database::untag_resource>},
    {"UpdateItem", &answer_with<&Database::update_item>},
    {"UpdateTable", &answer_with<&Database::update_table>},
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

Reply answer(const Operation& operation, Database& database, std::string_view json_body) {
  return operation.answer(database, json_body);
}

Reply error_reply(const Error& error) {
  if (error.outcome_unknown() && error.code() != ErrorCode::internal_server_error) {
    return error_reply(
        Error::internal(std::string(exception_name(error.code())) + ": " + error.message()));
  }
  return {.status = status_of(error), .body = encode_error(error)};
}

}  // namespace dynakeep::wire
