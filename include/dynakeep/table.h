#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/clock.h"

namespace dynakeep {

// What tables are made of and how they are described. Names and meanings are those of the Amazon
// DynamoDB API Reference; every field has a default, so callers name what they mean.

enum class ScalarType : std::uint8_t { string, number, binary };  // S, N, B: what a key may be
enum class KeyType : std::uint8_t { hash, range };  // HASH: partition key; RANGE: sort key
enum class ProjectionType : std::uint8_t { all, keys_only, include };
enum class BillingMode : std::uint8_t { provisioned, pay_per_request };
enum class TableClass : std::uint8_t { standard, standard_infrequent_access };
enum class StreamViewType : std::uint8_t { keys_only, new_image, old_image, new_and_old_images };
enum class TableStatus : std::uint8_t { creating, updating, deleting, active };
enum class IndexStatus : std::uint8_t { creating, updating, deleting, active };

struct AttributeDefinition {
  std::optional<std::string> attribute_name = {};
  std::optional<ScalarType> attribute_type = {};
  friend bool operator==(const AttributeDefinition&, const AttributeDefinition&) = default;
};

struct KeySchemaElement {
  std::optional<std::string> attribute_name = {};
  std::optional<KeyType> key_type = {};
  friend bool operator==(const KeySchemaElement&, const KeySchemaElement&) = default;
};
using KeySchema = std::vector<KeySchemaElement>;

struct Projection {
  std::optional<ProjectionType> projection_type = {};
  std::optional<std::vector<std::string>> non_key_attributes = {};
  friend bool operator==(const Projection&, const Projection&) = default;
};

struct ProvisionedThroughput {
  std::optional<std::int64_t> read_capacity_units = {};
  std::optional<std::int64_t> write_capacity_units = {};
  friend bool operator==(const ProvisionedThroughput&, const ProvisionedThroughput&) = default;
};

struct OnDemandThroughput {
  std::optional<std::int64_t> max_read_request_units = {};
  std::optional<std::int64_t> max_write_request_units = {};
  friend bool operator==(const OnDemandThroughput&, const OnDemandThroughput&) = default;
};

struct LocalSecondaryIndex {
  std::optional<std::string> index_name = {};
  std::optional<KeySchema> key_schema = {};
  std::optional<Projection> projection = {};
};

struct GlobalSecondaryIndex {
  std::optional<std::string> index_name = {};
  std::optional<KeySchema> key_schema = {};
  std::optional<Projection> projection = {};
  std::optional<ProvisionedThroughput> provisioned_throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
};

struct StreamSpecification {
  std::optional<bool> stream_enabled = {};
  std::optional<StreamViewType> stream_view_type = {};
  friend bool operator==(const StreamSpecification&, const StreamSpecification&) = default;
};

// Kept and described, without effect: data at rest is what the disk makes of it.
struct SseSpecification {
  std::optional<bool> enabled = {};
  std::optional<std::string> sse_type = {};  // "KMS"
  std::optional<std::string> kms_master_key_id = {};
  friend bool operator==(const SseSpecification&, const SseSpecification&) = default;
};

struct Tag {
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  friend bool operator==(const Tag&, const Tag&) = default;
};

// ---- what a description tells ----

struct ThroughputDescription {
  std::optional<Time> last_increase = {};
  std::optional<Time> last_decrease = {};
  std::int64_t number_of_decreases_today = 0;
  std::int64_t read_capacity_units = 0;
  std::int64_t write_capacity_units = 0;
  friend bool operator==(const ThroughputDescription&, const ThroughputDescription&) = default;
};

struct LocalSecondaryIndexDescription {
  std::string index_name = {};
  KeySchema key_schema = {};
  Projection projection = {};
  std::int64_t index_size_bytes = 0;
  std::int64_t item_count = 0;
  std::string index_arn = {};
};

struct GlobalSecondaryIndexDescription {
  std::string index_name = {};
  KeySchema key_schema = {};
  Projection projection = {};
  IndexStatus index_status = IndexStatus::active;
  std::optional<bool> backfilling = {};
  ThroughputDescription provisioned_throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
  std::int64_t index_size_bytes = 0;
  std::int64_t item_count = 0;
  std::string index_arn = {};
};

struct BillingModeSummary {
  BillingMode billing_mode = BillingMode::provisioned;
  std::optional<Time> last_update_to_pay_per_request = {};
};

struct TableClassSummary {
  TableClass table_class = TableClass::standard;
  std::optional<Time> last_update = {};
};

struct SseDescription {
  std::string status = {};    // "ENABLED"
  std::string sse_type = {};  // "KMS"
  std::optional<std::string> kms_master_key_arn = {};
};

struct TableDescription {
  std::string table_name = {};
  std::vector<AttributeDefinition> attribute_definitions = {};
  KeySchema key_schema = {};
  TableStatus table_status = TableStatus::active;
  Time creation_time = {};
  ThroughputDescription provisioned_throughput = {};
  std::int64_t table_size_bytes = 0;  // as DynamoDB counts items; exact here, not six hours old
  std::int64_t item_count = 0;        // exact here, not six hours old
  std::string table_arn = {};
  std::string table_id = {};  // a UUID
  std::optional<BillingModeSummary> billing_mode_summary = {};
  std::vector<LocalSecondaryIndexDescription> local_secondary_indexes = {};
  std::vector<GlobalSecondaryIndexDescription> global_secondary_indexes = {};
  std::optional<StreamSpecification> stream_specification = {};
  std::optional<std::string> latest_stream_label = {};
  std::optional<std::string> latest_stream_arn = {};
  std::optional<SseDescription> sse_description = {};
  std::optional<TableClassSummary> table_class_summary = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
  bool deletion_protection_enabled = false;
};

}  // namespace dynakeep
