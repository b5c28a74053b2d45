#include "server/router.h"

#include <algorithm>
#include <string_view>

#include "base/invariant.h"

namespace dynakeep::server {

namespace {

bool is_below(std::string_view path, std::string_view prefix) {
  if (prefix == "/") return true;
  return http::equal_ignoring_case(path.substr(0, prefix.size()), prefix) &&
         (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

bool Router::has(std::string_view prefix) const {
  return std::any_of(handlers_.begin(), handlers_.end(), [&](const auto& mounted) {
    return http::equal_ignoring_case(mounted.first, prefix);
  });
}

Result<void> Router::mount(std::string prefix, Handler handler) {
  INVARIANT(prefix == "/" || (prefix.starts_with('/') && !prefix.ends_with('/')));
  if (has(prefix)) {
    return Error(ErrorCode::invalid_argument, "two services want the path " + prefix);
  }
  handlers_.emplace_back(std::move(prefix), std::move(handler));
  std::stable_sort(handlers_.begin(), handlers_.end(), [](const auto& left, const auto& right) {
    return left.first.size() > right.first.size();
  });
  return {};
}

http::HttpResponse Router::answer(const http::HttpRequest& request) const {
  const std::string_view path = request.path();
  for (const auto& [prefix, handler] : handlers_) {
    if (is_below(path, prefix)) return handler(request);
  }
  return {.status = 404};
}

}  // namespace dynakeep::server
