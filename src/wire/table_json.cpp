// The messages of dynakeep/table_requests.h.

#include "dynakeep/table_requests.h"
#include "wire/message_json_of.h"
#include "wire/table_shapes.h"

namespace dynakeep::wire {

template <>
struct Shape<CreateTableRequest> {
  static constexpr std::string_view name = "CreateTableInput";
  static void members(auto& each, auto& x) {
    each("AttributeDefinitions", x.attribute_definitions);
    each("TableName", x.table_name);
    each("KeySchema", x.key_schema);
    each("LocalSecondaryIndexes", x.local_secondary_indexes);
    each("GlobalSecondaryIndexes", x.global_secondary_indexes);
    each("BillingMode", x.billing_mode);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("OnDemandThroughput", x.on_demand_throughput);
    each("StreamSpecification", x.stream_specification);
    each("SSESpecification", x.sse_specification);
    each("Tags", x.tags);
    each("TableClass", x.table_class);
    each("DeletionProtectionEnabled", x.deletion_protection_enabled);
  }
};

template <>
struct Shape<CreateTableResult> {
  static constexpr std::string_view name = "CreateTableOutput";
  static void members(auto& each, auto& x) { each("TableDescription", x.table_description); }
};

template <>
struct Shape<DeleteTableRequest> {
  static constexpr std::string_view name = "DeleteTableInput";
  static void members(auto& each, auto& x) { each("TableName", x.table_name); }
};

template <>
struct Shape<DeleteTableResult> {
  static constexpr std::string_view name = "DeleteTableOutput";
  static void members(auto& each, auto& x) { each("TableDescription", x.table_description); }
};

template <>
struct Shape<DescribeTableRequest> {
  static constexpr std::string_view name = "DescribeTableInput";
  static void members(auto& each, auto& x) { each("TableName", x.table_name); }
};

template <>
struct Shape<DescribeTableResult> {
  static constexpr std::string_view name = "DescribeTableOutput";
  static void members(auto& each, auto& x) { each("Table", x.table); }
};

template <>
struct Shape<ListTablesRequest> {
  static constexpr std::string_view name = "ListTablesInput";
  static void members(auto& each, auto& x) {
    each("ExclusiveStartTableName", x.exclusive_start_table_name);
    each("Limit", x.limit);
  }
};

template <>
struct Shape<ListTablesResult> {
  static constexpr std::string_view name = "ListTablesOutput";
  static void members(auto& each, auto& x) {
    each("TableNames", x.table_names);
    each("LastEvaluatedTableName", x.last_evaluated_table_name);
  }
};

template <>
struct Shape<CreateGlobalSecondaryIndexAction> {
  static constexpr std::string_view name = "CreateGlobalSecondaryIndexAction";
  static void members(auto& each, auto& x) {
    each("IndexName", x.index_name);
    each("KeySchema", x.key_schema);
    each("Projection", x.projection);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("OnDemandThroughput", x.on_demand_throughput);
  }
};

template <>
struct Shape<UpdateGlobalSecondaryIndexAction> {
  static constexpr std::string_view name = "UpdateGlobalSecondaryIndexAction";
  static void members(auto& each, auto& x) {
    each("IndexName", x.index_name);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("OnDemandThroughput", x.on_demand_throughput);
  }
};

template <>
struct Shape<DeleteGlobalSecondaryIndexAction> {
  static constexpr std::string_view name = "DeleteGlobalSecondaryIndexAction";
  static void members(auto& each, auto& x) { each("IndexName", x.index_name); }
};

template <>
struct Shape<GlobalSecondaryIndexUpdate> {
  static constexpr std::string_view name = "GlobalSecondaryIndexUpdate";
  static void members(auto& each, auto& x) {
    each("Update", x.update);
    each("Create", x.create);
    each("Delete", x.remove);
  }
};

template <>
struct Shape<UpdateTableRequest> {
  static constexpr std::string_view name = "UpdateTableInput";
  static void members(auto& each, auto& x) {
    each("AttributeDefinitions", x.attribute_definitions);
    each("TableName", x.table_name);
    each("BillingMode", x.billing_mode);
    each("ProvisionedThroughput", x.provisioned_throughput);
    each("OnDemandThroughput", x.on_demand_throughput);
    each("GlobalSecondaryIndexUpdates", x.global_secondary_index_updates);
    each("StreamSpecification", x.stream_specification);
    each("SSESpecification", x.sse_specification);
    each("TableClass", x.table_class);
    each("DeletionProtectionEnabled", x.deletion_protection_enabled);
    each.unsupported("ReplicaUpdates");
  }
};

template <>
struct Shape<UpdateTableResult> {
  static constexpr std::string_view name = "UpdateTableOutput";
  static void members(auto& each, auto& x) { each("TableDescription", x.table_description); }
};

DYNAKEEP_WIRE_MESSAGE(CreateTableRequest);
DYNAKEEP_WIRE_MESSAGE(CreateTableResult);
DYNAKEEP_WIRE_MESSAGE(DeleteTableRequest);
DYNAKEEP_WIRE_MESSAGE(DeleteTableResult);
DYNAKEEP_WIRE_MESSAGE(DescribeTableRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeTableResult);
DYNAKEEP_WIRE_MESSAGE(ListTablesRequest);
DYNAKEEP_WIRE_MESSAGE(ListTablesResult);
DYNAKEEP_WIRE_MESSAGE(UpdateTableRequest);
DYNAKEEP_WIRE_MESSAGE(UpdateTableResult);

}  // namespace dynakeep::wire
