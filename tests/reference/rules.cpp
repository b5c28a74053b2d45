#include "reference/rules.h"

#include <algorithm>
#include <cmath>

#include "model/encoded_item.h"
#include "storage/key_codec.h"

namespace dynakeep::reference {
namespace {

std::string letter(ScalarType type) {
  return type == ScalarType::string ? "S" : type == ScalarType::number ? "N" : "B";
}

// One byte, one for each two digits counted from the decimal point, and one for a minus sign.
std::size_t value_size(const Number& number) {
  if (number.is_zero()) return 1;
  int digits = 0;
  __extension__ unsigned __int128 significand = number.digits_high();
  for (significand = (significand << 64) | number.digits_low(); significand != 0; ++digits) {
    significand /= 10;
  }
  const auto pair_of = [](int digit) { return digit < 0 ? (digit - 1) / 2 : digit / 2; };
  const int first = pair_of(number.exponent() + digits - 1);
  const int last = pair_of(number.exponent());
  return static_cast<std::size_t>(first - last + 1) + 1 + (number.is_negative() ? 1 : 0);
}

std::size_t value_size(const AttributeValue& value) {
  std::size_t size = 0;
  switch (value.type()) {
    case AttributeType::string:
    case AttributeType::binary:
      return bytes_of(value).size();
    case AttributeType::number:
      return value_size(value.as_number());
    case AttributeType::boolean:
    case AttributeType::null:
      return 1;
    case AttributeType::list:
      for (const auto& each : value.as_list()) size += 1 + value_size(each);
      return size + 3;
    case AttributeType::map:
      return size_of(value.as_map()) + value.as_map().size() + 3;
    case AttributeType::string_set:
      for (const auto& each : value.as_string_set()) size += each.size();
      return size;
    case AttributeType::number_set:
      for (const auto& each : value.as_number_set()) size += value_size(each);
      return size;
    case AttributeType::binary_set:
      for (const auto& each : value.as_binary_set()) size += each.bytes.size();
      return size;
  }
  return size;
}

bool is_in(const IndexDefinition& index, const AttributeMap& item) {
  for (const auto& [name, type] : index.keys.parts()) {
    const AttributeValue* value = find(item, name);
    if (value == nullptr || !is_of(*value, type)) return false;
    if (value->is_number()) continue;
    const std::size_t bytes_max = name == index.keys.partition ? 2048 : 1024;
    if (bytes_of(*value).empty() || bytes_of(*value).size() > bytes_max) return false;
  }
  return true;
}

}  // namespace

const AttributeValue* find(const AttributeMap& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? nullptr : &found->second;
}

std::vector<std::pair<std::string, ScalarType>> Keys::parts() const {
  std::vector<std::pair<std::string, ScalarType>> parts = {{partition, partition_type}};
  if (sort) parts.emplace_back(*sort, sort_type);
  return parts;
}

// ---- values ----

bool is_of(const AttributeValue& value, ScalarType type) {
  switch (type) {
    case ScalarType::string:
      return value.is_string();
    case ScalarType::number:
      return value.is_number();
    case ScalarType::binary:
      return value.is_binary();
  }
  return false;
}

const std::string& bytes_of(const AttributeValue& value) {
  return value.is_string() ? value.as_string() : value.as_binary().bytes;
}

int compare(const AttributeValue& a, const AttributeValue& b) {
  if (a.is_number()) {
    return a.as_number() < b.as_number() ? -1 : a.as_number() == b.as_number() ? 0 : 1;
  }
  return bytes_of(a).compare(bytes_of(b));
}

std::size_t size_of(const AttributeMap& attributes) {
  std::size_t size = 0;
  for (const auto& [name, value] : attributes) size += name.size() + value_size(value);
  return size;
}

// ---- keys ----

Error invalid(const std::string& what) {
  return Error::validation("One or more parameter values were invalid: " + what);
}

Result<void> check_key_value(const std::string& name, const AttributeValue& value,
                             bool is_partition) {
  if (value.is_number()) return {};
  if (bytes_of(value).empty()) {
    return Error::validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        "contain an empty " +
        std::string(value.is_string() ? "string" : "binary") + " value. Key: " + name);
  }
  if (bytes_of(value).size() > (is_partition ? 2048u : 1024u)) {
    return invalid(is_partition
                       ? "Size of hashkey has exceeded the maximum size limit of2048 bytes"
                       : "Aggregated size of all range keys has exceeded the size limit of 1024 "
                         "bytes");
  }
  return {};
}

Result<void> check_item_keys(const TableDefinition& table, const AttributeMap& item) {
  for (const auto& [name, type] : table.keys.parts()) {
    const AttributeValue* value = find(item, name);
    if (value == nullptr) return invalid("Missing the key " + name + " in the item");
    if (!is_of(*value, type)) {
      return invalid("Type mismatch for key " + name + " expected: " + letter(type) +
                     " actual: " + std::string(type_name(value->type())));
    }
  }
  for (const auto& [name, type] : table.keys.parts()) {
    TRY(check_key_value(name, item.at(name), name == table.keys.partition));
  }
  for (const IndexDefinition& index : table.indexes) {
    for (const auto& [name, type] : index.keys.parts()) {
      const AttributeValue* value = find(item, name);
      if (table.keys.has(name) || value == nullptr) continue;
      if (!is_of(*value, type)) {
        return invalid("Type mismatch for Index Key " + name + " Expected: " + letter(type) +
                       " Actual: " + std::string(type_name(value->type())) +
                       " IndexName: " + index.name);
      }
      if (!value->is_number() && bytes_of(*value).empty()) {
        return Error::validation(
            "One or more parameter values are not valid. A value specified for a secondary index "
            "key is not supported. The AttributeValue for a key attribute cannot contain an "
            "empty " +
            std::string(value->is_string() ? "string" : "binary") +
            " value. IndexName: " + index.name + ", IndexKey: " + name);
      }
      TRY(check_key_value(name, *value, name == index.keys.partition));
    }
  }
  return {};
}

Result<void> check_request_key(const TableDefinition& table, const AttributeMap& key) {
  const auto parts = table.keys.parts();
  for (const auto& [name, type] : parts) {
    const AttributeValue* value = find(key, name);
    if (key.size() != parts.size() || value == nullptr || !is_of(*value, type)) {
      return Error::validation("The provided key element does not match the schema");
    }
  }
  for (const auto& [name, type] : parts) {
    TRY(check_key_value(name, key.at(name), name == table.keys.partition));
  }
  return {};
}

AttributeMap key_of(const AttributeMap& from, const Keys& keys, const Keys* more) {
  AttributeMap key;
  for (const auto& [name, value] : from) {
    if (keys.has(name) || (more != nullptr && more->has(name))) key.emplace(name, value);
  }
  return key;
}

AttributeMap* find_item(TableDefinition& table, const AttributeMap& key) {
  for (AttributeMap& item : table.items) {
    if (key_of(item, table.keys) == key_of(key, table.keys)) return &item;
  }
  return nullptr;
}

// ---- indexes: what they would be if they were made now ----

bool holds_attribute(const TableDefinition& table, const IndexDefinition& index,
                     const std::string& name) {
  if (index.projection.projection_type == ProjectionType::all) return true;
  if (table.keys.has(name) || index.keys.has(name)) return true;
  if (index.projection.projection_type != ProjectionType::include) return false;
  const auto& more = *index.projection.non_key_attributes;
  return std::find(more.begin(), more.end(), name) != more.end();
}

std::optional<AttributeMap> entry_of(const TableDefinition& table, const IndexDefinition& index,
                                     const std::optional<AttributeMap>& item) {
  if (!item || !is_in(index, *item)) return std::nullopt;
  AttributeMap entry;
  for (const auto& [name, value] : *item) {
    if (holds_attribute(table, index, name)) entry.emplace(name, value);
  }
  return entry;
}

std::uint64_t hash_of(const AttributeValue& partition) {
  std::string encoded;
  model::append_value(encoded, partition);
  return storage::partition_hash(model::ValueView(encoded));
}

bool stands_before(const TableDefinition& table, const IndexDefinition* index,
                   const AttributeMap& a, const AttributeMap& b) {
  const Keys& first = index == nullptr ? table.keys : index->keys;
  const auto a_hash = hash_of(a.at(first.partition));
  const auto b_hash = hash_of(b.at(first.partition));
  if (a_hash != b_hash) return a_hash < b_hash;
  auto parts = first.parts();
  if (index != nullptr) {
    for (const auto& part : table.keys.parts()) parts.push_back(part);
  }
  for (const auto& [name, type] : parts) {
    const int order = compare(a.at(name), b.at(name));
    if (order != 0) return order < 0;
  }
  return false;
}

std::vector<AttributeMap> entries_of(const TableDefinition& table, const IndexDefinition* index) {
  std::vector<AttributeMap> entries;
  for (const AttributeMap& item : table.items) {
    if (index == nullptr) {
      entries.push_back(item);
    } else if (auto entry = entry_of(table, *index, item)) {
      entries.push_back(std::move(*entry));
    }
  }
  std::sort(entries.begin(), entries.end(), [&](const AttributeMap& a, const AttributeMap& b) {
    return stands_before(table, index, a, b);
  });
  return entries;
}

// ---- capacity ----

double read_units(std::size_t bytes, double each) {
  return each * std::max(1.0, std::ceil(static_cast<double>(bytes) / 4096));
}
double write_units(std::size_t bytes) {
  return std::max(1.0, std::ceil(static_cast<double>(bytes) / 1024));
}
double read_factor(const std::optional<bool>& consistent) {
  return consistent.value_or(false) ? 1 : 0.5;
}

void Consumed::add(const IndexDefinition& index, double units) {
  (index.is_local ? local : global)[index.name] += units;
}

std::optional<ConsumedCapacity> Consumed::told(const std::optional<ReturnConsumedCapacity>& asked,
                                               UnitsKind kind) const {
  if (asked.value_or(ReturnConsumedCapacity::none) == ReturnConsumedCapacity::none) return {};
  const auto capacity = [&](double units) {
    Capacity told{.capacity_units = units};
    if (kind == UnitsKind::read) told.read_capacity_units = units;
    if (kind == UnitsKind::write) told.write_capacity_units = units;
    return told;
  };
  double total = table_units;
  for (const auto& [name, units] : local) total += units;
  for (const auto& [name, units] : global) total += units;
  const Capacity sum = capacity(total);
  ConsumedCapacity result{.table_name = table,
                          .capacity_units = total,
                          .read_capacity_units = sum.read_capacity_units,
                          .write_capacity_units = sum.write_capacity_units};
  if (asked == ReturnConsumedCapacity::total) return result;
  result.table = capacity(table_units);
  for (const auto& [name, units] : local) {
    result.local_secondary_indexes[name] = capacity(units);
  }
  for (const auto& [name, units] : global) {
    result.global_secondary_indexes[name] = capacity(units);
  }
  return result;
}

}  // namespace dynakeep::reference
