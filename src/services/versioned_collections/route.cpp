#include "services/versioned_collections/route.h"

#include <algorithm>
#include <utility>

#include "http/percent_encoding.h"

namespace dynakeep::services::collections {
namespace {

// "/a/b" and "/a/b/" are "a", "b"; "/" is none; "//" is an empty one.
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return segments;
  if (path.ends_with('/')) path.remove_suffix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == path.npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

bool is_parameter(std::string_view word) { return word.starts_with('{'); }

bool fits(const std::vector<std::string_view>& pattern,
          const std::vector<std::string_view>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](std::string_view word, std::string_view segment) {
                      return is_parameter(word) ? !segment.empty()
                                                : http::equal_ignoring_case(word, segment);
                    });
}

// A route with its pattern taken apart.
struct Row {
  const Route* route = nullptr;
  std::vector<std::string_view> pattern = {};
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = [] {
    std::vector<Row> made;
    for (const auto& routes : all_routes()) {
      for (const Route& route : routes) made.push_back({&route, segments_of(route.pattern)});
    }
    return made;
  }();
  return all;
}

std::string& parameter(Match& match, std::string_view word) {
  if (word == "{user}") return match.user;
  if (word == "{c}") return match.collection;
  if (word == "{e}") return match.entry;
  return match.version;
}

}  // namespace

std::vector<std::span<const Route>> all_routes() {
  return {collection_routes(), entry_routes(),  history_routes(),
          batch_routes(),      change_routes(), description_routes()};
}

std::optional<Match> match(std::string_view method, std::string_view path) {
  const auto segments = segments_of(path);
  std::vector<std::string> decoded;
  for (const std::string_view segment : segments) {
    auto text = http::strictly_percent_decoded(segment);
    if (!text) return std::nullopt;
    decoded.push_back(std::move(*text));
  }
  const std::string_view wanted = method == "HEAD" ? std::string_view("GET") : method;

  Match found;
  for (const auto& [route, pattern] : rows()) {
    if (!fits(pattern, segments)) continue;
    found.allowed.push_back(route->method);
    if (route->method != wanted) continue;
    found.route = route;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (is_parameter(pattern[i])) parameter(found, pattern[i]) = std::move(decoded[i]);
    }
    return found;
  }
  return found;
}

}  // namespace dynakeep::services::collections
