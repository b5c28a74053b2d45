#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/message.h"

namespace dynakeep::server {

// Path -> handler: the wire protocol at "/", services below paths of their own. Mounted before the
// first request; thread-safe from then on if the handlers are.
class Router {
 public:
  using Handler = std::function<http::HttpResponse(const http::HttpRequest& request)>;

  // `prefix` begins with '/' and ends without, but for "/" itself, which takes what no other does.
  // "/collections" takes "/collections" and "/collections/a", and not "/collectionsa".
  void mount(std::string prefix, Handler handler);

  // By the handler with the longest prefix that fits; 404 if none does.
  http::HttpResponse answer(const http::HttpRequest& request) const;

 private:
  std::vector<std::pair<std::string, Handler>> handlers_;  // longest prefix first
};

}  // namespace dynakeep::server
