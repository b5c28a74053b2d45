#include "http/content_coding.h"

#include <string>

#include <gtest/gtest.h>
#include <libdeflate.h>

namespace dynakeep::http {
namespace {

std::string packed(std::string_view text, ContentCoding coding) {
  libdeflate_compressor* const compressor = ::libdeflate_alloc_compressor(6);
  std::string out(text.size() + 1024, '\0');
  const std::size_t bytes =
      coding == ContentCoding::gzip
          ? ::libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size())
          : ::libdeflate_zlib_compress(compressor, text.data(), text.size(), out.data(),
                                       out.size());
  ::libdeflate_free_compressor(compressor);
  out.resize(bytes);
  return out;
}

class EveryCoding : public testing::TestWithParam<ContentCoding> {};

TEST_P(EveryCoding, GivesBackWhatWasPacked) {
  for (const std::size_t size : {0U, 1U, 4096U, 100'000U}) {
    const std::string text(size, 'a');
    const DecodedBody decoded = decode_body(packed(text, GetParam()), GetParam(), 200'000);
    EXPECT_EQ(decoded.failure, std::nullopt) << size;
    EXPECT_EQ(decoded.bytes, text) << size;
  }
}

TEST_P(EveryCoding, TakesExactlyTheLimitAndNoMore) {
  const std::string text(102'400, 'a');
  EXPECT_EQ(decode_body(packed(text, GetParam()), GetParam(), 102'400).bytes.size(), 102'400U);
  EXPECT_EQ(decode_body(packed(text, GetParam()), GetParam(), 102'399).failure,
            DecodeFailure::too_large);
}

TEST_P(EveryCoding, StopsAtTheLimitHoweverMuchThereWouldBe) {
  const std::string bomb = packed(std::string(64U << 20U, '\0'), GetParam());
  EXPECT_LT(bomb.size(), 100'000U);
  EXPECT_EQ(decode_body(bomb, GetParam(), 102'400).failure, DecodeFailure::too_large);
}

TEST_P(EveryCoding, RefusesWhatIsDamaged) {
  const std::string good = packed("some text that is long enough", GetParam());
  EXPECT_EQ(decode_body("plain", GetParam(), 1000).failure, DecodeFailure::damaged);
  EXPECT_EQ(decode_body("", GetParam(), 1000).failure, DecodeFailure::damaged);
  EXPECT_EQ(decode_body(good.substr(0, good.size() - 1), GetParam(), 1000).failure,
            DecodeFailure::damaged);
  EXPECT_EQ(decode_body(good + "x", GetParam(), 1000).failure, DecodeFailure::damaged);
}

INSTANTIATE_TEST_SUITE_P(Codings, EveryCoding,
                         testing::Values(ContentCoding::gzip, ContentCoding::deflate));

TEST(ContentCoding, OfGzipIsAllMembers) {
  const std::string two = packed("one ", ContentCoding::gzip) + packed("two", ContentCoding::gzip);
  EXPECT_EQ(decode_body(two, ContentCoding::gzip, 1000).bytes, "one two");
}

TEST(ContentCoding, OfIdentityIsTheBody) {
  EXPECT_EQ(decode_body("abc", ContentCoding::identity, 3).bytes, "abc");
  EXPECT_EQ(decode_body("abc", ContentCoding::identity, 2).failure, DecodeFailure::too_large);
}

TEST(ContentCoding, IsNamedInAField) {
  EXPECT_EQ(parse_content_coding("GZip"), ContentCoding::gzip);
  EXPECT_EQ(parse_content_coding("deflate"), ContentCoding::deflate);
  EXPECT_EQ(parse_content_coding("identity"), ContentCoding::identity);
  EXPECT_EQ(parse_content_coding("br"), std::nullopt);
  EXPECT_EQ(parse_content_coding("gzip, gzip"), std::nullopt);
}

}  // namespace
}  // namespace dynakeep::http
