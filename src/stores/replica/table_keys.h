#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/result.h"
#include "dynakeep/table.h"

namespace dynakeep::replicas {

// The key attributes of a table, and keys as bytes: equal if and only if the keys are, and in order
// of partition key and then of sort key as DynamoDB orders them.
class TableKeys {
 public:
  TableKeys() = default;
  explicit TableKeys(const TableDescription& table);

  const std::string& partition() const { return partition_; }
  const std::optional<std::string>& sort() const { return sort_; }

  // Of an item that has the key attributes; other attributes do not matter. Empty: it has not, or
  // they are of types that no key is.
  std::string text_of(const Item& item) const;
  // What every key of the partition begins with, and no other does. Empty as above.
  std::string text_of_partition(const AttributeValue& value) const;
  // The key attributes alone. They must be there.
  Key key_of(const Item& item) const;
  // validation: not all of the key attributes, of their types, and no others.
  Result<void> check(const Key& key) const;

  friend bool operator==(const TableKeys&, const TableKeys&) = default;

 private:
  std::string partition_;
  std::optional<std::string> sort_;
  ScalarType partition_type_ = ScalarType::string;
  ScalarType sort_type_ = ScalarType::string;
};

}  // namespace dynakeep::replicas
