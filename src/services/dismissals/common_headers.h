#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dynakeep/services/dismissals.h"
#include "http/message.h"

namespace dynakeep::services::dismissals {

// The headers that every answer has, whatever it says: those for browsers' security, and those that
// let scripts of other origins read it.
class CommonHeaders {
 public:
  CommonHeaders(const DismissalSecurityHeaders& security, const DismissalCors& cors);

  void add_to(http::HttpResponse& answer, const http::HttpRequest& request) const;

  // Whether OPTIONS is a browser's question, on every path. Else it is a method nobody knows.
  bool answers_preflight() const { return cors_.enabled; }
  // What it asks before it sends a request of another origin's; 400 if it is no such question. Add
  // the headers above, too.
  http::HttpResponse preflight(const http::HttpRequest& request) const;

 private:
  const DismissalCors cors_;
  const bool any_origin_;
  std::vector<std::pair<std::string, std::string>> security_ = {};
};

}  // namespace dynakeep::services::dismissals
