#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/stores/versioned_collections.h"

// Versions of a resource as the routes of its history show and name them.
namespace dynakeep::services::collections {

// Appends {"version":…,"revision":…,"createdAt":…,"current":…,…,"name":…,"value":…}. A revision
// that is not known is null; what else is absent is left out.
void append_version(std::string& out, const ResourceVersion& version, bool with_value = true);

// "1561561561000", "r3", "first", "last"; nothing for any other text.
std::optional<VersionReference> parse_version_reference(std::string_view text);

}  // namespace dynakeep::services::collections
