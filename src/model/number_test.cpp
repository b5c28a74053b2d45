#include "dynakeep/number.h"

#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "model/encoded_number.h"

namespace dynakeep {
namespace {

std::string text_of(std::string_view spelled) {
  const auto number = Number::parse(spelled);
  return number ? number->to_string() : number.error().message();
}

std::string bytes_of(const Number& number) {
  std::string out;
  model::append_number(out, number);
  return out;
}

TEST(Number, ReadsEverySpellingAndAnswersInPlainNotation) {
  const std::array<std::pair<std::string_view, std::string_view>, 17> cases{{
      {"0", "0"},
      {"-0", "0"},
      {"0e999", "0"},
      {"1", "1"},
      {"+1", "1"},
      {"1.0", "1"},
      {"10e-1", "1"},
      {"007", "7"},
      {"-12.50", "-12.5"},
      {".5", "0.5"},
      {"5.", "5"},
      {"1E2", "100"},
      {"1.23e-5", "0.0000123"},
      {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
      {"0.1234567890123456789012345678901234567800", "0.12345678901234567890123456789012345678"},
      {"123.456e1", "1234.56"},
      {"1000000000000000000000000000000000000000000",
       "1000000000000000000000000000000000000000000"},
  }};
  for (const auto& [spelled, plain] : cases) EXPECT_EQ(text_of(spelled), plain) << spelled;
}

TEST(Number, RefusesInDynamoDBsWords) {
  for (const std::string_view text : {"abc", "1x", "-", ".", "e5", "1e", "1 ", " 1", "1.2.3",
                                      "0x10", "NaN", "Infinity", "--1", "1e5.5"}) {
    EXPECT_EQ(text_of(text),
              "The parameter cannot be converted to a numeric value: " + std::string(text));
  }
  EXPECT_EQ(text_of(""), "The parameter cannot be converted to a numeric value");
  EXPECT_EQ(text_of("123456789012345678901234567890123456789"),
            "Attempting to store more than 38 significant digits in a Number");
  EXPECT_EQ(
      text_of("1e126"),
      "Number overflow. Attempting to store a number with magnitude larger than supported range");
  EXPECT_EQ(
      text_of("-1e99999999999999999999"),
      "Number overflow. Attempting to store a number with magnitude larger than supported range");
  EXPECT_EQ(
      text_of("1e-131"),
      "Number underflow. Attempting to store a number with magnitude smaller than supported range");
}

TEST(Number, HoldsTheEndsOfItsRange) {
  EXPECT_TRUE(Number::parse("1e-130"));
  EXPECT_TRUE(Number::parse("9.9999999999999999999999999999999999999e125"));
  EXPECT_TRUE(Number::parse("-9.9999999999999999999999999999999999999e125"));
}

TEST(Number, ComesFromEveryIntegerExactly) {
  EXPECT_EQ(Number(std::numeric_limits<std::int64_t>::min()).to_string(), "-9223372036854775808");
  EXPECT_EQ(Number(std::numeric_limits<std::uint64_t>::max()).to_string(), "18446744073709551615");
  EXPECT_EQ(Number(std::int8_t{-7}).to_string(), "-7");
  EXPECT_EQ(Number(120).to_int64(), 120);
  EXPECT_EQ(Number(std::numeric_limits<std::int64_t>::min()).to_int64(),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(Number(std::numeric_limits<std::uint64_t>::max()).to_int64(), std::nullopt);
  EXPECT_EQ(Number::parse("1.5")->to_int64(), std::nullopt);
}

TEST(Number, ComesFromADoubleByItsShortestSpelling) {
  EXPECT_EQ(Number::from_double(0.1)->to_string(), "0.1");
  EXPECT_EQ(Number::from_double(-2.5e-10)->to_string(), "-0.00000000025");
  EXPECT_FALSE(Number::from_double(1e300));
  EXPECT_FALSE(Number::from_double(std::nan("")));
  EXPECT_EQ(Number::from_double(0.1)->to_double(), 0.1);
}

TEST(Number, SumsAreExactOrRefused) {
  const auto sum = [](std::string_view a, std::string_view b) {
    const auto result = add(*Number::parse(a), *Number::parse(b));
    return result ? result->to_string() : result.error().message();
  };
  EXPECT_EQ(sum("1", "2"), "3");
  EXPECT_EQ(sum("0.1", "0.2"), "0.3");
  EXPECT_EQ(sum("-1", "1"), "0");
  EXPECT_EQ(sum("5", "-7.5"), "-2.5");
  EXPECT_EQ(sum("99999999999999999999999999999999999999", "1"),
            "100000000000000000000000000000000000000");
  EXPECT_EQ(sum("1e37", "0.1"), "Attempting to store more than 38 significant digits in a Number");
  EXPECT_EQ(
      sum("9e125", "9e125"),
      "Number overflow. Attempting to store a number with magnitude larger than supported range");
  EXPECT_EQ(subtract(Number(3), Number(5))->to_string(), "-2");
  EXPECT_EQ(subtract(Number(0), Number(5))->to_string(), "-5");
}

TEST(EncodedNumber, HasTheBytesOfTheFormatPage) {
  const std::array<std::pair<std::string_view, std::string_view>, 7> cases{{
      {"0", "02"},
      {"1", "03820b00"},    // 0.1e1: exponent 1 + 129, pair 10 + 1
      {"12", "03830d00"},   // 0.12e2
      {"-12", "017cf2ff"},  // the complement of 830d00
      {"0.5", "03813300"},  // 0.5e0
      {"123.4", "03840d2300"},
      {"1e-130", "03000b00"},
  }};
  for (const auto& [spelled, hex] : cases) {
    std::string found;
    for (const char c : bytes_of(*Number::parse(spelled))) {
      constexpr std::string_view digits = "0123456789abcdef";
      found += digits[static_cast<unsigned char>(c) >> 4];
      found += digits[static_cast<unsigned char>(c) & 15];
    }
    EXPECT_EQ(found, hex) << spelled;
  }
}

TEST(EncodedNumber, OrdersAsNumbersAndComesBackEqual) {
  const unsigned seed = 20'240'601;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 chance(seed);
  std::vector<Number> numbers{Number(0), *Number::parse("1e-130"), *Number::parse("-1e-130"),
                              *Number::parse("9.9999999999999999999999999999999999999e125"),
                              *Number::parse("-9.9999999999999999999999999999999999999e125")};
  for (int i = 0; i < 400; ++i) {
    std::string text = chance() % 2 ? "-" : "";
    const auto digits = 1 + chance() % 38;
    for (unsigned d = 0; d < digits; ++d) text += static_cast<char>('0' + chance() % 10);
    text += "e" + std::to_string(static_cast<int>(chance() % 120) - 80);
    numbers.push_back(*Number::parse(text));
  }
  for (const Number& a : numbers) {
    const std::string x = bytes_of(a);
    EXPECT_LE(x.size(), model::encoded_number_bytes_max);
    EXPECT_EQ(model::decode_number(x + "junk"), a);
    EXPECT_EQ(model::encoded_number_size(x + "junk"), x.size());
    std::string text;
    model::append_number_text(text, x);
    EXPECT_EQ(text, a.to_string());
    EXPECT_EQ(Number::parse(text).value(), a);
    for (const Number& b : numbers) {
      const std::string y = bytes_of(b);
      EXPECT_EQ(a <=> b, x.compare(y) <=> 0) << a << " and " << b;
      const double difference = a.to_double() - b.to_double();
      if (std::abs(difference) > std::abs(a.to_double()) * 1e-9) {
        EXPECT_EQ(a < b, difference < 0) << a << " and " << b;
      }
    }
  }
}

}  // namespace
}  // namespace dynakeep
