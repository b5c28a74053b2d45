#include "dynakeep/stores/user_data.h"
#include "dynakeep/tagged_json.h"

namespace dynakeep {

std::string user_data_to_json(const AttributeValue& value) { return to_tagged_json(value); }

Result<AttributeValue> user_data_from_json(std::string_view json) { return from_tagged_json(json); }

Result<AttributeValue> user_data_from_json(const JsonDocument& document) {
  return from_tagged_json(document);
}

}  // namespace dynakeep
