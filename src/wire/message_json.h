#pragma once

#include <string>
#include <string_view>

#include "dynakeep/result.h"

// Every request and result of database.h as the JSON of its operation, in both directions: a server
// decodes requests and encodes results, a client the other way round. decode(encode(x)) is x.
namespace dynakeep::wire {

// Members that the message does not know are passed over, as DynamoDB does. Refused:
// - text that is not JSON, and values of a type that no member can be made of: serialization,
//   with DynamoDB's message, or without one for text that is not JSON at all;
// - legacy parameters (Expected, AttributesToGet, …) and ReplicaUpdates: validation, since to pass
//   over a condition would be to write without it.
// Values that DynamoDB does not take come as refused items (ItemAccess), and words that an enum
// does not know in `unknown_words`, for the engine to answer in their turn.
template <typename Message>
Result<Message> decode_message(std::string_view json);

// Fails with a validation error if the message holds an item that cannot be, in its words.
template <typename Message>
Result<std::string> encode_message(const Message& message);

}  // namespace dynakeep::wire
