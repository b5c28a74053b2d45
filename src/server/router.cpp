#include "server/router.h"

#include <algorithm>
#include <string_view>

#include "base/invariant.h"

namespace dynakeep::server {

namespace {

bool is_below(std::string_view path, std::string_view prefix) {
  if (prefix == "/") return true;
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

void Router::mount(std::string prefix, Handler handler) {
  INVARIANT(prefix == "/" || (prefix.starts_with('/') && !prefix.ends_with('/')));
  handlers_.emplace_back(std::move(prefix), std::move(handler));
  std::stable_sort(handlers_.begin(), handlers_.end(), [](const auto& left, const auto& right) {
    return left.first.size() > right.first.size();
  });
}

http::HttpResponse Router::answer(const http::HttpRequest& request) const {
  const std::string_view path = request.path();
  for (const auto& [prefix, handler] : handlers_) {
    if (is_below(path, prefix)) return handler(request);
  }
  return {.status = 404};
}

}  // namespace dynakeep::server
