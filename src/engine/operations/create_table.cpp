#include "engine/operations/create_table.h"

#include <set>
#include <utility>

#include "engine/engine.h"
#include "engine/operations/describe_table.h"
#include "engine/table_definition.h"

namespace dynakeep::engine {
namespace {

// ---- the request by itself ----

void constrain_name(Constraints& constraints, const std::string& name) {
  constraints.name_pattern(name, "tableName");
  constraints.length(name, 3, 255, "tableName");
}

Result<void> check_constraints(const CreateTableRequest& request) {
  if (!request.table_name) return check_table_name(request.table_name);
  Constraints constraints(request.unknown_words);
  constrain_name(constraints, *request.table_name);
  constraints.word("billingMode");
  if (request.provisioned_throughput) {
    constrain(constraints, *request.provisioned_throughput, "provisionedThroughput");
  }
  if (constraints.required(request.key_schema, "keySchema")) {
    constrain(constraints, *request.key_schema, "keySchema");
  }
  if (constraints.required(request.attribute_definitions, "attributeDefinitions")) {
    constrain(constraints, *request.attribute_definitions, "attributeDefinitions");
  }
  if (request.local_secondary_indexes) {
    const Field list("localSecondaryIndexes");
    for (std::size_t i = 0; i < request.local_secondary_indexes->size(); ++i) {
      const auto& index = (*request.local_secondary_indexes)[i];
      constrain_index(constraints, index.index_name, index.key_schema, index.projection,
                      list.member(i));
    }
  }
  if (request.global_secondary_indexes) {
    const Field list("globalSecondaryIndexes");
    for (std::size_t i = 0; i < request.global_secondary_indexes->size(); ++i) {
      const auto& index = (*request.global_secondary_indexes)[i];
      const Field member = list.member(i);
      constrain_index(constraints, index.index_name, index.key_schema, index.projection, member);
      if (index.provisioned_throughput) {
        constrain(constraints, *index.provisioned_throughput, member.at("provisionedThroughput"));
      }
    }
  }
  if (request.stream_specification) {
    constrain(constraints, *request.stream_specification, "streamSpecification");
  }
  if (request.sse_specification) {
    constrain(constraints, *request.sse_specification, "sSESpecification");
  }
  constraints.word("tableClass");
  if (request.tags) constrain(constraints, *request.tags, "tags");
  return constraints.verdict();
}

// ---- its parts together ----

Result<void> check_throughput(const CreateTableRequest& request) {
  const bool on_demand = request.billing_mode == BillingMode::pay_per_request;
  if (on_demand && request.provisioned_throughput) {
    return invalid_parameter_values(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (!on_demand && !request.provisioned_throughput) {
    return invalid_parameter_values(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is "
        "PROVISIONED");
  }
  if (request.provisioned_throughput) TRY(check_bounds(*request.provisioned_throughput, {}));
  if (!request.global_secondary_indexes) return {};
  for (const GlobalSecondaryIndex& index : *request.global_secondary_indexes) {
    if (on_demand && index.provisioned_throughput) {
      return invalid_parameter_values("ProvisionedThroughput should not be specified for index: " +
                                      *index.index_name + " when BillingMode is PAY_PER_REQUEST");
    }
    if (!on_demand && !index.provisioned_throughput) {
      return invalid_parameter_values("ProvisionedThroughput must be specified for index: " +
                                      *index.index_name);
    }
    if (index.provisioned_throughput) {
      TRY(check_bounds(*index.provisioned_throughput, *index.index_name));
    }
  }
  return {};
}

Result<void> add_name(std::set<std::string>& names, const std::string& name) {
  if (names.insert(name).second) return {};
  return invalid_parameter_values("Duplicate index name: " + name);
}

Result<Index> local_index(const Table& table, const LocalSecondaryIndex& requested) {
  const std::string& name = *requested.index_name;
  TRY(check_key_schema(*requested.key_schema, table.attribute_definitions));
  Index index{.name = name,
              .kind = IndexKind::local,
              .keys = to_key_attributes(*requested.key_schema, table.attribute_definitions),
              .projection = *requested.projection};
  if (!index.keys.sort) {
    return invalid_parameter_values("Index KeySchema does not have a range key for index: " + name);
  }
  if (index.keys.partition != table.keys.partition) {
    return invalid_parameter_values(
        "Index KeySchema does not have the same leading hash key as table KeySchema for index: " +
        name + ". index hash key: " + index.keys.partition +
        ", table hash key: " + table.keys.partition);
  }
  TRY(check_projection(index.projection));
  return index;
}

Result<void> add_local_indexes(Table& table, const std::vector<LocalSecondaryIndex>& requested,
                               std::set<std::string>& names) {
  if (requested.empty()) {
    return invalid_parameter_values("List of LocalSecondaryIndexes is empty");
  }
  if (!table.keys.sort) {
    return invalid_parameter_values(
        "Table KeySchema does not have a range key, which is required when specifying a "
        "LocalSecondaryIndex");
  }
  for (const auto& index : requested) table.indexes.push_back(TRY(local_index(table, index)));
  for (const auto& index : requested) TRY(add_name(names, *index.index_name));
  if (requested.size() > local_indexes_max) {
    return invalid_parameter_values("Number of LocalSecondaryIndexes exceeds per-table limit of " +
                                    std::to_string(local_indexes_max));
  }
  return {};
}

Result<void> add_global_indexes(Table& table, const std::vector<GlobalSecondaryIndex>& requested,
                                std::set<std::string>& names) {
  if (requested.empty()) {
    return invalid_parameter_values("List of GlobalSecondaryIndexes is empty");
  }
  for (const auto& index : requested) {
    TRY(check_key_schema(*index.key_schema, table.attribute_definitions));
    TRY(check_projection(*index.projection));
    table.indexes.push_back(
        {.name = *index.index_name,
         .kind = IndexKind::global,
         .keys = to_key_attributes(*index.key_schema, table.attribute_definitions),
         .projection = *index.projection,
         .throughput = to_throughput(index.provisioned_throughput),
         .on_demand_throughput = to_on_demand(index.on_demand_throughput)});
  }
  for (const auto& index : requested) TRY(add_name(names, *index.index_name));
  if (requested.size() > global_indexes_max) {
    return invalid_parameter_values("GlobalSecondaryIndex count exceeds the per-table limit of " +
                                    std::to_string(global_indexes_max));
  }
  return {};
}

Result<void> add_stream(Table& table, const StreamSpecification& stream) {
  if (!*stream.stream_enabled) {
    if (!stream.stream_view_type) return {};
    return invalid_parameter_values(
        "Table is being created with a stream disabled, UpdateViewType should not be specified");
  }
  if (!stream.stream_view_type) {
    return invalid_parameter_values(
        "Table is being created with a stream enabled, UpdateViewType should be specified");
  }
  table.stream = stream.stream_view_type;
  return {};
}

Result<Table> plan(const CreateTableRequest& request, Time now) {
  TRY(check_throughput(request));

  Table table;
  table.name = *request.table_name;
  table.attribute_definitions = *request.attribute_definitions;
  TRY(check_table_key_schema(*request.key_schema, table.attribute_definitions));
  table.keys = to_key_attributes(*request.key_schema, table.attribute_definitions);
  std::set<std::string> index_names;
  if (request.local_secondary_indexes) {
    TRY(add_local_indexes(table, *request.local_secondary_indexes, index_names));
  }
  if (request.global_secondary_indexes) {
    TRY(add_global_indexes(table, *request.global_secondary_indexes, index_names));
  }
  TRY(check_projected_attributes(table));
  TRY(check_all_defined_are_keys(table));
  if (request.stream_specification) TRY(add_stream(table, *request.stream_specification));
  if (request.tags) {
    TRY(check_tags(*request.tags));
    // Of tags with one key the last one counts, as if they had been set one after the other.
    AttributeMap last;
    for (const Tag& tag : *request.tags) last[*tag.key] = *tag.value;
    for (const auto& [key, value] : last) {
      table.tags.push_back({.key = key, .value = value.as_string()});
    }
  }

  table.billing_mode = request.billing_mode.value_or(BillingMode::provisioned);
  if (table.billing_mode == BillingMode::pay_per_request) {
    table.last_update_to_pay_per_request = std::chrono::floor<std::chrono::milliseconds>(now);
  }
  table.throughput = to_throughput(request.provisioned_throughput);
  table.on_demand_throughput = to_on_demand(request.on_demand_throughput);
  table.table_class = request.table_class;
  table.sse = request.sse_specification;
  table.deletion_protection = request.deletion_protection_enabled.value_or(false);
  return table;
}

}  // namespace

Result<CreateTableResult> create_table(const Engine& engine, const CreateTableRequest& request) {
  TRY(check_constraints(request));
  const TablePointer table = TRY(engine.catalog.create(TRY(plan(request, engine.clock.now()))));
  CreateTableResult result{.table_description = describe(*table, TableStatus::creating)};
  // DynamoDB tells since when once the table is there.
  if (result.table_description.billing_mode_summary) {
    result.table_description.billing_mode_summary->last_update_to_pay_per_request.reset();
  }
  TRY(settle(engine, engine.catalog.position()));
  return result;
}

}  // namespace dynakeep::engine
