#pragma once

#include <string_view>

#include "http/message.h"

namespace dynakeep::services::collections {

// openapi.json: the description of all routes. Their table and the answers of tests are held
// against it.
extern const std::string_view openapi_json;

// What a GET of it is answered with.
http::HttpResponse openapi_answer(const http::HttpRequest& request);

}  // namespace dynakeep::services::collections
