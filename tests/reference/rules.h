#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/attribute_value.h"
#include "dynakeep/request.h"
#include "dynakeep/result.h"
#include "dynakeep/table.h"

// What ReferenceDatabase knows of tables, keys, indexes and costs, in trees and loops.
namespace dynakeep::reference {

// The key attributes of a table or index.
struct Keys {
  std::string partition = {};
  ScalarType partition_type = ScalarType::string;
  std::optional<std::string> sort = {};
  ScalarType sort_type = ScalarType::string;

  std::vector<std::pair<std::string, ScalarType>> parts() const;
  bool has(const std::string& name) const { return name == partition || name == sort; }
};

struct IndexDefinition {
  std::string name = {};
  bool is_local = false;
  Keys keys = {};
  Projection projection = {};
};

struct TableDefinition {
  std::string name = {};
  Keys keys = {};
  std::vector<IndexDefinition> indexes = {};
  std::vector<AttributeMap> items = {};  // in no order
};

// ---- values ----

// For scalars of one type: below, at or above 0.
int compare(const AttributeValue& a, const AttributeValue& b);
// Of a string or binary.
const std::string& bytes_of(const AttributeValue& value);
// Null if there is none of that name.
const AttributeValue* find(const AttributeMap& attributes, const std::string& name);
// As DynamoDB counts them.
std::size_t size_of(const AttributeMap& attributes);

// ---- keys ----

// "One or more parameter values were invalid: " and what.
Error invalid(const std::string& what);
Result<void> check_key_value(const std::string& name, const AttributeValue& value,
                             bool is_partition);
// The keys of a whole item, those of the indexes as well; and those that name an item.
Result<void> check_item_keys(const TableDefinition& table, const AttributeMap& item);
Result<void> check_request_key(const TableDefinition& table, const AttributeMap& key);

// The attributes of `from` that one of the keys has.
AttributeMap key_of(const AttributeMap& from, const Keys& keys, const Keys* more = nullptr);
// The item with the key attributes of `key`; null if there is none.
AttributeMap* find_item(TableDefinition& table, const AttributeMap& key);

// ---- indexes: what they would be if they were made now ----

bool is_of(const AttributeValue& value, ScalarType type);
bool holds_attribute(const TableDefinition& table, const IndexDefinition& index,
                     const std::string& name);
// Nothing if the item is not in the index.
std::optional<AttributeMap> entry_of(const TableDefinition& table, const IndexDefinition& index,
                                     const std::optional<AttributeMap>& item);
std::uint64_t hash_of(const AttributeValue& partition);
// Whether `a` stands before `b` in the index, or in the table if that is null.
bool stands_before(const TableDefinition& table, const IndexDefinition* index,
                   const AttributeMap& a, const AttributeMap& b);
// All that the index, or the table, holds, in its order.
std::vector<AttributeMap> entries_of(const TableDefinition& table, const IndexDefinition* index);

// ---- capacity ----

// `each` for every 4 KB begun.
double read_units(std::size_t bytes, double each);
double write_units(std::size_t bytes);
// What `each` is, by ConsistentRead.
double read_factor(const std::optional<bool>& consistent);

enum class UnitsKind { plain, read, write };

// What one operation consumed of one table.
struct Consumed {
  std::string table = {};
  double table_units = 0;
  std::map<std::string, double> local = {};
  std::map<std::string, double> global = {};

  void add(const IndexDefinition& index, double units);
  // Nothing if not asked for.
  std::optional<ConsumedCapacity> told(const std::optional<ReturnConsumedCapacity>& asked,
                                       UnitsKind kind = UnitsKind::plain) const;
};

}  // namespace dynakeep::reference
