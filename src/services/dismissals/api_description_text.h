#pragma once

#include <string_view>

namespace dynakeep::services::dismissals {

// OpenAPI 3.0.0 in JSON: upstream's routes (upstream_openapi.json), and what is merged into that:
// what ours adds to them (our_openapi.json), and that a token is wanted (token_openapi.json).
extern const std::string_view upstream_description;
extern const std::string_view our_description;
extern const std::string_view token_description;

}  // namespace dynakeep::services::dismissals
