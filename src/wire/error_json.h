#pragma once

#include <string>
#include <string_view>

#include "dynakeep/error.h"

// Errors as DynamoDB's JSON protocol sends them, in both directions:
//
//   400 {"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
//        "message":"The conditional request failed","Item":{…}}
namespace dynakeep::wire {

// 500 for what is not the client's fault, 503 if that is known to have done nothing (a database
// elsewhere that cannot be reached), 400 for everything else.
int status_of(const Error& error);

// The namespace before the exception's name, the spelling of "message" or "Message", and the
// details (Item, CancellationReasons) are those of the real service. An empty message is left out.
std::string encode_error(const Error& error);

// What an answer with a status other than 200 says. Takes any body: from a proxy or a load balancer
// it may not be JSON. An exception that ErrorCode does not know becomes validation or, from status
// 500 on, internal_server_error, and its name stands before the message.
Error decode_error(int status, std::string_view body);

// The same, with the exception's name as it was sent: there are more of them than a caller of
// Database would act on, and a client's retries look at them all.
struct SentError {
  Error error;
  std::string exception = {};  // "ExpiredTokenException"; empty if there was none
};
SentError decode_sent_error(int status, std::string_view body);

}  // namespace dynakeep::wire
