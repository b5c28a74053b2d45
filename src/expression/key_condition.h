#pragma once

#include <optional>
#include <string_view>

#include "dynakeep/result.h"
#include "dynakeep/table.h"
#include "expression/bind.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {

// A KeyConditionExpression with its names and values, before it is known what the keys are.
class KeyConditions : public Bound {};

// Refuses what no table could answer: OR, NOT, functions other than begins_with, … Needs no table.
Result<KeyConditions> bind_key_condition(Binder& binder, std::string_view text);

// The key attributes of the table or index that is queried.
struct KeyAttribute {
  std::string_view name = {};
  ScalarType type = ScalarType::string;
};
struct QueriedKey {
  KeyAttribute partition = {};
  std::optional<KeyAttribute> sort = {};
};

enum class SortOperator : std::uint8_t {
  none,  // every sort key, or no sort key in the schema
  equal,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  between,  // both ends included
  begins_with,
};

// Which items a Query reads: one partition, and a range of its sort keys. The values are of the
// types that the schema says. Views into the request's values.
struct KeyCondition {
  model::ValueView partition = {};
  SortOperator sort_operator = SortOperator::none;
  model::ValueView sort = {};        // the operand; the lower bound of between
  model::ValueView sort_upper = {};  // the upper bound of between
};

// Matches the conditions with the key. Refuses, in DynamoDB's words: a key attribute missed or
// named twice, other attributes, an operator that the attribute does not take, values of another
// type than the schema's, and empty key values.
Result<KeyCondition> match(const KeyConditions& conditions, const QueriedKey& key);

}  // namespace dynakeep::expression
