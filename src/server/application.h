#pragma once

#include <cstdint>
#include <functional>

#include "dynakeep/result.h"
#include "http/message.h"

namespace dynakeep::server {

// What a listener serves: messages in, messages out. All are called from many threads at
// once, must not throw, and must not sleep in a disk sync.
struct Application {
  // The answer to a request. What it waits for is noted in the thread's DeferredDurability.
  std::function<http::HttpResponse(const http::HttpRequest& request)> answer = {};

  // The answer to bytes that are no request (400), or are one too long (431, 413) or too many
  // (503). Empty: one without a body.
  std::function<http::HttpResponse(int status)> refusal = {};

  // As Database::when_durable.
  std::function<void(std::uint64_t position, std::function<void(const Result<void>&)> done)>
      when_durable = {};

  // The answer to give instead of `held`, whose writes the disk refused.
  std::function<http::HttpResponse(const http::HttpResponse& held, const Error& error)>
      not_durable = {};
};

}  // namespace dynakeep::server
