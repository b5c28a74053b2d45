#include "engine/item_key.h"

#include <algorithm>
#include <array>

#include "base/invariant.h"
#include "engine/validate.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

using model::MapView;
using model::ValueTag;
using model::ValueView;

Error schema_mismatch() {
  return Error::validation("The provided key element does not match the schema");
}

enum class KeyPart { partition, sort };

// Empty and too long values of a key, which is of a right type.
Result<void> check_key_value(std::string_view name, ValueView value, KeyPart part) {
  if (value.payload().empty() && !value.is(ValueTag::number)) {
    return Error::validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        "contain an empty " +
        std::string(value.is(ValueTag::string) ? "string" : "binary") +
        " value. Key: " + std::string(name));
  }
  const std::size_t size = value.payload().size();
  if (part == KeyPart::partition && size > model::partition_key_bytes_max) {
    return invalid_parameter_values(
        "Size of hashkey has exceeded the maximum size limit of2048 bytes");
  }
  if (part == KeyPart::sort && size > model::sort_key_bytes_max) {
    return invalid_parameter_values(
        "Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
  }
  return {};
}

ItemKey make_key(const Table& table, ValueView partition, ValueView sort) {
  ItemKey key;
  storage::append_item_key(key.bytes, table.space, partition, sort);
  key.partition = storage::partition_of(key.bytes);
  return key;
}

// The value of a key attribute of a whole item.
Result<ValueView> item_key_value(MapView item, const std::string& name, ScalarType type) {
  const ValueView value = item.find(name);
  if (!value.exists()) return invalid_parameter_values("Missing the key " + name + " in the item");
  if (!value.is(tag_of(type))) {
    return invalid_parameter_values("Type mismatch for key " + name + " expected: " +
                                    std::string(type_name(model::type_of(tag_of(type)))) +
                                    " actual: " + std::string(type_name(value.type())));
  }
  return value;
}

template <typename Check>
Result<void> for_each_index_key(const Table& table, Check check) {
  for (const Index& index : table.indexes) {
    const auto one = [&](const std::string& name, ScalarType type, KeyPart part) -> Result<void> {
      if (table.keys.has(name)) return {};  // checked as the table's own
      return check(index, name, type, part);
    };
    TRY(one(index.keys.partition, index.keys.partition_type, KeyPart::partition));
    if (index.keys.sort) TRY(one(*index.keys.sort, index.keys.sort_type, KeyPart::sort));
  }
  return {};
}

// Appends those attributes of `item` that `names` (in bytewise order) holds, as an encoded item.
std::string pick(MapView item, std::span<const std::string_view> names) {
  std::string out;
  std::size_t count = 0;
  for (const std::string_view name : names) count += item.find(name).exists() ? 1 : 0;
  model::append_item_head(out, count);
  for (const std::string_view name : names) {
    const ValueView value = item.find(name);
    if (!value.exists()) continue;
    model::append_name(out, name);
    out += value.bytes();
  }
  return out;
}

// Names of at most two schemas, in order, each once.
struct KeyNames {
  std::array<std::string_view, 4> names;
  std::size_t count = 0;

  void add(const KeyAttributes& keys) {
    names[count++] = keys.partition;
    if (keys.sort) names[count++] = *keys.sort;
  }
  std::span<const std::string_view> in_order() {
    std::sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(count));
    const auto* end = std::unique(names.data(), names.data() + count);
    return {names.data(), static_cast<std::size_t>(end - names.data())};
  }
};

}  // namespace

Result<std::string_view> encoding_of(const Item& item, std::string& scratch) {
  if (auto refusal = ItemAccess::refusal(item))
    return Error::validation(std::move(refusal->message));
  return ItemAccess::encoded(item, scratch);
}

ValueTag tag_of(ScalarType type) {
  switch (type) {
    case ScalarType::string:
      return ValueTag::string;
    case ScalarType::number:
      return ValueTag::number;
    case ScalarType::binary:
      return ValueTag::binary;
  }
  base::violated("a scalar type is known", __FILE__, __LINE__);
}

Result<ItemKey> key_of_item(const Table& table, MapView item) {
  const KeyAttributes& keys = table.keys;
  const ValueView partition = TRY(item_key_value(item, keys.partition, keys.partition_type));
  ValueView sort;
  if (keys.sort) sort = TRY(item_key_value(item, *keys.sort, keys.sort_type));
  TRY(check_key_value(keys.partition, partition, KeyPart::partition));
  if (keys.sort) TRY(check_key_value(*keys.sort, sort, KeyPart::sort));
  if (!table.indexes.empty()) TRY(check_index_keys(table, item));
  return make_key(table, partition, sort);
}

Result<ItemKey> key_of_request(const Table& table, MapView key) {
  const KeyAttributes& keys = table.keys;
  if (key.size() != (keys.sort ? 2u : 1u)) return schema_mismatch();
  const ValueView partition = key.find(keys.partition);
  if (!partition.is(tag_of(keys.partition_type))) return schema_mismatch();
  ValueView sort;
  if (keys.sort) {
    sort = key.find(*keys.sort);
    if (!sort.is(tag_of(keys.sort_type))) return schema_mismatch();
  }
  TRY(check_key_values(keys, key));
  return make_key(table, partition, sort);
}

Result<void> check_key_values(const KeyAttributes& keys, MapView attributes) {
  TRY(check_key_value(keys.partition, attributes.find(keys.partition), KeyPart::partition));
  if (!keys.sort) return {};
  return check_key_value(*keys.sort, attributes.find(*keys.sort), KeyPart::sort);
}

std::string key_attributes(const KeyAttributes& keys, MapView item) {
  KeyNames names;
  names.add(keys);
  return pick(item, names.in_order());
}

std::string key_attributes(const Table& table, const Index& index, MapView item) {
  KeyNames names;
  names.add(table.keys);
  names.add(index.keys);
  return pick(item, names.in_order());
}

bool is_in_index(const Index& index, MapView item) {
  const KeyAttributes& keys = index.keys;
  // An empty value got in before the index was there; DynamoDB leaves such an item out.
  const auto fits = [&](const std::string& name, ScalarType type, std::size_t bytes_max) {
    const ValueView value = item.find(name);
    return value.is(tag_of(type)) && !value.payload().empty() &&
           value.payload().size() <= bytes_max;
  };
  return fits(keys.partition, keys.partition_type, model::partition_key_bytes_max) &&
         (!keys.sort || fits(*keys.sort, keys.sort_type, model::sort_key_bytes_max));
}

std::string index_entry_key(const Table& table, const Index& index, MapView item) {
  const auto sort_of = [&](const KeyAttributes& keys) {
    return keys.sort ? item.find(*keys.sort) : ValueView();
  };
  return storage::index_key(index.space, item.find(index.keys.partition), sort_of(index.keys),
                            item.find(table.keys.partition), sort_of(table.keys));
}

Result<void> check_index_keys(const Table& table, MapView item) {
  return for_each_index_key(
      table,
      [&](const Index& index, const std::string& name, ScalarType type,
          KeyPart part) -> Result<void> {
        const ValueView value = item.find(name);
        if (!value.exists()) return {};
        if (!value.is(tag_of(type))) {
          return invalid_parameter_values(
              "Type mismatch for Index Key " + name +
              " Expected: " + std::string(type_name(model::type_of(tag_of(type)))) +
              " Actual: " + std::string(type_name(value.type())) + " IndexName: " + index.name);
        }
        if (value.payload().empty()) {
          return Error::validation(
              "One or more parameter values are not valid. A value specified for a secondary index "
              "key is not supported. The AttributeValue for a key attribute cannot contain an "
              "empty " +
              std::string(value.is(ValueTag::string) ? "string" : "binary") +
              " value. IndexName: " + index.name + ", IndexKey: " + name);
        }
        return check_key_value(name, value, part);
      });
}

Result<void> check_updated_index_keys(const Table& table, MapView old_item, MapView new_item) {
  return for_each_index_key(
      table,
      [&](const Index&, const std::string& name, ScalarType type, KeyPart part) -> Result<void> {
        const ValueView value = new_item.find(name);
        // What stood there before the index did is not this update's fault.
        if (!value.exists() || value == old_item.find(name)) return {};
        if (!value.is(tag_of(type))) {
          return Error::validation(
              "The update expression attempted to update the secondary index key to unsupported "
              "value");
        }
        if (value.payload().empty()) {
          return Error::validation(
              "One or more parameter values are not valid. The update expression attempted to "
              "update "
              "a secondary index key to a value that is not supported. The AttributeValue for a "
              "key "
              "attribute cannot contain an empty " +
              std::string(value.is(ValueTag::string) ? "string" : "binary") + " value.");
        }
        return check_key_value(name, value, part);
      });
}

Result<void> check_keys_are_scalars(const Table& table, const expression::Bound& bound) {
  for (const std::string_view name : bound.documents()) {
    const bool is_table_key = table.keys.has(name);
    const bool is_key =
        is_table_key || std::any_of(table.indexes.begin(), table.indexes.end(),
                                    [&](const Index& index) { return index.keys.has(name); });
    if (!is_key) continue;
    return Error::validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
        "allowed: " +
        std::string(is_table_key ? "Key: " : "IndexKey: ") + std::string(name));
  }
  return {};
}

}  // namespace dynakeep::engine
