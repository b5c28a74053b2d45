#pragma once

#include <string_view>

#include "support/http_client.h"

namespace dynakeep::contract {

// Fails the test if openapi.json does not have the answer's status, or the type of its body, at the
// request's route. What names no route is passed over, and what GET and DELETE answer if they are
// given a body.
//
// If DYNAKEEP_EXCHANGES names a file, the exchange is appended to it as a line of JSON, by which
// tests/interop/openapi holds the bodies against their schemas.
void expect_described(std::string_view method, std::string_view target,
                      const support::HttpClient::Headers& headers, std::string_view body,
                      const support::HttpAnswer& answer);

}  // namespace dynakeep::contract
