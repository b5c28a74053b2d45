// JSON text to item, in both of its forms: what is taken is well-formed, and comes back as it was.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "dynakeep/json.h"
#include "model/encoded_item.h"

using namespace dynakeep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  if (const auto item = item_from_dynamodb_json(input)) {
    std::string scratch;
    const std::string encoded(ItemAccess::encoded(*item, scratch));
    INVARIANT(model::is_well_formed(encoded));
    INVARIANT(model::encode(model::decode(encoded)) == encoded);
    const auto again = item_from_dynamodb_json(to_dynamodb_json(*item));
    INVARIANT(again && ItemAccess::encoded(*again, scratch) == encoded);
    INVARIANT(item_from_json(to_json(*item)).has_value());
  } else {
    INVARIANT(item.error().code() == ErrorCode::serialization ||
              item.error().code() == ErrorCode::validation);
    INVARIANT(!item.error().message().empty());
  }

  if (const auto value = value_from_json(input)) {
    const auto again = value_from_json(to_json(*value));
    INVARIANT(again && *again == *value);
  }
  return 0;
}
