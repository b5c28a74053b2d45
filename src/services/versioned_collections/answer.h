#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/error.h"
#include "dynakeep/stores/versioned_collections.h"
#include "http/entity_tag.h"
#include "http/message.h"
#include "services/versioned_collections/call.h"

// What handlers answer with. The service adds what every answer has: CORS, and the log's line.
namespace dynakeep::services::collections {

http::HttpResponse empty_answer(int status);
http::HttpResponse text_answer(int status, std::string text);
// `body` is JSON.
http::HttpResponse json_answer(int status, std::string body);
// 200 with a weak tag of the body, or 304 if the request has it.
http::HttpResponse tagged_answer(const Call& call, std::string body);

// ---- what went wrong ----

// How an answer calls what went wrong.
struct Refusal {
  int status = 0;
  std::string_view code = {};
};
// What the store says: 400, 404, 409, 410, 412, and 502 for all that is not the caller's doing.
Refusal refusal_of(const Error& error);

// In the route's form: "Error: <message>", or {"error": code, "message": message}. A 404 of the
// text form has no body.
http::HttpResponse refusal(const Call& call, int status, std::string_view code,
                           std::string_view message);
// The same by refusal_of(): 412 with the state's ETag, and 502, which is logged, with the cause.
http::HttpResponse refusal(const Call& call, const Error& error);

// ---- states and their tags ----

// "1561561561000", "1561561561000.d" when deleted.
http::EntityTag tag_of(const StateTag& state);
// Nothing for what is no such tag; also for a weak one, which identifies no state.
std::optional<StateTag> state_of(const http::EntityTag& tag);

// ETag, X-Version and X-Revision (where it is known) of a resource's state.
void put_state(http::HttpResponse& answer, const ResourceVersion& state);

// Whether If-None-Match names what a GET would send: then the answer is not_modified().
bool is_known(const Call& call, const http::EntityTag& tag);
// 304, with the ETag.
http::HttpResponse not_modified(const http::EntityTag& tag);

}  // namespace dynakeep::services::collections
