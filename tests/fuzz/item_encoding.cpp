// Bytes to item: bytes that are called well-formed decode, and encode to themselves again.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "model/encoded_item.h"
#include "model/item_text.h"

using namespace dynakeep::model;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (!is_well_formed(input)) return 0;
  INVARIANT(encode(decode(input)) == input);
  std::string text;
  append_json_text(text, view_item(input));
  INVARIANT(!text.empty());
  return 0;
}
