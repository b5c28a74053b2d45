#include "model/encoded_number.h"

#include <array>

#include "base/invariant.h"

namespace dynakeep::model {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr unsigned char negative_lead = 0x01;
constexpr unsigned char zero_lead = 0x02;
constexpr unsigned char positive_lead = 0x03;
constexpr int exponent_bias = 129;

unsigned char byte_at(std::string_view bytes, std::size_t at) {
  INVARIANT(at < bytes.size());
  return static_cast<unsigned char>(bytes[at]);
}

// The number's digits as text, two a stored byte, without the zero that may fill the last pair.
struct Parts {
  bool negative = false;
  int point = 0;  // the value is 0.digits * 10^point
  std::array<char, 38> digits{};
  std::size_t count = 0;
};

Parts take_apart(std::string_view encoded) {
  Parts parts;
  const unsigned char lead = byte_at(encoded, 0);
  INVARIANT(lead == negative_lead || lead == positive_lead);
  parts.negative = lead == negative_lead;
  const unsigned char flip = parts.negative ? 0xFF : 0x00;
  parts.point = (byte_at(encoded, 1) ^ flip) - exponent_bias;
  for (std::size_t at = 2;; ++at) {
    const int stored = byte_at(encoded, at) ^ flip;
    if (stored == 0) break;
    INVARIANT(stored <= 100 && parts.count + 2 <= parts.digits.size());
    parts.digits[parts.count++] = static_cast<char>('0' + (stored - 1) / 10);
    parts.digits[parts.count++] = static_cast<char>('0' + (stored - 1) % 10);
  }
  INVARIANT(parts.count > 0);
  if (parts.digits[parts.count - 1] == '0') --parts.count;
  return parts;
}

// (-1)^negative * digits * 10^exponent. A zero that fills the last pair is among the digits.
struct FewDigits {
  bool negative = false;
  std::uint64_t digits = 0;
  int exponent = 0;
};

// Of a number with at most nine pairs of digits, which 64 bits hold; as nearly every one has.
std::optional<FewDigits> few_digits(std::string_view bytes) {
  constexpr std::size_t pairs_max = 9;
  if (byte_at(bytes, 0) == zero_lead) return FewDigits{};
  FewDigits few{.negative = byte_at(bytes, 0) == negative_lead};
  const unsigned char flip = few.negative ? 0xFF : 0x00;
  for (std::size_t pairs = 0; pairs <= pairs_max; ++pairs) {
    const unsigned stored = byte_at(bytes, 2 + pairs) ^ flip;
    if (stored == 0) {
      few.exponent = (byte_at(bytes, 1) ^ flip) - exponent_bias - 2 * static_cast<int>(pairs);
      return few;
    }
    if (pairs < pairs_max) few.digits = few.digits * 100 + (stored - 1);
  }
  return std::nullopt;
}

}  // namespace

void append_number(std::string& out, const Number& number) {
  if (number.is_zero()) {
    out.push_back(static_cast<char>(zero_lead));
    return;
  }
  std::array<unsigned char, 39> reversed{};
  std::size_t count = 0;
  Wide digits = (static_cast<Wide>(number.digits_high()) << 64) | number.digits_low();
  while (digits > 0xFFFF'FFFF'FFFF'FFFFu) {
    reversed[count++] = static_cast<unsigned char>(digits % 10);
    digits /= 10;
  }
  for (auto low = static_cast<std::uint64_t>(digits); low != 0; low /= 10) {
    reversed[count++] = static_cast<unsigned char>(low % 10);
  }
  const unsigned char flip = number.is_negative() ? 0xFF : 0x00;
  const auto put = [&](int byte) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(byte) ^ flip));
  };
  out.push_back(static_cast<char>(number.is_negative() ? negative_lead : positive_lead));
  put(number.exponent() + static_cast<int>(count) + exponent_bias);
  for (std::size_t i = count; i > 0;) {
    const int tens = reversed[--i];
    const int ones = i > 0 ? reversed[--i] : 0;
    put(tens * 10 + ones + 1);
  }
  put(0);
}

Number decode_number(std::string_view bytes) {
  if (byte_at(bytes, 0) == zero_lead) return {};
  if (const auto few = few_digits(bytes)) {
    return Number::from_parts(few->negative, 0, few->digits, few->exponent);
  }
  const Parts parts = take_apart(bytes);
  Wide digits = 0;
  for (std::size_t i = 0; i < parts.count; ++i) {
    digits = digits * 10 + static_cast<unsigned>(parts.digits[i] - '0');
  }
  return Number::from_parts(parts.negative, static_cast<std::uint64_t>(digits >> 64),
                            static_cast<std::uint64_t>(digits),
                            parts.point - static_cast<int>(parts.count));
}

std::optional<std::int64_t> decode_int64(std::string_view bytes) {
  const auto few = few_digits(bytes);
  if (!few) return decode_number(bytes).to_int64();
  std::uint64_t digits = few->digits;
  int exponent = few->exponent;
  if (exponent == -1 && digits % 10 == 0) {
    digits /= 10;
    exponent = 0;
  }
  if (exponent < 0) return std::nullopt;
  if (exponent > 0) return decode_number(bytes).to_int64();
  const auto magnitude = static_cast<std::int64_t>(digits);
  return few->negative ? -magnitude : magnitude;
}

double decode_double(std::string_view bytes) {
  const auto few = few_digits(bytes);
  constexpr std::uint64_t exact_max = std::uint64_t{1} << 53;
  if (few && few->digits <= exact_max && few->exponent <= 0 && few->exponent >= -4) {
    // Two doubles that are exact, and one rounding.
    constexpr std::array<double, 5> powers{1e0, 1e1, 1e2, 1e3, 1e4};
    const double magnitude =
        static_cast<double>(few->digits) / powers[static_cast<std::size_t>(-few->exponent)];
    return few->negative ? -magnitude : magnitude;
  }
  return decode_number(bytes).to_double();
}

std::size_t encoded_number_size(std::string_view bytes) {
  const unsigned char lead = byte_at(bytes, 0);
  if (lead == zero_lead) return 1;
  const unsigned char end = lead == negative_lead ? 0xFF : 0x00;
  std::size_t at = 2;
  while (byte_at(bytes, at) != end) ++at;
  return at + 1;
}

void append_number_text(std::string& out, std::string_view encoded) {
  if (byte_at(encoded, 0) == zero_lead) {
    out.push_back('0');
    return;
  }
  const Parts parts = take_apart(encoded);
  if (parts.negative) out.push_back('-');
  const auto count = static_cast<int>(parts.count);
  if (parts.point <= 0) {
    out.append("0.");
    out.append(static_cast<std::size_t>(-parts.point), '0');
    out.append(parts.digits.data(), parts.count);
  } else if (parts.point >= count) {
    out.append(parts.digits.data(), parts.count);
    out.append(static_cast<std::size_t>(parts.point - count), '0');
  } else {
    out.append(parts.digits.data(), static_cast<std::size_t>(parts.point));
    out.push_back('.');
    out.append(parts.digits.data() + parts.point, static_cast<std::size_t>(count - parts.point));
  }
}

}  // namespace dynakeep::model
