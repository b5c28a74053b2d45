#include "services/versioned_collections/parameters.h"

#include <charconv>
#include <chrono>
#include <utility>

#include "dynakeep/iso_time.h"
#include "http/percent_encoding.h"

namespace dynakeep::services::collections {
namespace {

constexpr std::size_t limit_max = 1000;

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Millis> parse_time(std::string_view text) {
  if (const auto number = parse_integer<Millis>(text)) return number;
  const auto moment = parse_iso(text);
  if (!moment) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(*moment).time_since_epoch().count();
}

Result<std::optional<Millis>> time_parameter(const Call& call, std::string_view name) {
  const auto text = call.query.only(name);
  if (!text) return std::nullopt;
  const auto time = parse_time(*text);
  if (!time) {
    return refused("The parameter " + std::string(name) +
                   " is a time: milliseconds, or ISO 8601 with a zone");
  }
  return time;
}

Result<std::optional<std::size_t>> limit_parameter(const Call& call) {
  const auto text = call.query.only("limit");
  if (!text) return std::nullopt;
  const auto limit = parse_integer<std::size_t>(*text);
  if (!limit || *limit < 1 || *limit > limit_max) {
    return refused("The limit is 1 to " + std::to_string(limit_max));
  }
  return limit;
}

bool is_set(const Call& call, std::string_view name) { return call.query.only(name) == "true"; }

Result<ReadParameters> read_parameters(const Call& call) {
  ReadParameters parameters;
  const auto filter = call.query.only("filter");
  if (filter == "current") parameters.options.filter = VersionFilter::current;
  if (filter == "all") parameters.options.filter = VersionFilter::all;
  if (call.query.only("view") == "full") parameters.view = View::full;
  parameters.options.at = TRY(time_parameter(call, "at"));
  return parameters;
}

std::string next_link(const Call& call, std::string_view cursor) {
  std::string link = "<";
  for (const char c : call.request.path()) {
    // What would end the link.
    link += c == '>' ? "%3E" : std::string(1, c);
  }
  char separator = '?';
  const auto append = [&](std::string_view name, std::string_view value) {
    link += std::exchange(separator, '&');
    http::append_percent_encoded(link, name);
    link += '=';
    http::append_percent_encoded(link, value);
  };
  for (const auto& [name, value] : call.query.parameters()) {
    if (name != "cursor") append(name, value);
  }
  append("cursor", cursor);
  link += ">; rel=\"next\"";
  return link;
}

}  // namespace dynakeep::services::collections
