#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/versioned_collections.h"

// Members of the bodies that our own routes take. invalid_argument, with the member's name, for
// what is not of its kind; what is absent is nothing, and of an array all is absent.
namespace dynakeep::services::collections {

// At least 0 and written without fraction and exponent.
Result<std::int64_t> whole_number(const JsonDocument& value, std::string_view name);
// true or false; false if it is absent.
Result<bool> flag_member(const JsonDocument& body, std::string_view name);
// As parse_time(), from a number or a string.
Result<std::optional<Millis>> time_member(const JsonDocument& body, std::string_view name);

// Which version is to be restored: one of `version`, `revision` and `at`, or none for the newest.
Result<std::optional<VersionReference>> version_members(const JsonDocument& body);

}  // namespace dynakeep::services::collections
