#include "engine/operations/describe_table.h"

#include <algorithm>
#include <utility>

#include "engine/engine.h"
#include "engine/table_definition.h"

namespace dynakeep::engine {
namespace {

LocalSecondaryIndexDescription describe_local(const Table& table, const Index& index) {
  const Count count = index.count->total();
  return {.index_name = index.name,
          .key_schema = to_key_schema(index.keys),
          .projection = index.projection,
          .index_size_bytes = count.bytes,
          .item_count = count.items,
          .index_arn = table.index_arn(index.name)};
}

GlobalSecondaryIndexDescription describe_global(const Table& table, const Index& index,
                                                TableStatus status) {
  const Count count = index.count->total();
  GlobalSecondaryIndexDescription description{.index_name = index.name,
                                              .key_schema = to_key_schema(index.keys),
                                              .projection = index.projection,
                                              .index_status = index.status,
                                              .provisioned_throughput = index.throughput,
                                              .on_demand_throughput = index.on_demand_throughput,
                                              .index_size_bytes = count.bytes,
                                              .item_count = count.items,
                                              .index_arn = table.index_arn(index.name)};
  if (status == TableStatus::creating) {
    description.index_status = IndexStatus::creating;
  } else if (index.status == IndexStatus::creating) {
    // DynamoDB finds room for the index first, with the table UPDATING, and fills it then.
    description.backfilling = status != TableStatus::updating;
  }
  return description;
}

SseDescription describe_sse(const SseSpecification& sse) {
  return {.status = "ENABLED",
          .sse_type = sse.sse_type.value_or("KMS"),
          .kms_master_key_arn = sse.kms_master_key_id};
}

}  // namespace

Result<DescribeTableResult> describe_table(const Engine& engine,
                                           const DescribeTableRequest& request) {
  TRY(check_table_name(request.table_name));
  const TablePointer table = TRY(engine.catalog.find_for_table_operation(*request.table_name));
  DescribeTableResult result{.table = describe(*table)};
  // What is told rests on the last change of the catalog and on the writes that were counted.
  TRY(settle(engine,
             std::max(engine.catalog.position(), engine.store.unsynced_position(table->space))));
  return result;
}

TableDescription describe(const Table& table, TableStatus status) {
  const Count count = table.count->total();
  TableDescription description{.table_name = table.name,
                               .attribute_definitions = table.attribute_definitions,
                               .key_schema = to_key_schema(table.keys),
                               .table_status = status,
                               .creation_time = table.creation_time,
                               .provisioned_throughput = table.throughput,
                               .table_size_bytes = count.bytes,
                               .item_count = count.items,
                               .table_arn = table.arn,
                               .table_id = table.id,
                               .on_demand_throughput = table.on_demand_throughput,
                               .deletion_protection_enabled = table.deletion_protection};
  if (table.last_update_to_pay_per_request) {
    description.billing_mode_summary =
        BillingModeSummary{.billing_mode = table.billing_mode,
                           .last_update_to_pay_per_request = table.last_update_to_pay_per_request};
  }
  for (const Index& index : table.indexes) {
    if (index.kind == IndexKind::local) {
      description.local_secondary_indexes.push_back(describe_local(table, index));
    } else {
      description.global_secondary_indexes.push_back(describe_global(table, index, status));
    }
  }
  if (table.stream) {
    description.stream_specification =
        StreamSpecification{.stream_enabled = true, .stream_view_type = table.stream};
  }
  description.latest_stream_label = table.stream_label;
  description.latest_stream_arn = table.stream_arn();
  if (table.sse && table.sse->enabled.value_or(false)) {
    description.sse_description = describe_sse(*table.sse);
  }
  if (table.table_class) {
    description.table_class_summary = TableClassSummary{
        .table_class = *table.table_class, .last_update = table.last_table_class_update};
  }
  return description;
}

}  // namespace dynakeep::engine
