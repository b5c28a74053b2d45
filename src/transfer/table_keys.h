#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dynakeep/item.h"
#include "dynakeep/table.h"
#include "transfer/csv.h"

namespace dynakeep::transfer {

// A table's own key: one or two attributes, the partition key first.
using KeyAttributes = std::vector<std::pair<std::string, AttributeType>>;

KeyAttributes keys_of(const TableDescription& table);

// Of the table's own key and of those of its indexes.
AttributeTypes key_types_of(const TableDescription& table);

// The key as bytes that are equal if and only if the keys are. validation: an attribute of it is
// missing, of another type, empty or too long.
Result<std::string> key_of(const KeyAttributes& keys, const Item& item);

}  // namespace dynakeep::transfer
