#include "stores/support/key_words.h"

#include <algorithm>

namespace dynakeep::stores {

std::string words_of(const KeySchema& schema, const std::vector<AttributeDefinition>& types) {
  std::string words;
  for (const KeySchemaElement& element : schema) {
    if (!words.empty()) words += ", ";
    words += element.attribute_name.value_or("?");
    const auto type =
        std::find_if(types.begin(), types.end(), [&](const AttributeDefinition& each) {
          return each.attribute_name == element.attribute_name;
        });
    const bool is_text = type != types.end() && type->attribute_type == ScalarType::string;
    words += element.key_type == KeyType::range ? " (sort, " : " (partition, ";
    words += is_text ? "string)" : "not a string)";
  }
  return words;
}

}  // namespace dynakeep::stores
