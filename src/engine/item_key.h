#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/result.h"
#include "engine/catalog.h"
#include "expression/bind.h"
#include "model/encoded_item.h"
#include "storage/key_codec.h"

// From the attributes of a request to the key of an item, with DynamoDB's complaints.
namespace dynakeep::engine {

// Which item of which table: the bytes that it is stored and locked under.
struct ItemKey {
  std::string bytes;
  storage::Partition partition;
};

// The encoding of an item or key of a request, perhaps made in `scratch`; or what DynamoDB says of
// a value in it that cannot be.
Result<std::string_view> encoding_of(const Item& item, std::string& scratch);

// The type that a scalar of the schema has in an item.
model::ValueTag tag_of(ScalarType type);

// The key of a whole item. Validation errors: "Missing the key a in the item", "Type mismatch for
// key a expected: S actual: N", empty and too long values; for the keys of its indexes too, where
// the item has those attributes.
Result<ItemKey> key_of_item(const Table& table, model::MapView item);

// The key that a request names. Validation errors: "The provided key element does not match the
// schema", empty and too long values.
Result<ItemKey> key_of_request(const Table& table, model::MapView key);

// Validation errors for empty and too long values of the key attributes, which are all there and of
// their types.
Result<void> check_key_values(const KeyAttributes& keys, model::MapView attributes);

// The key attributes alone, as an encoded item: what an answer calls Key or LastEvaluatedKey.
std::string key_attributes(const KeyAttributes& keys, model::MapView item);
// The same with the index's key attributes.
std::string key_attributes(const Table& table, const Index& index, model::MapView item);

// Whether the item has the index's key attributes, of the types that the schema says: then it is in
// it.
bool is_in_index(const Index& index, model::MapView item);

// The key of the item's entry in the index, which it must be in.
std::string index_entry_key(const Table& table, const Index& index, model::MapView item);

// Validation error, in DynamoDB's words for a put, if the item has an attribute that is a key of
// one of the table's indexes with a value that cannot be one.
Result<void> check_index_keys(const Table& table, model::MapView item);

// The same in its words for an update, of those attributes that the update changed.
Result<void> check_updated_index_keys(const Table& table, model::MapView old_item,
                                      model::MapView new_item);

// Validation error if the expression looks inside of a key attribute of the table or of one of its
// indexes: those are scalars.
Result<void> check_keys_are_scalars(const Table& table, const expression::Bound& bound);

}  // namespace dynakeep::engine
