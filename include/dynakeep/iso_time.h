#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"

// Moments as text: ISO 8601, the extended format with a time of day.
namespace dynakeep {

// UTC with milliseconds, as JavaScript writes it: "2019-06-26T16:38:43.123Z". What is finer is cut.
std::string to_iso(Time moment);

// "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123+02:00": seconds and their fraction may be
// missing, the zone may not. What is finer than a microsecond is cut. Nothing for any other text.
std::optional<Time> parse_iso(std::string_view text);

}  // namespace dynakeep
