#include "transport/connect.h"

#include <cerrno>
#include <chrono>
#include <string>

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "transport/channel.h"
#include "transport/url.h"

namespace dynakeep::transport {

namespace {

constexpr int connected = 0;

// 0, or why not: an errno.
int connect_socket(const base::FileDescriptor& socket, const SocketAddress& address,
                   Deadline deadline) {
  if (::connect(socket.get(), &address.any, address.bytes()) == 0) return connected;
  if (errno != EINPROGRESS && errno != EINTR) return errno;
  if (wait_until_ready(socket.get(), POLLOUT, deadline) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t error_bytes = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &error_bytes) != 0) return errno;
  return error;
}

}  // namespace

Result<base::FileDescriptor> connect_to(const Origin& origin, Resolver& resolver,
                                        Deadline deadline) {
  auto addresses = TRY(resolver.resolve(origin.host, deadline));
  int error = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    base::FileDescriptor socket(
        ::socket(addresses[i].any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
      error = errno;
      continue;
    }
    // A request is one write; what is held back for more waits for nothing.
    const int on = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    addresses[i].set_port(origin.port);
    const auto now = std::chrono::steady_clock::now();
    const auto share = (deadline - now) / static_cast<long>(addresses.size() - i);
    error = connect_socket(socket, addresses[i], now + share);
    if (error == connected) return socket;
  }
  return Error(error == ETIMEDOUT ? ErrorCode::timed_out : ErrorCode::unavailable,
               "cannot connect to " + to_string(origin) + ": " + system_message(error));
}

}  // namespace dynakeep::transport
