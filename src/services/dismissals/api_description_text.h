#pragma once

#include <string_view>

namespace dynakeep::services::dismissals {

// OpenAPI 3.0.0 in JSON: upstream's routes, and what is merged into that: what ours adds to them,
// and that a token is wanted.
extern const std::string_view upstream_description;
extern const std::string_view our_description;
extern const std::string_view token_description;

}  // namespace dynakeep::services::dismissals
