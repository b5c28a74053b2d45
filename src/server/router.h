#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/result.h"
#include "http/message.h"

namespace dynakeep::server {

// Path -> handler: the wire protocol at "/", services below paths of their own. Mounted before the
// first request; thread-safe from then on if the handlers are.
class Router {
 public:
  using Handler = std::function<http::HttpResponse(const http::HttpRequest& request)>;

  // `prefix` begins with '/' and ends without, but for "/" itself, which takes what no other does.
  // "/collections" takes "/collections" and "/collections/a", and not "/collectionsa".
  // Case does not count. invalid_argument: something is mounted there already.
  Result<void> mount(std::string prefix, Handler handler);
  bool has(std::string_view prefix) const;

  // By the handler with the longest prefix that fits; 404 if none does.
  http::HttpResponse answer(const http::HttpRequest& request) const;

 private:
  std::vector<std::pair<std::string, Handler>> handlers_;  // longest prefix first
};

}  // namespace dynakeep::server
