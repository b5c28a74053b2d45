#pragma once

#include <string>
#include <string_view>

#include "dynakeep/stores/dismissals.h"
#include "http/message.h"
#include "services/dismissals/operations.h"

// The bodies that the service answers with, to the byte: dismissals.md lists them. Where an error
// arises decides its shape, and so does this file, by its status.
namespace dynakeep::services::dismissals {

http::HttpResponse json_answer(int status, std::string body);

// {"error":{"message":"…","code":400}} of what an operation refused, but for 429 and 500 on:
// {"statusCode":500,"message":"…"}. With Retry-After where there is something to wait for.
http::HttpResponse refused(const Refusal& refusal);
// The second of them whatever the status: of a body that cannot be read.
http::HttpResponse unreadable(int status, std::string_view message);
// {"message":"Cannot GET /nope","error":"Not Found","statusCode":404}
http::HttpResponse no_route(std::string_view method, std::string_view target);
// 400: the target's escapes are broken.
http::HttpResponse bad_target(std::string_view target);
// The answer to what is no request, or one too long or too many.
http::HttpResponse no_request(int status);

// {"itemId":"…","userId":"…","createdAt":"…","dismissedAt":"…"}. With `all`, what upstream does
// not have as well, where it is there: dismissedUntil, expiresAt, dismissCount, seenCount.
void append_item(std::string& out, const Dismissible& item, bool all);

// Bytes of a request line as JSON text: what is past ASCII as if it were Latin-1, which is how
// upstream sees it.
std::string utf8_of_latin1(std::string_view bytes);

}  // namespace dynakeep::services::dismissals
