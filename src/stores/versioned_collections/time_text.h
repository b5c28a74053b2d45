#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep::collections {

// ISO 8601, UTC, with milliseconds, as JavaScript writes it: 2019-06-26T16:38:43.123Z.
std::string to_iso(Millis time);

// Of exactly that form, or without the fraction; nothing for any other text.
std::optional<Millis> millis_of_iso(std::string_view text);

}  // namespace dynakeep::collections
