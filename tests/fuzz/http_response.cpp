// Any bytes from a server: they are read as the same response, and refused alike, however they are
// cut, and what they unpack to stays within its bound. The first byte says where they are cut and
// what was asked; the rest is what the server sends before it closes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "transport/answer_body.h"
#include "transport/response_parser.h"

using namespace dynakeep;
using transport::ResponseParser;

namespace {

using State = ResponseParser::State;

constexpr http::MessageLimits limits{.header_bytes_max = 512, .body_bytes_max = 512};

struct Read {
  State state = State::head;
  http::HttpResponse response = {};
  std::size_t left = 0;  // of the bytes, behind the response
  bool stays = false;

  bool operator==(const Read& other) const {
    return state == other.state && response.status == other.response.status &&
           response.headers.text() == other.response.headers.text() &&
           response.body == other.response.body && left == other.left && stays == other.stays;
  }
};

// What a connection would make of it.
Read read(std::string_view bytes, std::size_t piece, std::string_view method) {
  ResponseParser parser(limits);
  parser.expect_answer_to(method);
  const auto is_over = [&] {
    return parser.state() == State::complete || parser.state() == State::failed;
  };
  std::string held;
  while (!bytes.empty() && !is_over()) {
    held += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (!held.empty() && !is_over()) {
      const std::size_t taken = parser.put(held);
      INVARIANT(taken <= held.size());
      held.erase(0, taken);
      if (taken == 0) break;
    }
  }
  if (!is_over()) parser.finish();
  if (parser.state() != State::complete) return {.state = parser.state()};
  const bool stays = parser.keep_alive();
  return {.state = State::complete,
          .response = parser.take(),
          .left = held.size() + bytes.size(),
          .stays = stays};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Within the limits in every piece: how much of an endless line is looked at before it is refused
  // depends on the pieces.
  if (size < 2 || size > limits.header_bytes_max) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view method = data[0] < 128 ? "POST" : data[0] < 192 ? "HEAD" : "CONNECT";
  Read whole = read(bytes, bytes.size(), method);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1} + data[0] % 64U}) {
    const Read pieces = read(bytes, piece, method);
    // A part of a response is nothing to anybody.
    if (whole.state != State::complete && whole.state != State::failed) {
      INVARIANT(pieces.state != State::complete && pieces.state != State::failed);
    } else {
      INVARIANT(pieces == whole);
    }
  }
  if (whole.state != State::complete) return 0;
  INVARIANT(whole.response.status >= 200 && whole.response.status <= 999);
  INVARIANT(whole.response.body.size() <= limits.body_bytes_max);
  constexpr std::size_t unpacked_bytes_max = 4096;
  if (transport::unpack_body(whole.response, unpacked_bytes_max)) {
    INVARIANT(whole.response.body.size() <= unpacked_bytes_max);
  }
  return 0;
}
