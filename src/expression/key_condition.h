#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dynakeep/result.h"
#include "dynakeep/table.h"
#include "expression/bind.h"
#include "model/encoded_item.h"

namespace dynakeep::expression {

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

// One condition of a KeyConditionExpression: an attribute, what it is compared with and how. Views
// into the request's names and values.
struct KeyTerm {
  std::string_view name = {};
  SortOperator comparison = SortOperator::equal;
  model::ValueView operand = {};  // the lower bound of between
  model::ValueView upper = {};    // the upper bound of between
};

// The one or two conditions of a KeyConditionExpression, before it is known what the keys are.
// Refuses what no table could answer: OR, NOT, functions other than begins_with, two conditions on
// one attribute, … To be called once Binder::finish() had nothing to refuse.
Result<std::vector<KeyTerm>> key_terms(const KeyConditionText& text);

// Which items a Query reads: one partition, and a range of its sort keys. The values are of the
// types that the schema says. Views into the request's values.
struct KeyCondition {
  model::ValueView partition = {};
  SortOperator sort_operator = SortOperator::none;
  model::ValueView sort = {};        // the operand; the lower bound of between
  model::ValueView sort_upper = {};  // the upper bound of between
};

// Matches the conditions with the key. Refuses, in DynamoDB's words: a key attribute missed, other
// attributes, an operator that the partition key does not take, values of another type than the
// schema's, and empty key values.
Result<KeyCondition> match(const std::vector<KeyTerm>& terms, const QueriedKey& key);

}  // namespace dynakeep::expression
