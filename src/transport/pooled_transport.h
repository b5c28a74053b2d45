#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "dynakeep/result.h"
#include "transport/proxy.h"
#include "transport/transport.h"

namespace dynakeep::transport {

struct TransportOptions {
  std::size_t connections_max = 256;               // in use at once; further calls wait for one
  std::chrono::milliseconds idle_timeout{20'000};  // an unused connection is not used after that
  std::chrono::milliseconds connect_timeout{3'000};
  std::size_t answer_bytes_max = std::size_t{64} << 20;  // of a body
  std::string ca_bundle = {};  // a PEM file of the authorities to trust; empty: the system's store
  ProxySettings proxies = {};  // none, if not said, whatever the environment says
};

// Connections that are kept for the next request to the same origin, the last used first. One that
// the server closed meanwhile is noticed before a request is put on it, as far as that can be
// seen. Calls beyond connections_max wait in their order. No threads (but for lookups of names, see
// Resolver) and no global state. The system's store is read when https:// is first used. gzip is
// asked for.
//
// Destroying it closes the connections. No call may be running then.
//
// invalid_argument: an option that makes no sense, a ca_bundle that cannot be read.
Result<std::unique_ptr<Transport>> make_pooled_transport(const TransportOptions& options = {});

}  // namespace dynakeep::transport
