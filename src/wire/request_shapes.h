#pragma once

#include "dynakeep/request.h"
#include "wire/shape.h"

// The shapes of dynakeep/request.h: what the messages of several files share.
namespace dynakeep::wire {

template <>
struct Words<ReturnValues> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ReturnValues>>({
      {"NONE", ReturnValues::none},
      {"ALL_OLD", ReturnValues::all_old},
      {"UPDATED_OLD", ReturnValues::updated_old},
      {"ALL_NEW", ReturnValues::all_new},
      {"UPDATED_NEW", ReturnValues::updated_new},
  });
};

template <>
struct Words<ReturnValuesOnConditionCheckFailure> {
  static constexpr auto all =
      std::to_array<std::pair<std::string_view, ReturnValuesOnConditionCheckFailure>>({
          {"NONE", ReturnValuesOnConditionCheckFailure::none},
          {"ALL_OLD", ReturnValuesOnConditionCheckFailure::all_old},
      });
};

template <>
struct Words<ReturnConsumedCapacity> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ReturnConsumedCapacity>>({
      {"NONE", ReturnConsumedCapacity::none},
      {"TOTAL", ReturnConsumedCapacity::total},
      {"INDEXES", ReturnConsumedCapacity::indexes},
  });
};

template <>
struct Words<ReturnItemCollectionMetrics> {
  static constexpr auto all =
      std::to_array<std::pair<std::string_view, ReturnItemCollectionMetrics>>({
          {"NONE", ReturnItemCollectionMetrics::none},
          {"SIZE", ReturnItemCollectionMetrics::size},
      });
};

template <>
struct Words<Select> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, Select>>({
      {"ALL_ATTRIBUTES", Select::all_attributes},
      {"ALL_PROJECTED_ATTRIBUTES", Select::all_projected_attributes},
      {"SPECIFIC_ATTRIBUTES", Select::specific_attributes},
      {"COUNT", Select::count},
  });
};

template <>
struct Shape<Capacity> {
  static constexpr std::string_view name = "Capacity";
  static void members(auto& each, auto& x) {
    each("CapacityUnits", x.capacity_units);
    each("ReadCapacityUnits", x.read_capacity_units);
    each("WriteCapacityUnits", x.write_capacity_units);
  }
};

template <>
struct Shape<ConsumedCapacity> {
  static constexpr std::string_view name = "ConsumedCapacity";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("CapacityUnits", x.capacity_units);
    each("ReadCapacityUnits", x.read_capacity_units);
    each("WriteCapacityUnits", x.write_capacity_units);
    each("Table", x.table);
    each.unless_empty("LocalSecondaryIndexes", x.local_secondary_indexes);
    each.unless_empty("GlobalSecondaryIndexes", x.global_secondary_indexes);
  }
};

template <>
struct Shape<ItemCollectionMetrics> {
  static constexpr std::string_view name = "ItemCollectionMetrics";
  static void members(auto& each, auto& x) {
    each("ItemCollectionKey", x.item_collection_key);
    each.range("SizeEstimateRangeGB", x.size_estimate_lower_gb, x.size_estimate_upper_gb);
  }
};

}  // namespace dynakeep::wire
