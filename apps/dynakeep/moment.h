#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/App.hpp>

#include "dynakeep/clock.h"

namespace dynakeep::app {

// A point in time as a person writes it: milliseconds since 1970 ("1561561561000"), ISO 8601
// ("2026-01-31T12:00:00Z", and a day, "2026-01-31", as the start of it in UTC), "now", how long
// ago: "90s ago", "2h ago", "3 days ago", or how long from now: "in 90d". Nothing for any other
// text.
std::optional<Time> parse_moment(std::string_view text, Time now);

// A length of time: a number and a unit, "90s", "15m", "12h", "30d", "2 weeks". Nothing for any
// other text, and for 0 and what is longer than a thousand years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// Options that take one. What is neither is refused as misused, with the forms there are.
CLI::Option* add_moment(CLI::App& command, const std::string& flag, std::optional<Time>& moment,
                        const std::string& description);
CLI::Option* add_duration(CLI::App& command, const std::string& flag,
                          std::optional<std::chrono::milliseconds>& duration,
                          const std::string& description);

}  // namespace dynakeep::app
