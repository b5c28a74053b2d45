#include "transfer/table_keys.h"

#include <optional>
#include <string_view>

#include "dynakeep/attribute_view.h"

namespace dynakeep::transfer {

namespace {

// (Developer Guide, "Constraints": partition keys of up to 2048 bytes, sort keys of up to 1024.)
constexpr std::size_t partition_key_bytes_max = 2048;
constexpr std::size_t sort_key_bytes_max = 1024;

AttributeType type_of(const TableDescription& table, const std::string& name) {
  for (const AttributeDefinition& each : table.attribute_definitions) {
    if (each.attribute_name != name || !each.attribute_type) continue;
    if (*each.attribute_type == ScalarType::number) return AttributeType::number;
    if (*each.attribute_type == ScalarType::binary) return AttributeType::binary;
  }
  return AttributeType::string;
}

}  // namespace

KeyAttributes keys_of(const TableDescription& table) {
  KeyAttributes keys;
  for (const KeyType wanted : {KeyType::hash, KeyType::range}) {
    for (const KeySchemaElement& each : table.key_schema) {
      if (each.key_type != wanted || !each.attribute_name) continue;
      keys.emplace_back(*each.attribute_name, type_of(table, *each.attribute_name));
    }
  }
  return keys;
}

AttributeTypes key_types_of(const TableDescription& table) {
  AttributeTypes types;
  for (const AttributeDefinition& each : table.attribute_definitions) {
    const std::string name = each.attribute_name.value_or("");
    types.emplace(name, type_of(table, name));
  }
  return types;
}

Result<std::string> key_of(const KeyAttributes& keys, const Item& item) {
  const AttributeView attributes(item);
  std::string bytes;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto& [name, type] = keys[i];
    const AttributeView value = attributes[name];
    if (!value.exists()) return Error::validation("has no key attribute " + name);
    if (!value.is(type)) {
      return Error::validation("the key attribute " + name + " is of type " +
                               std::string(type_name(*value.type())) + ", not " +
                               std::string(type_name(type)));
    }
    if (type == AttributeType::number) {
      bytes += value.number()->to_string();
      bytes.push_back('\0');
      continue;
    }
    const std::string_view part = type == AttributeType::string ? *value.text() : *value.bytes();
    if (part.empty()) return Error::validation("the key attribute " + name + " is empty");
    if (part.size() > (i == 0 ? partition_key_bytes_max : sort_key_bytes_max)) {
      return Error::validation("the key attribute " + name + " is too long");
    }
    // The first part's length is told by what is behind it, or there is nothing.
    if (i + 1 < keys.size()) bytes += std::to_string(part.size()) + ":";
    bytes += part;
  }
  return bytes;
}

}  // namespace dynakeep::transfer
