#pragma once

#include <string>
#include <vector>

#include "dynakeep/service.h"
#include "http/message.h"

namespace dynakeep::http {

// Every Service is one of these: requests in, responses out, no sockets.
class HttpService : public Service {
 public:
  // The paths it takes with all below them, without a '/' at their end: "/api". "/" is every path
  // that nobody else takes. Compared without regard to case.
  virtual std::vector<std::string> paths() const = 0;

  // Called from many threads at once; must not throw or wait long. What the answer waits for on
  // disk is noted in the thread's DeferredDurability.
  virtual HttpResponse answer(const HttpRequest& request) = 0;

  // Of the service that takes "/": the answer to bytes that are no request (400), or are one too
  // long (431, 413) or too many (503). The connection ends behind it.
  virtual HttpResponse answer_no_request(int status) const { return {.status = status}; }
};

}  // namespace dynakeep::http
