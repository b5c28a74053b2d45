#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "dynakeep/result.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// Where a socket connects to: IPv4 or IPv6.
struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6 = {};
  };

  socklen_t bytes() const { return any.sa_family == AF_INET ? sizeof v4 : sizeof v6; }
  void set_port(std::uint16_t port);
};

// Names to addresses, within a deadline. The system's own lookup knows none: it runs on a
// thread of its own, which a call leaves behind when its deadline comes, and which all calls for
// the same name share until it ends; so a name server that does not answer holds one thread per
// name. Nothing is remembered. Thread-safe; may be destroyed while a lookup that was left behind
// runs.
class Resolver {
 public:
  using Addresses = std::vector<SocketAddress>;
  using Lookup = std::function<Result<Addresses>(const std::string& host)>;

  Resolver();  // with the system's lookup
  explicit Resolver(Lookup lookup);
  ~Resolver();

  // At least one, in the order to try them; ports are 0. An address is its own, without a lookup.
  // unavailable: no such name, or nobody to ask; timed_out: the deadline came.
  Result<Addresses> resolve(const std::string& host, Deadline deadline);

 private:
  struct Pending;
  struct Shared;

  std::shared_ptr<Shared> shared_;  // with the threads left behind
};

}  // namespace dynakeep::transport
