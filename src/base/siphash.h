#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dynakeep::base {

// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): who does not know
// the key of 16 bytes cannot tell it of a text, so it serves to sign short texts for oneself.
constexpr std::size_t siphash_key_bytes = 16;
std::uint64_t siphash(std::string_view key, std::string_view text);

}  // namespace dynakeep::base
