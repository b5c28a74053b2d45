#pragma once

#include "dynakeep/table.h"
#include "wire/shape.h"

// The shapes of dynakeep/table.h.
namespace dynakeep::wire {

template <>
struct Words<ScalarType> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ScalarType>>({
      {"S", ScalarType::string},
      {"N", ScalarType::number},
      {"B", ScalarType::binary},
  });
};

template <>
struct Words<KeyType> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, KeyType>>({
      {"HASH", KeyType::hash},
      {"RANGE", KeyType::range},
  });
};

template <>
struct Words<ProjectionType> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, ProjectionType>>({
      {"ALL", ProjectionType::all},
      {"KEYS_ONLY", ProjectionType::keys_only},
      {"INCLUDE", ProjectionType::include},
  });
};

template <>
struct Words<BillingMode> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, BillingMode>>({
      {"PROVISIONED", BillingMode::provisioned},
      {"PAY_PER_REQUEST", BillingMode::pay_per_request},
  });
};

template <>
struct Words<TableClass> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, TableClass>>({
      {"STANDARD", TableClass::standard},
      {"STANDARD_INFREQUENT_ACCESS", TableClass::standard_infrequent_access},
  });
};

template <>
struct Words<StreamViewType> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, StreamViewType>>({
      {"KEYS_ONLY", StreamViewType::keys_only},
      {"NEW_IMAGE", StreamViewType::new_image},
      {"OLD_IMAGE", StreamViewType::old_image},
      {"NEW_AND_OLD_IMAGES", StreamViewType::new_and_old_images},
  });
};

template <>
struct Words<TableStatus> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, TableStatus>>({
      {"CREATING", TableStatus::creating},
      {"UPDATING", TableStatus::updating},
      {"DELETING", TableStatus::deleting},
      {"ACTIVE", TableStatus::active},
  });
};

template <>
struct Words<IndexStatus> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, IndexStatus>>({
      {"CREATING", IndexStatus::creating},
      {"UPDATING", IndexStatus::updating},
      {"DELETING", IndexStatus::deleting},
      {"ACTIVE", IndexStatus::active},
  });
};

template <>
struct Shape<AttributeDefinition> {
  static constexpr std::string_view name = "AttributeDefinition";
  static void members(auto& each, auto& x) {
    each("AttributeName", x.attribute_name);
    each("AttributeType", x.attribute_type);
  }
};

template <>
struct Shape<KeySchemaElement> {
  static constexpr std::string_view name = "KeySchemaElement";
  static void members(auto& each, auto& x) {
    each("AttributeName", x.attribute_name);
    each("KeyType", x.key_type);
  }
};

template <>
struct Shape<Projection> {
  static constexpr std::string_view name = "Projection";
  static void members(auto& each, auto& x) {
    each("ProjectionType", x.projection_type);
    each("NonKeyAttributes", x.non_key_attributes);
  }
};

template <>
struct Shape<ProvisionedThroughput> {
  static constexpr std::string_view name = "ProvisionedThroughput";
  static void members(auto& each, auto& x) {
    each("ReadCapacityUnits", x.read_capacity_units);
    each("WriteCapacityUnits", x.write_capacity_units);
  }
};

template <>
struct Shape<OnDemandThroughput> {
  static constexpr std::string_view name = "OnDemandThroughput";
  static void members(auto& each, auto& x) {
    each("MaxReadRequestUnits", x.max_read_request_units);
    each("MaxWriteRequestUnits", x.max_write_request_units);
  }
};

template <>
struct Shape<LocalSecondaryIndex> {
  static constexpr std::string_view name = "LocalSecondaryIndex";
  static void members(auto& each, auto& x) {
    each("IndexName", x.index_name);
    each("KeySchema", x.key_schema);
    each("Projection", x.projection);
  }
};

template <>
struct Shape<GlobalSecondaryIndex> {
  static constexpr std::string_view name = "GlobalSecondaryIndex";
  static void members(auto& each, auto& x) {
    each("IndexName", x.index_name);
    each("KeySchema", x.key_schema);
    each("Projection", x.projection);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("OnDemandThroughput", x.on_demand_throughput);
  }
};

template <>
struct Shape<StreamSpecification> {
  static constexpr std::string_view name = "StreamSpecification";
  static void members(auto& each, auto& x) {
    each("StreamEnabled", x.stream_enabled);
    each("StreamViewType", x.stream_view_type);
  }
};

template <>
struct Shape<SseSpecification> {
  static constexpr std::string_view name = "SSESpecification";
  static void members(auto& each, auto& x) {
    each("Enabled", x.enabled);
    each("SSEType", x.sse_type);
    each("KMSMasterKeyId", x.kms_master_key_id);
  }
};

template <>
struct Shape<Tag> {
  static constexpr std::string_view name = "Tag";
  static void members(auto& each, auto& x) {
    each("Key", x.key);
    each("Value", x.value);
  }
};

template <>
struct Shape<ThroughputDescription> {
  static constexpr std::string_view name = "ProvisionedThroughputDescription";
  static void members(auto& each, auto& x) {
    each("LastIncreaseDateTime", x.last_increase);
    each("LastDecreaseDateTime", x.last_decrease);
    each("NumberOfDecreasesToday", x.number_of_decreases_today);
    each("ReadCapacityUnits", x.read_capacity_units);
    each("WriteCapacityUnits", x.write_capacity_units);
  }
};

template <>
struct Shape<LocalSecondaryIndexDescription> {
  static constexpr std::string_view name = "LocalSecondaryIndexDescription";
  static void members(auto& each, auto& x) {
    each("IndexName", x.index_name);
    each("KeySchema", x.key_schema);
    each("Projection", x.projection);
    each("IndexSizeBytes", x.index_size_bytes);
    each("ItemCount", x.item_count);
    each("IndexArn", x.index_arn);
  }
};

template <>
struct Shape<GlobalSecondaryIndexDescription> {
  static constexpr std::string_view name = "GlobalSecondaryIndexDescription";
  static void members(auto& each, auto& x) {
    each("IndexName", x.index_name);
    each("KeySchema", x.key_schema);
    each("Projection", x.projection);
    each("IndexStatus", x.index_status);
    each("Backfilling", x.backfilling);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("OnDemandThroughput", x.on_demand_throughput);
    each("IndexSizeBytes", x.index_size_bytes);
    each("ItemCount", x.item_count);
    each("IndexArn", x.index_arn);
  }
};

template <>
struct Shape<BillingModeSummary> {
  static constexpr std::string_view name = "BillingModeSummary";
  static void members(auto& each, auto& x) {
    each("BillingMode", x.billing_mode);
    each("LastUpdateToPayPerRequestDateTime", x.last_update_to_pay_per_request);
  }
};

template <>
struct Shape<TableClassSummary> {
  static constexpr std::string_view name = "TableClassSummary";
  static void members(auto& each, auto& x) {
    each("TableClass", x.table_class);
    each("LastUpdateDateTime", x.last_update);
  }
};

template <>
struct Shape<SseDescription> {
  static constexpr std::string_view name = "SSEDescription";
  static void members(auto& each, auto& x) {
    each("Status", x.status);
    each("SSEType", x.sse_type);
    each("KMSMasterKeyArn", x.kms_master_key_arn);
  }
};

template <>
struct Shape<TableDescription> {
  static constexpr std::string_view name = "TableDescription";
  static void members(auto& each, auto& x) {
    each("AttributeDefinitions", x.attribute_definitions);
    each("TableName", x.table_name);
    each("KeySchema", x.key_schema);
    each("TableStatus", x.table_status);
    each("CreationDateTime", x.creation_time);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("TableSizeBytes", x.table_size_bytes);
    each("ItemCount", x.item_count);
    each("TableArn", x.table_arn);
    each("TableId", x.table_id);
    each("BillingModeSummary", x.billing_mode_summary);
    each.unless_empty("LocalSecondaryIndexes", x.local_secondary_indexes);
    each.unless_empty("GlobalSecondaryIndexes", x.global_secondary_indexes);
    each("StreamSpecification", x.stream_specification);
    each("LatestStreamLabel", x.latest_stream_label);
    each("LatestStreamArn", x.latest_stream_arn);
    each("SSEDescription", x.sse_description);
    each("TableClassSummary", x.table_class_summary);
    each("OnDemandThroughput", x.on_demand_throughput);
    each("DeletionProtectionEnabled", x.deletion_protection_enabled);
  }
};

}  // namespace dynakeep::wire
