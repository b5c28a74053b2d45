#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "transport/transport.h"

namespace dynakeep::transport {

// What became of a try to move bytes.
struct Moved {
  enum class Outcome : unsigned char {
    some,         // `bytes` were moved, at least one
    wants_read,   // nothing yet: wait until the socket can be read
    wants_write,  // or written
    ended,        // the other side has closed, in good order
    failed,       // Channel::failure() says how
  };
  Outcome outcome = Outcome::some;
  std::size_t bytes = 0;
};

// Bytes both ways over a connected socket, plain or through TLS. Never waits. Not thread-safe.
class Channel {
 public:
  virtual ~Channel() = default;

  virtual Moved read(char* into, std::size_t bytes_max) = 0;
  // From the front of the two parts as if they were one. What is tried again must begin with the
  // same bytes.
  virtual Moved write(std::string_view first, std::string_view second) = 0;

  // Whether the connection is open as far as can be seen, and nothing has come that nobody asked
  // for. Before a request, so that a connection closed by the server while idle is not used.
  virtual bool is_quiet() = 0;

  // After Outcome::failed, for a person: "Connection reset by peer".
  virtual std::string failure() const = 0;

  virtual int descriptor() const = 0;
  // Gives the socket up, for another kind of channel on it.
  virtual base::FileDescriptor release() = 0;
};

// The socket must not block.
std::unique_ptr<Channel> plain_channel(base::FileDescriptor socket);

// Waits until the socket is ready for one of the events (poll's), has failed, or the deadline has
// come: then 0, else the events.
short wait_until_ready(int descriptor, short events, Deadline deadline);

// "Connection refused" for ECONNREFUSED.
std::string system_message(int error);

}  // namespace dynakeep::transport
