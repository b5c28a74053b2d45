#include "transport/answer_body.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <libdeflate.h>

#include "http/content_coding.h"

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

}  // namespace

Result<void> unpack_body(http::HttpResponse& response, std::size_t bytes_max) {
  if (const auto sum = response.headers.find("x-amz-crc32")) TRY(check_sum(response.body, *sum));
  const auto encoding = response.headers.find("content-encoding");
  const auto coding = http::parse_content_coding(encoding.value_or("identity"));
  if (coding == http::ContentCoding::identity) return {};
  if (coding != http::ContentCoding::gzip) {
    return refusal("its answer is in an encoding that nobody asked for");
  }
  http::DecodedBody decoded = http::decode_body(response.body, *coding, bytes_max);
  if (decoded.failure == http::DecodeFailure::too_large) {
    return Error(ErrorCode::limit_exceeded, "its answer is larger than is taken");
  }
  if (decoded.failure) return refusal("its answer came damaged: it is not gzip, as it says");
  response.body = std::move(decoded.bytes);
  response.headers.remove("content-encoding");
  return {};
}

}  // namespace dynakeep::transport
