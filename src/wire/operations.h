#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dynakeep/database.h"
#include "dynakeep/error.h"
#include "wire/extensions.h"

// The wire protocol without its transport: what DynamoDB's JSON (version 2012-08-10, AWS JSON 1.0)
// asks of a Database and what it answers. Pure but for the Database; safe from any thread.
namespace dynakeep::wire {

// X-Amz-Target is the service's prefix, a point, and the operation's name:
// "DynamoDB_20120810.PutItem".
inline constexpr std::string_view target_prefix = "DynamoDB_20120810";
inline constexpr std::string_view streams_target_prefix = "DynamoDBStreams_20120810";

// What goes back to a client: an HTTP status (200, 400, 500, …), a JSON body, and headers of
// extensions.h.
struct Reply {
  int status = 200;
  std::string body = {};
  HeaderFields headers = {};
};

// One operation of the protocol. Rows of the one table: compare and keep by address.
struct Operation {
  std::string_view service;  // target_prefix or streams_target_prefix
  std::string_view name;     // "PutItem"
  // Decodes body and headers, calls the database, encodes its result or error.
  Reply (*answer)(Database& database, std::string_view json_body, const FindHeader& find_header);
};

// All of them, in order of their names.
std::span<const Operation> operations();

// The operation of that name, exactly as spelled; null if there is none.
const Operation* find_operation(std::string_view name);
// The one that X-Amz-Target names, with its service.
const Operation* find_target(std::string_view target);

// Carries out one request. Never fails: what goes wrong is answered as error_reply does.
Reply answer(const Operation& operation, Database& database, std::string_view json_body,
             const FindHeader& find_header = no_headers);

// What goes back for a GetRecords whose waiting is the server's.
Reply reply_to_get_records(const Result<GetRecordsResult>& result);

// An error in the wire's shape: {"__type":"…#ValidationException","message":"…"} with its status.
// One whose outcome is unknown becomes an InternalServerError, whatever its code: to a client any
// other says that nothing was done.
Reply error_reply(const Error& error);

}  // namespace dynakeep::wire
