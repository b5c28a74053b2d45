#include "services/dismissals/route.h"

#include <algorithm>
#include <cstddef>

#include "base/utf8.h"
#include "services/dismissals/answers.h"

namespace dynakeep::services::dismissals {

namespace {

constexpr std::size_t parameter_units_max = 100;

struct Route {
  RouteName name;
  std::string_view method;
  std::string_view pattern;
  bool is_ours = false;
};

constexpr Route routes[] = {
    {RouteName::health, "GET", "health"},
    {RouteName::get_item, "GET", "v1/users/{user}/items/{item}"},
    {RouteName::dismiss, "DELETE", "v1/users/{user}/items/{item}"},
    {RouteName::restore, "POST", "v1/users/{user}/items/{item}"},
    {RouteName::get_items, "POST", "v1/users/{user}/items"},

    {RouteName::ready, "GET", "health/ready", true},
    {RouteName::count_showing, "POST", "v1/users/{user}/items/{item}/showings", true},
    {RouteName::list, "GET", "v1/users/{user}/items", true},
    {RouteName::erase, "DELETE", "v1/users/{user}/items", true},
    {RouteName::count, "GET", "v1/users/{user}/counts", true},
    {RouteName::restore_all, "POST", "v1/users/{user}/restore", true},
    {RouteName::dismiss_items, "POST", "v1/users/{user}/dismissals", true},
    {RouteName::restore_items, "POST", "v1/users/{user}/restorations", true},
    {RouteName::dismiss_for_users, "POST", "v1/items/{item}/dismissals", true},
};

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<std::string> decoded(std::string_view segment) {
  if (segment.find('%') == std::string_view::npos) return utf8_of_latin1(segment);
  std::string text;
  std::string escaped;  // by the escapes in a row
  for (std::size_t i = 0; i < segment.size();) {
    if (segment[i] != '%') {
      text += utf8_of_latin1(segment.substr(i++, 1));
      continue;
    }
    escaped.clear();
    for (; i < segment.size() && segment[i] == '%'; i += 3) {
      if (i + 2 >= segment.size()) return std::nullopt;
      const auto high = hex_digit(segment[i + 1]);
      const auto low = hex_digit(segment[i + 2]);
      if (!high || !low) return std::nullopt;
      escaped += static_cast<char>(*high << 4U | *low);
    }
    if (!base::is_utf8(escaped)) return std::nullopt;
    text += escaped;
  }
  return text;
}

// As JavaScript counts: those past the basic plane are two.
std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

std::optional<RouteMatch> match(const Route& route, const std::vector<std::string>& segments) {
  RouteMatch found{.name = route.name};
  std::string_view rest = route.pattern;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto slash = rest.find('/');
    const std::string_view wanted = rest.substr(0, slash);
    const bool is_last = slash == std::string_view::npos;
    if (is_last != (i + 1 == segments.size())) return std::nullopt;
    if (!is_last) rest.remove_prefix(slash + 1);
    if (wanted == "{user}" || wanted == "{item}") {
      if (utf16_units(segments[i]) > parameter_units_max) return std::nullopt;
      (wanted == "{user}" ? found.user : found.item) = segments[i];
    } else if (wanted != segments[i]) {
      return std::nullopt;
    }
  }
  return found;
}

}  // namespace

std::optional<std::vector<std::string>> segments_of(std::string_view path) {
  std::vector<std::string> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    auto segment = decoded(path.substr(0, slash));
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

std::optional<RouteMatch> find_route(std::string_view method,
                                     const std::vector<std::string>& segments, bool extensions) {
  if (method == "HEAD") method = "GET";
  for (const Route& route : routes) {
    if (route.method != method || (route.is_ours && !extensions)) continue;
    if (auto found = match(route, segments)) return found;
  }
  return std::nullopt;
}

}  // namespace dynakeep::services::dismissals
