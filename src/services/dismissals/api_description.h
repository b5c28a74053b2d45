#pragma once

#include <string>

#include "dynakeep/json_document.h"

namespace dynakeep::services::dismissals {

// The service in OpenAPI 3.0.0, with the names that client generators know upstream's by. Without
// `extensions`, upstream's routes only; with `tokens`, that it wants one.
JsonDocument api_description(bool extensions, bool tokens);

// The document as YAML 1.2, its strings in double quotes.
std::string to_yaml(const JsonDocument& document);

}  // namespace dynakeep::services::dismissals
