#include "http/content_coding.h"

#include <algorithm>
#include <memory>

#include <libdeflate.h>

#include "base/invariant.h"
#include "http/message.h"

namespace dynakeep::http {

namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* owned) const { ::libdeflate_free_decompressor(owned); }
};

// What the member at the end says of its own size, as far as it can be true: a guess.
std::size_t guess_size(std::string_view packed, ContentCoding coding, std::size_t bytes_max) {
  constexpr std::size_t expansion_max = 1032;  // of deflate
  std::size_t size = 4 * packed.size();
  if (coding == ContentCoding::gzip) {
    size = 0;
    for (std::size_t i = 0; i < 4 && i < packed.size(); ++i) {
      size = size << 8U | static_cast<unsigned char>(packed[packed.size() - 1 - i]);
    }
  }
  return std::min({size, packed.size() * expansion_max, bytes_max});
}

libdeflate_result undo(libdeflate_decompressor* decompressor, ContentCoding coding,
                       std::string_view packed, char* out, std::size_t room, std::size_t& taken,
                       std::size_t& made) {
  if (coding == ContentCoding::gzip) {
    return ::libdeflate_gzip_decompress_ex(decompressor, packed.data(), packed.size(), out, room,
                                           &taken, &made);
  }
  return ::libdeflate_zlib_decompress_ex(decompressor, packed.data(), packed.size(), out, room,
                                         &taken, &made);
}

}  // namespace

std::optional<ContentCoding> parse_content_coding(std::string_view field) {
  if (field.empty() || equal_ignoring_case(field, "identity")) return ContentCoding::identity;
  if (equal_ignoring_case(field, "gzip") || equal_ignoring_case(field, "x-gzip")) {
    return ContentCoding::gzip;
  }
  if (equal_ignoring_case(field, "deflate")) return ContentCoding::deflate;
  return std::nullopt;
}

DecodedBody decode_body(std::string_view body, ContentCoding coding, std::size_t bytes_max) {
  if (coding == ContentCoding::identity) {
    if (body.size() > bytes_max) return {.failure = DecodeFailure::too_large};
    return {.bytes = std::string(body)};
  }
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      ::libdeflate_alloc_decompressor());
  INVARIANT(decompressor != nullptr);
  std::string out(guess_size(body, coding, bytes_max), '\0');
  std::size_t out_bytes = 0;
  bool again = true;
  while (again) {
    std::size_t taken = 0;
    std::size_t made = 0;
    const auto outcome = undo(decompressor.get(), coding, body, out.data() + out_bytes,
                              out.size() - out_bytes, taken, made);
    if (outcome == LIBDEFLATE_SUCCESS) {
      body.remove_prefix(taken);
      out_bytes += made;
      again = !body.empty();
      if (again && coding == ContentCoding::deflate) return {.failure = DecodeFailure::damaged};
    } else if (outcome == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (out.size() == bytes_max) return {.failure = DecodeFailure::too_large};
      constexpr std::size_t first_bytes = 4096;
      out.resize(std::min(bytes_max, std::max(2 * out.size(), first_bytes)));
    } else {
      return {.failure = DecodeFailure::damaged};
    }
  }
  out.resize(out_bytes);
  return {.bytes = std::move(out)};
}

}  // namespace dynakeep::http
