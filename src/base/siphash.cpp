#include "base/siphash.h"

#include <array>
#include <bit>

#include "base/invariant.h"

namespace dynakeep::base {
namespace {

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    word = word << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return word;
}

struct State {
  std::uint64_t a, b, c, d;

  void mix(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      a += b;
      b = std::rotl(b, 13) ^ a;
      a = std::rotl(a, 32);
      c += d;
      d = std::rotl(d, 16) ^ c;
      a += d;
      d = std::rotl(d, 21) ^ a;
      c += b;
      b = std::rotl(b, 17) ^ c;
      c = std::rotl(c, 32);
    }
  }
  void absorb(std::uint64_t word) {
    d ^= word;
    mix(2);
    a ^= word;
  }
};

}  // namespace

std::uint64_t siphash(std::string_view key, std::string_view text) {
  INVARIANT(key.size() == siphash_key_bytes);
  const std::uint64_t low = little_endian(key.substr(0, 8));
  const std::uint64_t high = little_endian(key.substr(8));
  State state{low ^ 0x736f6d6570736575U, high ^ 0x646f72616e646f6dU, low ^ 0x6c7967656e657261U,
              high ^ 0x7465646279746573U};
  const std::uint64_t length = text.size();
  for (; text.size() >= 8; text.remove_prefix(8)) state.absorb(little_endian(text.substr(0, 8)));
  state.absorb(little_endian(text) | length << 56U);
  state.c ^= 0xff;
  state.mix(4);
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace dynakeep::base
