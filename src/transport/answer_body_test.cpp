#include "transport/answer_body.h"

#include <cstdint>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

namespace dynakeep::transport {
namespace {

using testing::HasSubstr;

constexpr std::size_t bytes_max = 100'000;

std::string gzip(const std::string& body) {
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      ::libdeflate_alloc_compressor(6), ::libdeflate_free_compressor);
  std::string packed(::libdeflate_gzip_compress_bound(compressor.get(), body.size()), '\0');
  packed.resize(::libdeflate_gzip_compress(compressor.get(), body.data(), body.size(),
                                           packed.data(), packed.size()));
  return packed;
}

std::string sum_of(const std::string& body) {
  return std::to_string(::libdeflate_crc32(0, body.data(), body.size()));
}

http::HttpResponse gzipped(const std::string& packed) {
  http::HttpResponse response{.body = packed};
  response.headers.add("Content-Encoding", "gzip");
  response.headers.add("x-amz-crc32", sum_of(packed));
  return response;
}

// What is unpacked from the bytes, or what is said against them.
std::string unpacked(const std::string& packed, std::size_t most = bytes_max) {
  http::HttpResponse response = gzipped(packed);
  const auto done = unpack_body(response, most);
  if (done) return response.body;
  const bool too_large = done.error().message().ends_with("larger than is taken");
  EXPECT_EQ(done.error().code(), too_large ? ErrorCode::limit_exceeded : ErrorCode::unavailable);
  return done.error().message();
}

TEST(AnswerBody, IsLeftAsItIsWithoutAnEncoding) {
  http::HttpResponse response{.body = "{}"};
  ASSERT_TRUE(unpack_body(response, bytes_max));
  EXPECT_EQ(response.body, "{}");
  response.headers.add("Content-Encoding", "identity");
  ASSERT_TRUE(unpack_body(response, bytes_max));
  EXPECT_EQ(response.body, "{}");
}

TEST(AnswerBody, IsCheckedAgainstItsSum) {
  for (const auto& [sum, right] : std::vector<std::pair<std::string, bool>>{{"2745614147", true},
                                                                            {"2745614148", false},
                                                                            {"", false},
                                                                            {"2745614147 ", false},
                                                                            {"-1", false},
                                                                            {"7040581443", false},
                                                                            {"0x1", false}}) {
    http::HttpResponse response{.body = "{}"};
    response.headers.add("X-Amz-CRC32", sum);
    const auto done = unpack_body(response, bytes_max);
    ASSERT_EQ(done.has_value(), right) << sum;
    if (right) continue;
    EXPECT_EQ(done.error().code(), ErrorCode::unavailable);
    EXPECT_THAT(done.error().message(), HasSubstr("x-amz-crc32"));
  }
}

TEST(AnswerBody, IsUnpackedAfterItsSumWasTakenOfThePackedBytes) {
  const std::string body(50'000, 'x');
  http::HttpResponse response = gzipped(gzip(body));
  ASSERT_TRUE(unpack_body(response, bytes_max));
  EXPECT_EQ(response.body, body);
  EXPECT_FALSE(response.headers.contains("Content-Encoding"));

  http::HttpResponse other{.body = gzip(body)};
  other.headers.add("Content-Encoding", "gzip");
  other.headers.add("x-amz-crc32", sum_of(body));
  EXPECT_FALSE(unpack_body(other, bytes_max));
}

TEST(AnswerBody, IsUnpackedWhateverItSaysOfItsSize) {
  const std::string body(50'000, 'x');
  std::string packed = gzip(body);
  EXPECT_EQ(unpacked(packed), body);
  EXPECT_EQ(unpacked(gzip("")), "");
  EXPECT_EQ(unpacked(gzip("short") + packed + gzip("")), "short" + body);
  EXPECT_EQ(unpacked(packed + gzip("short")), body + "short");
  // The trailer's size is part of what is checked.
  packed.back() = '\x7f';
  EXPECT_THAT(unpacked(packed), HasSubstr("not gzip"));
  packed.replace(packed.size() - 4, 4, std::string(4, '\0'));
  EXPECT_THAT(unpacked(packed), HasSubstr("not gzip"));
}

TEST(AnswerBody, IsBoundedWhateverItUnpacksTo) {
  const std::string packed = gzip(std::string(1000, 'x'));
  EXPECT_EQ(unpacked(packed, 1000).size(), 1000U);
  EXPECT_THAT(unpacked(packed, 999), HasSubstr("larger than is taken"));
  EXPECT_THAT(unpacked(packed + packed, 1999), HasSubstr("larger than is taken"));
  EXPECT_EQ(unpacked(packed + packed, 2000).size(), 2000U);
  EXPECT_THAT(unpacked(gzip(std::string(50'000'000, 'x'))), HasSubstr("larger than is taken"));
}

TEST(AnswerBody, IsRefusedIfItIsNotWhatItSays) {
  const std::string packed = gzip("hello");
  EXPECT_THAT(unpacked("hello"), HasSubstr("not gzip"));
  EXPECT_THAT(unpacked(""), HasSubstr("not gzip"));
  EXPECT_THAT(unpacked(packed + "x"), HasSubstr("not gzip"));
  for (std::size_t cut = 0; cut < packed.size(); ++cut) {
    EXPECT_THAT(unpacked(packed.substr(0, cut)), HasSubstr("not gzip")) << cut;
  }
  http::HttpResponse response{.body = "hello"};
  response.headers.add("Content-Encoding", "br");
  EXPECT_FALSE(unpack_body(response, bytes_max));
}

}  // namespace
}  // namespace dynakeep::transport
