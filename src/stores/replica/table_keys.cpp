#include "stores/replica/table_keys.h"

#include <algorithm>
#include <cstddef>

#include "dynakeep/attribute_view.h"

namespace dynakeep::replicas {
namespace {

// A part ends with 00 01, and a 00 within it is 00 FF: so "a" comes before "a\0", and no part is
// the beginning of another.
void append_part(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    out += c;
    if (c == '\0') out += '\xFF';
  }
  out += '\0';
  out += '\x01';
}

// Bytes in the order of the numbers: a sign, the power of ten before the first digit, the digits;
// of negative ones the complement of these, so that greater magnitudes come first.
std::string number_bytes(const Number& number) {
  if (number.is_zero()) return "\x02";
  constexpr int exponent_offset = 129;  // from 1E-130 to 9.9E+125, a byte has them all
  std::string text = number.to_string();
  if (number.is_negative()) text.erase(0, 1);
  std::size_t point = text.find('.');
  if (point == std::string::npos) {
    point = text.size();
  } else {
    text.erase(point, 1);
  }
  const std::size_t zeros = text.find_first_not_of('0');
  text.erase(text.find_last_not_of('0') + 1);
  text.erase(0, zeros);
  const int exponent = static_cast<int>(point) - static_cast<int>(zeros);
  std::string bytes(1, static_cast<char>(exponent + exponent_offset));
  bytes += text;
  if (!number.is_negative()) return '\x03' + bytes;
  std::transform(bytes.begin(), bytes.end(), bytes.begin(),
                 [](char c) { return static_cast<char>(~c); });
  return '\x01' + bytes + '\xFF';  // -12 before -1
}

bool append(std::string& out, AttributeView value, ScalarType type) {
  switch (type) {
    case ScalarType::string:
      if (const auto text = value.text()) return append_part(out, *text), true;
      return false;
    case ScalarType::binary:
      if (const auto bytes = value.bytes()) return append_part(out, *bytes), true;
      return false;
    case ScalarType::number:
      if (const auto number = value.number()) return append_part(out, number_bytes(*number)), true;
      return false;
  }
  return false;
}

ScalarType type_of(const TableDescription& table, const std::string& name) {
  for (const AttributeDefinition& each : table.attribute_definitions) {
    if (each.attribute_name == name && each.attribute_type) return *each.attribute_type;
  }
  return ScalarType::string;
}

}  // namespace

TableKeys::TableKeys(const TableDescription& table) {
  for (const KeySchemaElement& each : table.key_schema) {
    if (!each.attribute_name) continue;
    if (each.key_type == KeyType::range) {
      sort_ = each.attribute_name;
      sort_type_ = type_of(table, *sort_);
    } else {
      partition_ = *each.attribute_name;
      partition_type_ = type_of(table, partition_);
    }
  }
}

std::string TableKeys::text_of(const Item& item) const {
  const AttributeView view(item);
  std::string text;
  if (!append(text, view[partition_], partition_type_)) return {};
  if (sort_ && !append(text, view[*sort_], sort_type_)) return {};
  return text;
}

std::string TableKeys::text_of_partition(const AttributeValue& value) const {
  std::string text;
  if (!append(text, value, partition_type_)) return {};
  return text;
}

Key TableKeys::key_of(const Item& item) const {
  const AttributeView view(item);
  Key key{{partition_, view[partition_].value()}};
  if (sort_) key[*sort_] = view[*sort_].value();
  return key;
}

Result<void> TableKeys::check(const Key& key) const {
  const std::size_t count = sort_ ? 2 : 1;
  if (key.size() == count && !text_of(key).empty()) return {};
  return Error::validation("The provided key element does not match the schema");
}

}  // namespace dynakeep::replicas
