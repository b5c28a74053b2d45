#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/result.h"

namespace dynakeep {

// A DynamoDB number: decimal, exact to 38 significant digits, with a magnitude of 0 or from 1E-130
// to 9.99…E+125. (Amazon DynamoDB Developer Guide, "Data types: Number".)
//
// Equality is of values, not of spellings: 1, 1.0 and 10e-1 are one number and one key. A regular
// value: copies, compares, prints. Immutable but for assignment.
class Number {
 public:
  static constexpr int digits_max = 38;

  // Zero.
  constexpr Number() = default;

  // Every built-in integer is exact.
  template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>) Number(
      T value) {  // NOLINT(google-explicit-constructor): an item is written as a person would
    if constexpr (std::signed_integral<T>) {
      set_integer(value < 0, value < 0 ? ~static_cast<std::uint64_t>(value) + 1
                                       : static_cast<std::uint64_t>(value));
    } else {
      set_integer(false, value);
    }
  }

  // Reads what DynamoDB accepts in {"N": "…"}: an optional sign, digits with an optional point, and
  // an optional exponent. Refuses anything else, more than 38 significant digits, and magnitudes
  // out of range, each with DynamoDB's message (a validation error).
  static Result<Number> parse(std::string_view text);

  // The shortest decimal that reads back as `value` (0.1 becomes 0.1). Refuses NaN, infinities and
  // magnitudes out of range with a validation error.
  static Result<Number> from_double(double value);

  // From its parts: (-1)^negative * digits * 10^exponent, where digits = high * 2^64 + low. For
  // codecs: the parts must be in range and digits below 10^38.
  static Number from_parts(bool negative, std::uint64_t digits_high, std::uint64_t digits_low,
                           int exponent);

  // Plain decimal notation without an exponent, as DynamoDB answers it: "12", "-0.5", "100000".
  std::string to_string() const;

  // The nearest double.
  double to_double() const;

  // The value, if it is an integer that fits; nothing otherwise.
  std::optional<std::int64_t> to_int64() const;

  bool is_zero() const { return digits_high_ == 0 && digits_low_ == 0; }
  bool is_negative() const { return negative_; }
  bool is_integer() const { return exponent_ >= 0; }

  // The significand without trailing zeros and its power of ten; zero has 0 and 0.
  std::uint64_t digits_high() const { return digits_high_; }
  std::uint64_t digits_low() const { return digits_low_; }
  int exponent() const { return exponent_; }

  // Exact sums. Refused as DynamoDB refuses them when the result has more than 38 significant
  // digits or is out of range (a validation error).
  friend Result<Number> add(const Number& a, const Number& b);
  friend Result<Number> subtract(const Number& a, const Number& b);

  friend bool operator==(const Number&, const Number&) = default;
  friend std::strong_ordering operator<=>(const Number& a, const Number& b);
  friend std::ostream& operator<<(std::ostream& out, const Number& number);

 private:
  void set_integer(bool negative, std::uint64_t magnitude);

  std::uint64_t digits_high_ = 0;
  std::uint64_t digits_low_ = 0;
  std::int16_t exponent_ = 0;
  bool negative_ = false;
};

Result<Number> add(const Number& a, const Number& b);
Result<Number> subtract(const Number& a, const Number& b);

}  // namespace dynakeep
