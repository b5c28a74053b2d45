// Base64, UTF-8 and JSON strings: no two texts mean the same bytes, and what is decoded encodes to
// where it came from.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/invariant.h"
#include "base/json_string.h"
#include "base/utf8.h"

using namespace dynakeep::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  std::string decoded = "kept ";
  if (append_from_base64(decoded, input)) {
    std::string again;
    append_base64(again, std::string_view(decoded).substr(5));
    INVARIANT(again == input);
  } else {
    INVARIANT(decoded == "kept ");
  }

  std::string encoded;
  append_base64(encoded, input);
  std::string back;
  INVARIANT(append_from_base64(back, encoded) && back == input);

  std::string quoted;
  append_json_string(quoted, input);
  INVARIANT(is_utf8(quoted) == is_utf8(input));
  return 0;
}
