#include "dynakeep/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ostream>

namespace dynakeep {
namespace {

__extension__ using Wide = unsigned __int128;

// The decimal exponent of the leading digit, d.ddd * 10^x, of the largest and smallest magnitudes.
constexpr int leading_exponent_max = 125;
constexpr int leading_exponent_min = -130;

Error not_numeric(std::string_view text) {
  if (text.empty())
    return Error::validation("The parameter cannot be converted to a numeric value");
  return Error::validation("The parameter cannot be converted to a numeric value: " +
                           std::string(text));
}
Error too_many_digits() {
  return Error::validation("Attempting to store more than 38 significant digits in a Number");
}
Error overflow() {
  return Error::validation(
      "Number overflow. Attempting to store a number with magnitude larger than supported range");
}
Error underflow() {
  return Error::validation(
      "Number underflow. Attempting to store a number with magnitude smaller than supported range");
}

Wide digits_of(const Number& number) {
  return (static_cast<Wide>(number.digits_high()) << 64) | number.digits_low();
}

// The decimal digits of a significand, most significant first; none for zero.
std::string digit_text(Wide digits) {
  std::array<char, 40> buffer{};
  std::size_t at = buffer.size();
  while (digits > 0xFFFF'FFFF'FFFF'FFFFu) {
    buffer[--at] = static_cast<char>('0' + static_cast<int>(digits % 10));
    digits /= 10;
  }
  for (auto low = static_cast<std::uint64_t>(digits); low != 0; low /= 10) {
    buffer[--at] = static_cast<char>('0' + low % 10);
  }
  return {buffer.data() + at, buffer.size() - at};
}

// From decimal digits (any number of them, zeros at either end allowed) and the exponent of the
// last.
Result<Number> from_digits(bool negative, std::string_view digits, std::int64_t exponent) {
  const auto first = digits.find_first_not_of('0');
  if (first == std::string_view::npos) return Number();
  const auto last = digits.find_last_not_of('0');
  exponent += static_cast<std::int64_t>(digits.size() - 1 - last);
  digits = digits.substr(first, last - first + 1);
  if (digits.size() > Number::digits_max) return too_many_digits();
  const auto leading = exponent + static_cast<std::int64_t>(digits.size()) - 1;
  if (leading > leading_exponent_max) return overflow();
  if (leading < leading_exponent_min) return underflow();
  Wide value = 0;
  if (digits.size() <= 19) {
    std::uint64_t low = 0;
    for (const char c : digits) low = low * 10 + static_cast<std::uint64_t>(c - '0');
    value = low;
  } else {
    for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return Number::from_parts(negative, static_cast<std::uint64_t>(value >> 64),
                            static_cast<std::uint64_t>(value), static_cast<int>(exponent));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of |number| with its last one at 10^exponent, which is not above the number's own.
std::string aligned_digits(const Number& number, int exponent) {
  std::string digits = digit_text(digits_of(number));
  digits.append(static_cast<std::size_t>(number.exponent() - exponent), '0');
  return digits;
}

// a + b and a - b of digit strings; for the difference, a is not less than b.
std::string add_digits(std::string_view a, std::string_view b, int sign_of_b) {
  const std::size_t width = std::max(a.size(), b.size()) + 1;
  std::string out(width, '0');
  int carry = 0;
  for (std::size_t i = 0; i < width; ++i) {
    const int x = i < a.size() ? a[a.size() - 1 - i] - '0' : 0;
    const int y = i < b.size() ? b[b.size() - 1 - i] - '0' : 0;
    int digit = x + sign_of_b * y + carry;
    carry = digit < 0 ? -1 : digit / 10;
    if (digit < 0) digit += 10;
    out[width - 1 - i] = static_cast<char>('0' + digit % 10);
  }
  return out;
}

std::strong_ordering compare_magnitudes(const Number& a, const Number& b) {
  if (a.is_zero() || b.is_zero()) return !a.is_zero() <=> !b.is_zero();
  const std::string x = digit_text(digits_of(a));
  const std::string y = digit_text(digits_of(b));
  const auto leading_a = a.exponent() + static_cast<int>(x.size());
  const auto leading_b = b.exponent() + static_cast<int>(y.size());
  if (leading_a != leading_b) return leading_a <=> leading_b;
  // Of equal leading places, digit texts without trailing zeros compare as fractions do.
  return x.compare(y) <=> 0;
}

Result<Number> sum(const Number& a, const Number& b, bool negate_b) {
  const bool b_negative = b.is_negative() != negate_b;
  if (b.is_zero()) return a;
  const int exponent = a.is_zero() ? b.exponent() : std::min(a.exponent(), b.exponent());
  const std::string x = a.is_zero() ? std::string("0") : aligned_digits(a, exponent);
  const std::string y = aligned_digits(b, exponent);
  if (a.is_zero() || a.is_negative() == b_negative) {
    return from_digits(b_negative, add_digits(x, y, 1), exponent);
  }
  const auto order = compare_magnitudes(a, b);
  if (order == 0) return Number();
  return order > 0 ? from_digits(a.is_negative(), add_digits(x, y, -1), exponent)
                   : from_digits(b_negative, add_digits(y, x, -1), exponent);
}

}  // namespace

void Number::set_integer(bool negative, std::uint64_t magnitude) {
  if (magnitude == 0) return;
  while (magnitude % 10 == 0) {
    magnitude /= 10;
    ++exponent_;
  }
  digits_low_ = magnitude;
  negative_ = negative;
}

Result<Number> Number::parse(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  // Enough for every number that can be: zeros at the front are dropped, and a longer text is
  // counted on.
  std::string digits;
  std::int64_t exponent = 0;
  bool any = false;
  bool point = false;
  while (!rest.empty() && (is_digit(rest.front()) || (rest.front() == '.' && !point))) {
    if (rest.front() == '.') {
      point = true;
    } else {
      any = true;
      if (!digits.empty() || rest.front() != '0') digits.push_back(rest.front());
      if (point) --exponent;
    }
    rest.remove_prefix(1);
  }
  if (!any) return not_numeric(text);
  if (!rest.empty() && (rest.front() == 'e' || rest.front() == 'E')) {
    rest.remove_prefix(1);
    bool exponent_negative = false;
    if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
      exponent_negative = rest.front() == '-';
      rest.remove_prefix(1);
    }
    if (rest.empty()) return not_numeric(text);
    std::int64_t written = 0;
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
      // Past any real exponent it stays put, so that no number of digits overflows it.
      if (written < 1'000'000'000) written = written * 10 + (rest.front() - '0');
    }
    exponent += exponent_negative ? -written : written;
  }
  if (!rest.empty()) return not_numeric(text);
  return from_digits(negative, digits, exponent);
}

Result<Number> Number::from_double(double value) {
  if (!std::isfinite(value)) return not_numeric(std::isnan(value) ? "NaN" : "Infinity");
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return parse({buffer.data(), static_cast<std::size_t>(end - buffer.data())});
}

Number Number::from_parts(bool negative, std::uint64_t digits_high, std::uint64_t digits_low,
                          int exponent) {
  Number number;
  number.exponent_ = static_cast<std::int16_t>(exponent);
  number.negative_ = negative;
  if (digits_high == 0) {  // as nearly always: 128 bits are slow to divide
    if (digits_low == 0) return {};
    for (; digits_low % 10 == 0; digits_low /= 10) ++number.exponent_;
    number.digits_low_ = digits_low;
    return number;
  }
  Wide digits = (static_cast<Wide>(digits_high) << 64) | digits_low;
  while (digits % 10 == 0) {
    digits /= 10;
    ++number.exponent_;
  }
  number.digits_high_ = static_cast<std::uint64_t>(digits >> 64);
  number.digits_low_ = static_cast<std::uint64_t>(digits);
  return number;
}

std::string Number::to_string() const {
  if (is_zero()) return "0";
  std::string digits = digit_text(digits_of(*this));
  const int point = static_cast<int>(digits.size()) + exponent_;  // digits before the decimal point
  std::string out = negative_ ? "-" : "";
  if (exponent_ >= 0) {
    out += digits;
    out.append(static_cast<std::size_t>(exponent_), '0');
  } else if (point > 0) {
    out.append(digits, 0, static_cast<std::size_t>(point));
    out += '.';
    out.append(digits, static_cast<std::size_t>(point));
  } else {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
  }
  return out;
}

double Number::to_double() const {
  // Two doubles that are exact, and one rounding.
  constexpr std::array<double, 23> powers{1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                          1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t exact_max = std::uint64_t{1} << 53;
  if (digits_high_ == 0 && digits_low_ <= exact_max && exponent_ >= -22 && exponent_ <= 22) {
    const auto digits = static_cast<double>(digits_low_);
    const double magnitude = exponent_ < 0 ? digits / powers[static_cast<std::size_t>(-exponent_)]
                                           : digits * powers[static_cast<std::size_t>(exponent_)];
    return negative_ ? -magnitude : magnitude;
  }
  const std::string text = to_string();
  return std::strtod(text.c_str(), nullptr);
}

std::optional<std::int64_t> Number::to_int64() const {
  if (exponent_ < 0 || exponent_ > 18) return std::nullopt;
  if (exponent_ == 0 && digits_high_ == 0 && digits_low_ >> 63 == 0) {
    const auto magnitude = static_cast<std::int64_t>(digits_low_);
    return negative_ ? -magnitude : magnitude;
  }
  Wide value = digits_of(*this);
  for (int i = 0; i < exponent_; ++i) {
    value *= 10;
    if (value >> 64 != 0) return std::nullopt;
  }
  const Wide limit = (static_cast<Wide>(1) << 63) - (negative_ ? 0 : 1);
  if (value > limit) return std::nullopt;
  const auto magnitude = static_cast<std::uint64_t>(value);
  return negative_ ? static_cast<std::int64_t>(~magnitude + 1)
                   : static_cast<std::int64_t>(magnitude);
}

Result<Number> add(const Number& a, const Number& b) { return sum(a, b, false); }
Result<Number> subtract(const Number& a, const Number& b) { return sum(a, b, true); }

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  const auto sign = [](const Number& n) { return n.is_zero() ? 0 : n.is_negative() ? -1 : 1; };
  if (sign(a) != sign(b)) return sign(a) <=> sign(b);
  return a.is_negative() ? compare_magnitudes(b, a) : compare_magnitudes(a, b);
}

std::ostream& operator<<(std::ostream& out, const Number& number) {
  return out << number.to_string();
}

}  // namespace dynakeep
