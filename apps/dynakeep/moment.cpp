#include "moment.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include <CLI/Error.hpp>

#include "dynakeep/iso_time.h"

namespace dynakeep::app {

namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view letter;
  std::string_view word;
  std::int64_t seconds;
};

constexpr auto units = std::to_array<Unit>({{"s", "second", 1},
                                            {"m", "minute", 60},
                                            {"h", "hour", 3600},
                                            {"d", "day", 86400},
                                            {"w", "week", 604800}});

constexpr std::int64_t seconds_max = std::int64_t{1000} * 366 * 86400;

// Takes the digits that `text` begins with. Nothing if there are none, or too many.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool is_plural_of(std::string_view text, std::string_view word) {
  return text.size() == word.size() + 1 && text.starts_with(word) && text.back() == 's';
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto number = take_number(text);
  if (!number || *number == 0) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  for (const Unit& unit : units) {
    if (text != unit.letter && text != unit.word && !is_plural_of(text, unit.word)) continue;
    if (*number > seconds_max / unit.seconds) return std::nullopt;
    return std::chrono::seconds(*number * unit.seconds);
  }
  return std::nullopt;
}

std::optional<Time> parse_moment(std::string_view text, Time now) {
  constexpr std::string_view ago = " ago";
  constexpr std::string_view from_now = "in ";
  constexpr std::int64_t milliseconds_max = 9'999'999'999'999;  // as long as versions are
  if (text == "now") return now;
  if (text.ends_with(ago)) {
    const auto duration = parse_duration(text.substr(0, text.size() - ago.size()));
    return duration ? std::optional(now - *duration) : std::nullopt;
  }
  if (text.starts_with(from_now)) {
    const auto duration = parse_duration(text.substr(from_now.size()));
    return duration ? std::optional(now + *duration) : std::nullopt;
  }
  std::string_view rest = text;
  const auto number = take_number(rest);
  if (number && rest.empty()) {
    return *number <= milliseconds_max ? std::optional(Time(milliseconds(*number))) : std::nullopt;
  }
  if (const auto moment = parse_iso(text)) return moment;
  return parse_iso(std::string(text) + "T00:00Z");
}

CLI::Option* add_moment(CLI::App& command, const std::string& flag, std::optional<Time>& moment,
                        const std::string& description) {
  return command
      .add_option_function<std::string>(
          flag,
          [flag, &moment](const std::string& text) {
            moment = parse_moment(text, system_clock().now());
            if (moment) return;
            throw CLI::ValidationError(flag,
                                       "'" + text +
                                           "' is no time: write 2026-01-31T12:00:00Z, 2026-01-31, "
                                           "milliseconds since 1970, or \"2h ago\"");
          },
          description)
      ->type_name("TIME");
}

CLI::Option* add_duration(CLI::App& command, const std::string& flag,
                          std::optional<milliseconds>& duration, const std::string& description) {
  return command
      .add_option_function<std::string>(
          flag,
          [flag, &duration](const std::string& text) {
            duration = parse_duration(text);
            if (duration) return;
            throw CLI::ValidationError(
                flag, "'" + text + "' is no length of time: write 90s, 15m, 12h, 30d or 2w");
          },
          description)
      ->type_name("DURATION");
}

}  // namespace dynakeep::app
