#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynakeep::services::dismissals {

// The segments of a path, each percent-decoded: "/v1/users//items/%61" is v1, users, "", items, a.
// Nothing if an escape is broken, or what escapes stand for is not UTF-8. Bytes past ASCII that are
// not escaped are taken as Latin-1.
std::optional<std::vector<std::string>> segments_of(std::string_view path);

// Each operation that has a path.
enum class RouteName : std::uint8_t {
  health,
  get_item,
  dismiss,
  restore,
  get_items,
  // Ours:
  ready,
  count_showing,
  list,
  erase,
  count,
  restore_all,
  dismiss_items,
  restore_items,
  dismiss_for_users,
};

struct RouteMatch {
  RouteName name = RouteName::health;
  std::string user = {};
  std::string item = {};
};

// Case counts, and so does a slash at the end. GET stands for HEAD too. What {…} stands for may be
// empty, and has at most 100 characters, counted as JavaScript does. Without `extensions`,
// upstream's routes only.
std::optional<RouteMatch> find_route(std::string_view method,
                                     const std::vector<std::string>& segments, bool extensions);

}  // namespace dynakeep::services::dismissals
