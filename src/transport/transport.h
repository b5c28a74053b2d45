#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "http/message.h"

namespace dynakeep::transport {

// Where requests go: scheme, host and port of a URL.
struct Origin {
  bool secure = false;    // https
  std::string host = {};  // a name or an address; IPv6 without brackets
  std::uint16_t port = 80;

  friend bool operator==(const Origin&, const Origin&) = default;
};

// A point of the clock that no one sets.
using Deadline = std::chrono::steady_clock::time_point;

// Carries requests to where they go. Thread-safe; a call holds its thread until it has an answer.
class Transport {
 public:
  virtual ~Transport() = default;

  // The answer to the request, whatever its status, whole and as the server meant it: chunks
  // joined, gzip undone, x-amz-crc32 found right. The caller sets Host; Content-Length, Connection
  // and Accept-Encoding are the transport's. Never sends a request a second time.
  //
  // unavailable: nobody there, the connection was lost, the certificate is not good, or the answer
  // makes no sense (not HTTP, a wrong checksum); limit_exceeded: the answer is larger than is
  // taken; timed_out: the deadline came. Each says in outcome_unknown() whether the server may have
  // acted on the request: false if not all of it was sent.
  virtual Result<http::HttpResponse> send(const Origin& to, const http::HttpRequest& request,
                                          Deadline deadline) = 0;
};

}  // namespace dynakeep::transport
