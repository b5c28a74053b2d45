#pragma once

#include <string>
#include <string_view>

#include "dynakeep/error.h"
#include "http/message.h"

// What the service answers with. Errors have the three forms of the dismissals' service.
namespace dynakeep::services::user_data {

// `body` is JSON.
http::HttpResponse json_answer(int status, std::string body);

// {"error":{"message":…,"code":400}}: what is wrong with a request that reached its operation.
http::HttpResponse refusal(int status, std::string_view message);
// {"statusCode":415,"message":…}: what is wrong with a body, or with us.
http::HttpResponse failure(int status, std::string_view message);
// {"message":"Cannot GET /nope","error":"Not Found","statusCode":404}: no such path or method.
http::HttpResponse no_such_route(const http::HttpRequest& request);

// What the store says: 400, 409, 412, 413; and 500 or 503 for all that is not the caller's doing,
// which is logged and not told.
http::HttpResponse answer_to(const Error& error);

}  // namespace dynakeep::services::user_data
