#include "transport/answer_body.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <libdeflate.h>

#include "base/invariant.h"

namespace dynakeep::transport {

namespace {

Error refusal(std::string message) { return {ErrorCode::unavailable, std::move(message)}; }

Result<void> check_sum(std::string_view body, std::string_view expected) {
  std::uint32_t sum = 0;
  const char* const end = expected.data() + expected.size();
  const auto [stopped, problem] = std::from_chars(expected.data(), end, sum);
  if (problem == std::errc() && stopped == end &&
      sum == ::libdeflate_crc32(0, body.data(), body.size())) {
    return {};
  }
  return refusal("its answer came damaged: x-amz-crc32 is of other bytes");
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* owned) const { ::libdeflate_free_decompressor(owned); }
};

// What the member at the end says of its own size, as far as it can be true: a guess.
std::size_t guess_size(std::string_view packed, std::size_t bytes_max) {
  constexpr std::size_t expansion_max = 1032;  // of deflate
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4 && i < packed.size(); ++i) {
    size = size << 8U | static_cast<unsigned char>(packed[packed.size() - 1 - i]);
  }
  return std::min({size, packed.size() * expansion_max, bytes_max});
}

// All members (RFC 1952, 2.2) one after the other.
Result<std::string> gunzip(std::string_view packed, std::size_t bytes_max) {
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      ::libdeflate_alloc_decompressor());
  INVARIANT(decompressor != nullptr);
  std::string out(guess_size(packed, bytes_max), '\0');
  std::size_t out_bytes = 0;
  do {
    std::size_t taken = 0;
    std::size_t made = 0;
    const auto outcome = ::libdeflate_gzip_decompress_ex(decompressor.get(), packed.data(),
                                                         packed.size(), out.data() + out_bytes,
                                                         out.size() - out_bytes, &taken, &made);
    if (outcome == LIBDEFLATE_SUCCESS) {
      packed.remove_prefix(taken);
      out_bytes += made;
    } else if (outcome == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (out.size() == bytes_max) return refusal("its answer is larger than is taken");
      constexpr std::size_t first_bytes = 4096;
      out.resize(std::min(bytes_max, std::max(2 * out.size(), first_bytes)));
    } else {
      return refusal("its answer came damaged: it is not gzip, as it says");
    }
  } while (!packed.empty());
  out.resize(out_bytes);
  return out;
}

}  // namespace

Result<void> unpack_body(http::HttpResponse& response, std::size_t bytes_max) {
  if (const auto sum = response.headers.find("x-amz-crc32")) TRY(check_sum(response.body, *sum));
  const auto encoding = response.headers.find("content-encoding");
  if (!encoding || http::equal_ignoring_case(*encoding, "identity")) return {};
  if (!http::equal_ignoring_case(*encoding, "gzip")) {
    return refusal("its answer is in an encoding that nobody asked for");
  }
  response.body = TRY(gunzip(response.body, bytes_max));
  response.headers.remove("content-encoding");
  return {};
}

}  // namespace dynakeep::transport
