#include "transport/channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace dynakeep::transport {

namespace {

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(base::FileDescriptor socket) : socket_(std::move(socket)) {}

  Moved read(char* into, std::size_t bytes_max) override {
    while (true) {
      const auto count = ::recv(socket_.get(), into, bytes_max, 0);
      if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
      if (count == 0) return {.outcome = Moved::Outcome::ended};
      if (errno != EINTR) return not_moved(Moved::Outcome::wants_read);
    }
  }

  Moved write(std::string_view first, std::string_view second) override {
    std::array<iovec, 2> parts = {
        {{.iov_base = const_cast<char*>(first.data()),  // only read from
          .iov_len = first.size()},
         {.iov_base = const_cast<char*>(second.data()), .iov_len = second.size()}}};
    msghdr message = {};
    message.msg_iov = parts.data();
    message.msg_iovlen = second.empty() ? 1 : 2;
    while (true) {
      const auto count = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
      if (count > 0) return {.bytes = static_cast<std::size_t>(count)};
      if (count < 0 && errno == EINTR) continue;
      return not_moved(Moved::Outcome::wants_write);
    }
  }

  bool is_quiet() override {
    char unasked = 0;
    return ::recv(socket_.get(), &unasked, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  }

  std::string failure() const override { return system_message(error_); }
  int descriptor() const override { return socket_.get(); }
  base::FileDescriptor release() override { return std::move(socket_); }

 private:
  Moved not_moved(Moved::Outcome if_it_would_block) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.outcome = if_it_would_block};
    error_ = errno;
    return {.outcome = Moved::Outcome::failed};
  }

  base::FileDescriptor socket_;
  int error_ = 0;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(base::FileDescriptor socket) {
  return std::make_unique<PlainChannel>(std::move(socket));
}

short wait_until_ready(int descriptor, short events, Deadline deadline) {
  while (true) {
    // Rounded up, since waiting less would be waiting again.
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto left_ms = std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, INT_MAX);
    pollfd watched = {.fd = descriptor, .events = events, .revents = 0};
    const int count = ::poll(&watched, 1, static_cast<int>(left_ms));
    if (count > 0) return watched.revents;
    if (count == 0 && left_ms == 0) return 0;
    if (count < 0 && errno != EINTR) return POLLERR;  // no memory: the next try to move says it
  }
}

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace dynakeep::transport
