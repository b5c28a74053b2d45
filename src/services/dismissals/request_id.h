#pragma once

#include <string>

#include "http/message.h"

namespace dynakeep::services::dismissals {

// The request's own x-request-id, if it has one of at most 200 bytes; else a random UUID (RFC 9562,
// version 4).
std::string request_id_of(const http::HttpRequest& request);

}  // namespace dynakeep::services::dismissals
