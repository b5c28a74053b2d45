#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dynakeep::base {

// Fixed-width integers, most significant byte first, so that bytes order as the integers do.
void append_u32(std::string& out, std::uint32_t value);
void append_u64(std::string& out, std::uint64_t value);
std::uint32_t read_u32(std::string_view bytes);  // of the first 4 bytes, which must be there
std::uint64_t read_u64(std::string_view bytes);  // of the first 8 bytes, which must be there

// Variable-length unsigned integers: seven bits a byte, least significant first, the top bit set on
// all but the last byte.
constexpr std::size_t varint_bytes_max = 10;
void append_varint(std::string& out, std::uint64_t value);
std::size_t varint_size(std::uint64_t value);
// Takes one off the front of `bytes`; false if there is no whole one.
bool take_varint(std::string_view& bytes, std::uint64_t& value);

// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

}  // namespace dynakeep::base
