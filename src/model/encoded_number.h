#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/number.h"

namespace dynakeep::model {

// Numbers as bytes whose order is the order of the numbers, and whose equality is equality of value
// (docs/formats/numbers.md). Self-delimiting, at most 22 bytes. The same bytes serve in items and
// keys.
//
//   zero       02
//   positive   03 E p p p … 00      0.ddd…d * 10^(E - 129), two digits p+1 a byte, d != 0
//   negative   01 then the complement (0xFF - byte) of what follows the 03 of its absolute value
constexpr std::size_t encoded_number_bytes_max = 22;

void append_number(std::string& out, const Number& number);

// The number at the front of `bytes`, which were written by append_number: decoding stops the
// process on bytes that were not.
Number decode_number(std::string_view bytes);

// The same as an integer, if it is one of 64 bits, and as the nearest double: most of them without
// a Number in between.
std::optional<std::int64_t> decode_int64(std::string_view bytes);
double decode_double(std::string_view bytes);

// How many bytes the number at the front of `bytes` takes.
std::size_t encoded_number_size(std::string_view bytes);

// Appends the number's plain decimal text, as Number::to_string, straight from its bytes.
void append_number_text(std::string& out, std::string_view encoded);

}  // namespace dynakeep::model
