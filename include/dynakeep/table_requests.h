#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/request.h"
#include "dynakeep/table.h"

namespace dynakeep {

struct CreateTableRequest {
  std::optional<std::string> table_name = {};
  std::optional<std::vector<AttributeDefinition>> attribute_definitions = {};
  std::optional<KeySchema> key_schema = {};
  std::optional<std::vector<LocalSecondaryIndex>> local_secondary_indexes = {};
  std::optional<std::vector<GlobalSecondaryIndex>> global_secondary_indexes = {};
  std::optional<BillingMode> billing_mode = {};
  std::optional<ProvisionedThroughput> provisioned_throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
  std::optional<StreamSpecification> stream_specification = {};
  std::optional<SseSpecification> sse_specification = {};
  std::optional<std::vector<Tag>> tags = {};
  std::optional<TableClass> table_class = {};
  std::optional<bool> deletion_protection_enabled = {};
  UnknownWords unknown_words = {};
};

struct CreateTableResult {
  TableDescription table_description = {};
};

struct DeleteTableRequest {
  std::optional<std::string> table_name = {};
};

struct DeleteTableResult {
  TableDescription table_description = {};
};

struct DescribeTableRequest {
  std::optional<std::string> table_name = {};
};

struct DescribeTableResult {
  TableDescription table = {};
};

struct ListTablesRequest {
  std::optional<std::string> exclusive_start_table_name = {};
  std::optional<std::int32_t> limit = {};  // 1 to 100; 100 if absent
};

struct ListTablesResult {
  std::vector<std::string> table_names = {};  // in bytewise order
  std::optional<std::string> last_evaluated_table_name = {};
};

struct CreateGlobalSecondaryIndexAction {
  std::optional<std::string> index_name = {};
  std::optional<KeySchema> key_schema = {};
  std::optional<Projection> projection = {};
  std::optional<ProvisionedThroughput> provisioned_throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
};

struct UpdateGlobalSecondaryIndexAction {
  std::optional<std::string> index_name = {};
  std::optional<ProvisionedThroughput> provisioned_throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
};

struct DeleteGlobalSecondaryIndexAction {
  std::optional<std::string> index_name = {};
};

// Exactly one of the three.
struct GlobalSecondaryIndexUpdate {
  std::optional<CreateGlobalSecondaryIndexAction> create = {};
  std::optional<UpdateGlobalSecondaryIndexAction> update = {};
  std::optional<DeleteGlobalSecondaryIndexAction> remove = {};  // Delete
};

struct UpdateTableRequest {
  std::optional<std::string> table_name = {};
  std::optional<std::vector<AttributeDefinition>> attribute_definitions = {};
  std::optional<BillingMode> billing_mode = {};
  std::optional<ProvisionedThroughput> provisioned_throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
  std::optional<std::vector<GlobalSecondaryIndexUpdate>> global_secondary_index_updates = {};
  std::optional<StreamSpecification> stream_specification = {};
  std::optional<SseSpecification> sse_specification = {};
  std::optional<TableClass> table_class = {};
  std::optional<bool> deletion_protection_enabled = {};
  UnknownWords unknown_words = {};
};

struct UpdateTableResult {
  TableDescription table_description = {};
};

}  // namespace dynakeep
