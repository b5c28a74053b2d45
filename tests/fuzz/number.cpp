// Text to number: what parses reads back, and its bytes order as it does. Two numbers an input, one
// a line.

#include "dynakeep/number.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "model/encoded_number.h"

using dynakeep::Number;
using namespace dynakeep::model;

namespace {

std::string checked_bytes(const Number& number) {
  const auto again = Number::parse(number.to_string());
  INVARIANT(again && *again == number);

  std::string bytes;
  append_number(bytes, number);
  INVARIANT(bytes.size() <= encoded_number_bytes_max);
  INVARIANT(encoded_number_size(bytes + "x") == bytes.size());
  INVARIANT(decode_number(bytes) == number);
  std::string text;
  append_number_text(text, bytes);
  INVARIANT(text == number.to_string());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line_end = input.find('\n');
  const auto a = Number::parse(input.substr(0, line_end));
  if (!a) return 0;
  const std::string a_bytes = checked_bytes(*a);

  const auto b =
      Number::parse(line_end == std::string_view::npos ? "1" : input.substr(line_end + 1));
  if (!b) return 0;
  INVARIANT((a_bytes <=> checked_bytes(*b)) == (*a <=> *b));
  if (const auto sum = add(*a, *b)) {
    checked_bytes(*sum);
    INVARIANT(*sum == *add(*b, *a));
  }
  return 0;
}
