// Any bytes on a connection: they are read as the same requests, and refused alike, however they
// are cut. The first byte says where; the rest is what the client sends.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/invariant.h"
#include "server/request_parser.h"

using namespace dynakeep::server;

namespace {

using State = RequestParser::State;

constexpr RequestLimits limits{.header_bytes_max = 512, .body_bytes_max = 512};

struct Read {
  std::vector<std::string> requests = {};
  bool refused = false;  // what follows them
};

// What a connection would make of it.
Read read(std::string_view bytes, std::size_t piece) {
  RequestParser parser(limits);
  Read found;
  std::string held;
  while (!bytes.empty() && parser.state() != State::failed) {
    held += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (!held.empty()) {
      const std::size_t taken = parser.put(held);
      INVARIANT(taken <= held.size());
      held.erase(0, taken);
      if (parser.state() == State::failed) {
        found.refused = true;
        break;
      }
      if (parser.state() == State::complete) {
        const auto& request = parser.request();
        INVARIANT(request.body.size() <= limits.body_bytes_max);
        INVARIANT(request.headers.text().size() <= 4 * limits.header_bytes_max);
        found.requests.push_back(request.method + " " + request.target + "\n" +
                                 std::string(request.headers.text()) + "\n" + request.body +
                                 (parser.keep_alive() ? " stays" : " goes"));
        parser.next();
      } else if (taken == 0) {
        break;
      }
    }
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Within the limits in every piece: how much of an endless line is looked at before it is refused
  // depends on the pieces.
  if (size < 2 || size > limits.header_bytes_max) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read whole = read(bytes, bytes.size());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1} + data[0] % 64U}) {
    const Read pieces = read(bytes, piece);
    INVARIANT(pieces.requests == whole.requests);
    INVARIANT(pieces.refused == whole.refused);
  }
  return 0;
}
