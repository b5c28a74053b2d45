#include "transport/resolver.h"

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>

#include "transport/channel.h"

namespace dynakeep::transport {

namespace {

std::optional<SocketAddress> parse_address(const std::string& host) {
  SocketAddress address;
  if (::inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    return address;
  }
  address.v4 = {};
  if (::inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    return address;
  }
  return std::nullopt;
}

Error unresolved(const std::string& host, const std::string& why) {
  return {ErrorCode::unavailable, "the name " + host + " cannot be resolved: " + why};
}

Result<Resolver::Addresses> ask_system(const std::string& host) {
  addrinfo wanted = {};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &wanted, &list);
  if (failed != 0) {
    return unresolved(host, failed == EAI_SYSTEM ? system_message(errno) : ::gai_strerror(failed));
  }
  Resolver::Addresses found;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    SocketAddress& address = found.emplace_back();
    std::memcpy(&address.v6, one->ai_addr, one->ai_addrlen);
  }
  ::freeaddrinfo(list);
  if (found.empty()) return unresolved(host, "it has no address");
  return found;
}

}  // namespace

void SocketAddress::set_port(std::uint16_t port) {
  (any.sa_family == AF_INET ? v4.sin_port : v6.sin6_port) = htons(port);
}

struct Resolver::Pending {
  std::condition_variable done;
  std::optional<Result<Addresses>> found;  // guarded by Shared::mutex
};

struct Resolver::Shared {
  explicit Shared(Lookup lookup_given) : lookup(std::move(lookup_given)) {}

  const Lookup lookup;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Pending>> pending;  // guarded by mutex
};

Resolver::Resolver() : Resolver(ask_system) {}
Resolver::Resolver(Lookup lookup) : shared_(std::make_shared<Shared>(std::move(lookup))) {}
Resolver::~Resolver() = default;

Result<Resolver::Addresses> Resolver::resolve(const std::string& host, Deadline deadline) {
  if (const auto address = parse_address(host)) return Addresses{*address};

  std::unique_lock lock(shared_->mutex);
  std::shared_ptr<Pending> pending = shared_->pending[host];
  if (pending == nullptr) {
    pending = std::make_shared<Pending>();
    shared_->pending[host] = pending;
    try {
      std::thread([shared = shared_, pending, host] {
        auto found = shared->lookup(host);
        const std::lock_guard ended(shared->mutex);
        pending->found = std::move(found);
        shared->pending.erase(host);
        pending->done.notify_all();
      }).detach();
    } catch (const std::system_error& refused) {
      shared_->pending.erase(host);
      return unresolved(host, std::string("no thread to ask: ") + refused.what());
    }
  }
  if (!pending->done.wait_until(lock, deadline, [&] { return pending->found.has_value(); })) {
    return Error(ErrorCode::timed_out, "the name " + host + " was not resolved in time");
  }
  return *pending->found;
}

}  // namespace dynakeep::transport
