#include "remote/token.h"

#include <random>

#include "base/bytes.h"

namespace dynakeep::remote {

std::string new_token() {
  std::random_device chance("getentropy");  // the default may take a hundred times as long
  std::string bytes;
  for (int i = 0; i < 4; ++i) base::append_u32(bytes, chance());
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0fU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);
  std::string token = base::to_hex(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) token.insert(at, 1, '-');
  return token;
}

}  // namespace dynakeep::remote
