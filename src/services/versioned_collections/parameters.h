#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "dynakeep/stores/versioned_collections.h"
#include "services/versioned_collections/call.h"
#include "services/versioned_collections/representation.h"

// What a request's query says. Parameters that are repeated or unknown say nothing; errors are
// invalid_argument.
namespace dynakeep::services::collections {

// Milliseconds, "1561561561000", or ISO 8601 with a zone, "2026-01-31T12:00:00.123+02:00".
std::optional<Millis> parse_time(std::string_view text);

Result<std::optional<Millis>> time_parameter(const Call& call, std::string_view name);
// 1 to 1000.
Result<std::optional<std::size_t>> limit_parameter(const Call& call);
// Exactly "true".
bool is_set(const Call& call, std::string_view name);

// filter, at and view. A filter that is none is "latest".
struct ReadParameters {
  ReadOptions options = {};
  View view = View::plain;

  // Whether more is asked for than how things are now: that takes the permission `history`.
  bool asks_for_history() const {
    return options.at.has_value() || options.filter == VersionFilter::all;
  }
};
Result<ReadParameters> read_parameters(const Call& call);

// A link to the same list from `cursor` on, as the Link header has it: `<…>; rel="next"`.
std::string next_link(const Call& call, std::string_view cursor);

}  // namespace dynakeep::services::collections
