#include "dynakeep/attribute_value.h"

#include <cstdio>
#include <cstdlib>

namespace dynakeep {

std::string_view type_name(AttributeType type) {
  constexpr std::string_view names[] = {"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"};
  return names[static_cast<std::size_t>(type)];
}

bool operator==(const AttributeValue& a, const AttributeValue& b) { return a.value_ == b.value_; }

void AttributeValue::wrong_type(AttributeType wanted, AttributeType found) {
  std::fprintf(stderr, "dynakeep: an attribute of type %s was asked for its value as %s\n",
               type_name(found).data(), type_name(wanted).data());
  std::abort();
}

}  // namespace dynakeep
