#include "engine/operations/update_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/engine.h"
#include "engine/operations/describe_table.h"
#include "engine/table_definition.h"

namespace dynakeep::engine {
namespace {

// ---- the request by itself ----

void constrain(Constraints& constraints, const GlobalSecondaryIndexUpdate& update, Field field) {
  if (update.update) {
    const Field action = field.at("update");
    if (constraints.required(update.update->index_name, action.at("indexName"))) {
      constraints.index_name(update.update->index_name, action.at("indexName"));
    }
    if (update.update->provisioned_throughput) {
      constrain(constraints, *update.update->provisioned_throughput,
                action.at("provisionedThroughput"));
    }
  }
  if (update.create) {
    const Field action = field.at("create");
    constrain_index(constraints, update.create->index_name, update.create->key_schema,
                    update.create->projection, action);
    if (update.create->provisioned_throughput) {
      constrain(constraints, *update.create->provisioned_throughput,
                action.at("provisionedThroughput"));
    }
  }
  if (update.remove) {
    const Field action = field.at("delete");
    if (constraints.required(update.remove->index_name, action.at("indexName"))) {
      constraints.index_name(update.remove->index_name, action.at("indexName"));
    }
  }
}

Result<void> check_constraints(const UpdateTableRequest& request) {
  TRY(check_table_name(request.table_name));
  Constraints constraints(request.unknown_words);
  if (request.attribute_definitions) {
    constrain(constraints, *request.attribute_definitions, "attributeDefinitions");
  }
  constraints.word("billingMode");
  if (request.provisioned_throughput) {
    constrain(constraints, *request.provisioned_throughput, "provisionedThroughput");
  }
  if (request.global_secondary_index_updates) {
    const Field list("globalSecondaryIndexUpdates");
    for (std::size_t i = 0; i < request.global_secondary_index_updates->size(); ++i) {
      constrain(constraints, (*request.global_secondary_index_updates)[i], list.member(i));
    }
  }
  if (request.stream_specification) {
    constrain(constraints, *request.stream_specification, "streamSpecification");
  }
  if (request.sse_specification) {
    constrain(constraints, *request.sse_specification, "sSESpecification");
  }
  constraints.word("tableClass");
  return constraints.verdict();
}

bool updates_indexes(const UpdateTableRequest& request) {
  return request.global_secondary_index_updates && !request.global_secondary_index_updates->empty();
}

const std::string& index_name_of(const GlobalSecondaryIndexUpdate& update) {
  return update.create   ? *update.create->index_name
         : update.update ? *update.update->index_name
                         : *update.remove->index_name;
}

Result<void> check_index_updates(const std::vector<GlobalSecondaryIndexUpdate>& updates) {
  std::set<std::string> names;
  std::size_t created_or_deleted = 0;
  for (const GlobalSecondaryIndexUpdate& update : updates) {
    const int actions = (update.create ? 1 : 0) + (update.update ? 1 : 0) + (update.remove ? 1 : 0);
    if (actions == 0) {
      return invalid_parameter_values(
          "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
          "GlobalSecondaryIndexUpdate.Delete must not be null");
    }
    if (actions > 1) {
      return invalid_parameter_values(
          "Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
          "GlobalSecondaryIndexUpdate.Delete must not be null");
    }
    if (update.update && !update.update->provisioned_throughput &&
        !update.update->on_demand_throughput) {
      return invalid_parameter_values(
          "One of ProvisionedThroughput and OnDemandThroughput must be specified for index: " +
          *update.update->index_name);
    }
    if (!names.insert(index_name_of(update)).second) {
      return invalid_parameter_values(
          "Only one global secondary index update per index is allowed simultaneously. Index: " +
          index_name_of(update));
    }
    if (!update.update) ++created_or_deleted;
  }
  if (created_or_deleted > 1) {
    return Error(ErrorCode::limit_exceeded,
                 "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                 "simultaneously per table");
  }
  return {};
}

Result<void> check_parts(const UpdateTableRequest& request) {
  if (!request.provisioned_throughput && !request.billing_mode && !request.on_demand_throughput &&
      !updates_indexes(request) && !request.stream_specification && !request.sse_specification &&
      !request.table_class && !request.deletion_protection_enabled) {
    return Error::validation(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
        "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required");
  }
  if (request.billing_mode == BillingMode::pay_per_request && request.provisioned_throughput) {
    return invalid_parameter_values(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (request.billing_mode == BillingMode::provisioned && !request.provisioned_throughput) {
    return invalid_parameter_values(
        "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  }
  if (request.provisioned_throughput) TRY(check_bounds(*request.provisioned_throughput, {}));
  if (!updates_indexes(request)) return {};
  for (const auto& update : *request.global_secondary_index_updates) {
    if (update.update && update.update->provisioned_throughput) {
      TRY(check_bounds(*update.update->provisioned_throughput, *update.update->index_name));
    }
    if (update.create && update.create->provisioned_throughput) {
      TRY(check_bounds(*update.create->provisioned_throughput, *update.create->index_name));
    }
  }
  return check_index_updates(*request.global_secondary_index_updates);
}

// ---- with the table as it is ----

// Takes over the new units, and notes when they went up and down.
void change_throughput(ThroughputDescription& current, const ProvisionedThroughput& requested,
                       Time now) {
  const auto change = [&](std::int64_t& units, std::int64_t wanted) {
    if (wanted > units) current.last_increase = now;
    if (wanted < units) {
      const auto day_of = [](Time time) { return std::chrono::floor<std::chrono::days>(time); };
      const bool first_today =
          !current.last_decrease || day_of(*current.last_decrease) != day_of(now);
      current.number_of_decreases_today = first_today ? 1 : current.number_of_decreases_today + 1;
      current.last_decrease = now;
    }
    units = wanted;
  };
  // One decrease, if both go down at once.
  const std::int64_t decreases = current.number_of_decreases_today;
  change(current.read_capacity_units, *requested.read_capacity_units);
  const bool counted = current.number_of_decreases_today != decreases;
  const std::int64_t after_read = current.number_of_decreases_today;
  change(current.write_capacity_units, *requested.write_capacity_units);
  if (counted) current.number_of_decreases_today = after_read;
}

Result<void> check_will_change(const ThroughputDescription& current,
                               const ProvisionedThroughput& requested, const std::string& owner) {
  if (current.read_capacity_units != requested.read_capacity_units ||
      current.write_capacity_units != requested.write_capacity_units) {
    return {};
  }
  const std::string read = std::to_string(current.read_capacity_units);
  const std::string write = std::to_string(current.write_capacity_units);
  return Error::validation(
      "The provisioned throughput for the " + owner +
      " will not change. The requested value equals the current value. Current ReadCapacityUnits "
      "provisioned for the " +
      owner + ": " + read + ". Requested ReadCapacityUnits: " + read +
      ". Current WriteCapacityUnits provisioned for the " + owner + ": " + write +
      ". Requested WriteCapacityUnits: " + write +
      ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher "
      "limits.");
}

Result<void> change_billing(Table& table, const UpdateTableRequest& request, Time now) {
  const BillingMode mode = request.billing_mode.value_or(table.billing_mode);
  if (mode == BillingMode::pay_per_request && request.provisioned_throughput) {
    return invalid_parameter_values(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is "
        "PAY_PER_REQUEST");
  }
  if (mode != table.billing_mode) {
    table.billing_mode = mode;
    if (mode == BillingMode::pay_per_request) {
      table.last_update_to_pay_per_request = now;
      table.throughput = {};
      for (Index& index : table.indexes) index.throughput = {};
    } else {
      table.throughput = to_throughput(request.provisioned_throughput);
      // Each index must be told its own; UpdateTable has a place for that, which is looked at next.
    }
  } else if (request.provisioned_throughput) {
    TRY(check_will_change(table.throughput, *request.provisioned_throughput, "table"));
    change_throughput(table.throughput, *request.provisioned_throughput, now);
  }
  if (request.on_demand_throughput) {
    table.on_demand_throughput = to_on_demand(request.on_demand_throughput);
  }
  return {};
}

Index* find_global_index(Table& table, std::string_view name) {
  for (Index& index : table.indexes) {
    if (index.kind == IndexKind::global && index.name == name) return &index;
  }
  return nullptr;
}

bool is_any_index_being_filled(const Table& table) {
  return std::any_of(table.indexes.begin(), table.indexes.end(),
                     [](const Index& index) { return index.status == IndexStatus::creating; });
}

// The definitions that the request adds to those of the table. DynamoDB takes the ones it has
// again, but not with another type.
Result<void> add_definitions(Table& table, const std::vector<AttributeDefinition>& definitions) {
  for (const AttributeDefinition& definition : definitions) {
    const auto type = table.type_of(*definition.attribute_name);
    if (!type) {
      table.attribute_definitions.push_back(definition);
    } else if (type != definition.attribute_type) {
      return invalid_parameter_values(
          "The type of an attribute that is a key of the table or of an index cannot be changed. "
          "Attribute: " +
          *definition.attribute_name);
    }
  }
  return {};
}

// Forgets what no key is defined by any more.
void drop_unused_definitions(Table& table) {
  std::erase_if(table.attribute_definitions, [&](const AttributeDefinition& definition) {
    const std::string& name = *definition.attribute_name;
    return !table.keys.has(name) &&
           std::none_of(table.indexes.begin(), table.indexes.end(),
                        [&](const Index& index) { return index.keys.has(name); });
  });
}

Result<void> create_index(Table& table, const UpdateTableRequest& request,
                          const CreateGlobalSecondaryIndexAction& create) {
  const std::string& name = *create.index_name;
  TRY(check_key_schema(*create.key_schema,
                       request.attribute_definitions.value_or(std::vector<AttributeDefinition>())));
  TRY(check_projection(*create.projection));
  if (table.find_index(name) != nullptr) {
    return Error::validation("Attempting to create an index which already exists");
  }
  if (is_any_index_being_filled(table)) {
    return Error(ErrorCode::limit_exceeded,
                 "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                 "simultaneously per table");
  }
  const bool on_demand = table.billing_mode == BillingMode::pay_per_request;
  if (on_demand && create.provisioned_throughput) {
    return invalid_parameter_values("ProvisionedThroughput should not be specified for index: " +
                                    name + " when BillingMode is PAY_PER_REQUEST");
  }
  if (!on_demand && !create.provisioned_throughput) {
    return invalid_parameter_values("ProvisionedThroughput must be specified for index: " + name);
  }
  const auto global =
      std::count_if(table.indexes.begin(), table.indexes.end(),
                    [](const Index& index) { return index.kind == IndexKind::global; });
  if (static_cast<std::size_t>(global) >= global_indexes_max) {
    return invalid_parameter_values("GlobalSecondaryIndex count exceeds the per-table limit of " +
                                    std::to_string(global_indexes_max));
  }
  TRY(add_definitions(table, *request.attribute_definitions));
  table.indexes.push_back(
      {.name = name,
       .kind = IndexKind::global,
       .keys = to_key_attributes(*create.key_schema, table.attribute_definitions),
       .projection = *create.projection,
       .status = IndexStatus::creating,
       .throughput = to_throughput(create.provisioned_throughput),
       .on_demand_throughput = to_on_demand(create.on_demand_throughput)});
  return check_projected_attributes(table);
}

Result<void> update_index(Table& table, const Table& before,
                          const UpdateGlobalSecondaryIndexAction& update, Time now) {
  Index* index = find_global_index(table, *update.index_name);
  if (index == nullptr) {
    return Error::validation(
        "This operation cannot be performed with given input values. Please contact DynamoDB "
        "service team for more info: Action Blocked: IndexUpdate");
  }
  if (update.provisioned_throughput) {
    if (table.billing_mode == BillingMode::pay_per_request) {
      return invalid_parameter_values("ProvisionedThroughput should not be specified for index: " +
                                      index->name + " when BillingMode is PAY_PER_REQUEST");
    }
    if (before.billing_mode == table.billing_mode) {
      TRY(check_will_change(index->throughput, *update.provisioned_throughput,
                            "index: " + index->name));
      change_throughput(index->throughput, *update.provisioned_throughput, now);
    } else {
      index->throughput = to_throughput(update.provisioned_throughput);
    }
  }
  if (update.on_demand_throughput) {
    index->on_demand_throughput = to_on_demand(update.on_demand_throughput);
  }
  return {};
}

Result<void> delete_index(Table& table, const DeleteGlobalSecondaryIndexAction& remove) {
  const Index* index = find_global_index(table, *remove.index_name);
  if (index == nullptr) {
    return Error::resource_not_found("Requested resource not found: Index: " + *remove.index_name +
                                     " not found");
  }
  // One that is being filled may be given up, but no other meanwhile.
  if (index->status != IndexStatus::creating && is_any_index_being_filled(table)) {
    return Error(ErrorCode::limit_exceeded,
                 "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                 "simultaneously per table");
  }
  std::erase_if(table.indexes, [&](const Index& i) { return i.name == *remove.index_name; });
  drop_unused_definitions(table);
  return {};
}

Result<void> change_indexes(Table& table, const Table& before, const UpdateTableRequest& request,
                            Time now) {
  if (!updates_indexes(request)) return {};
  for (const GlobalSecondaryIndexUpdate& update : *request.global_secondary_index_updates) {
    if (update.update) TRY(update_index(table, before, *update.update, now));
    if (update.create) TRY(create_index(table, request, *update.create));
    if (update.remove) TRY(delete_index(table, *update.remove));
  }
  return {};
}

// A table that goes back to PROVISIONED needs to know the units of each of its indexes.
Result<void> check_every_index_has_units(const Table& table, const Table& before) {
  if (table.billing_mode == before.billing_mode ||
      table.billing_mode == BillingMode::pay_per_request) {
    return {};
  }
  for (const Index& index : table.indexes) {
    if (index.kind == IndexKind::global && index.throughput.read_capacity_units == 0) {
      return invalid_parameter_values("ProvisionedThroughput must be specified for index: " +
                                      index.name);
    }
  }
  return {};
}

Result<void> change_stream(Table& table, const StreamSpecification& stream) {
  if (*stream.stream_enabled) {
    if (table.stream)
      return Error::validation("Table already has an enabled stream: TableName: " + table.name);
    if (!stream.stream_view_type) {
      return invalid_parameter_values(
          "Table is being updated with a stream enabled, UpdateViewType should be specified");
    }
    table.stream = stream.stream_view_type;
    return {};
  }
  if (stream.stream_view_type) {
    return invalid_parameter_values(
        "Table is being updated with a stream disabled, UpdateViewType should not be specified");
  }
  if (!table.stream) {
    return Error::validation("Table has no stream to disable: TableName: " + table.name);
  }
  table.stream.reset();
  return {};
}

Result<Table> change(const Table& before, const UpdateTableRequest& request, Time now) {
  Table table = before;
  TRY(change_billing(table, request, now));
  TRY(change_indexes(table, before, request, now));
  TRY(check_every_index_has_units(table, before));
  if (request.stream_specification) TRY(change_stream(table, *request.stream_specification));
  if (request.sse_specification) table.sse = request.sse_specification;
  if (request.table_class) {
    if (table.table_class.value_or(TableClass::standard) != *request.table_class) {
      table.last_table_class_update = now;
    }
    table.table_class = request.table_class;
  }
  if (request.deletion_protection_enabled) {
    table.deletion_protection = *request.deletion_protection_enabled;
  }
  return table;
}

// ---- the answer ----

void tell_units_of(ThroughputDescription& told, const ThroughputDescription& units) {
  told.read_capacity_units = units.read_capacity_units;
  told.write_capacity_units = units.write_capacity_units;
}

// Whether the change is one that DynamoDB needs time for: protection is not, nor what was so
// before.
bool takes_time(const Table& before, const Table& after, const UpdateTableRequest& request) {
  return request.provisioned_throughput || request.on_demand_throughput ||
         after.billing_mode != before.billing_mode || updates_indexes(request) ||
         request.stream_specification || request.sse_specification ||
         after.table_class != before.table_class;
}

// DynamoDB answers at the beginning of a change: UPDATING, with the units as they still are and an
// index that goes still there.
TableDescription describe_update(const Table& before, const Table& after,
                                 const UpdateTableRequest& request) {
  if (!takes_time(before, after, request)) return describe(after, TableStatus::active);

  TableDescription description = describe(after, TableStatus::updating);
  tell_units_of(description.provisioned_throughput, before.throughput);
  const TableDescription described_before = describe(before, TableStatus::updating);
  for (const auto& last : described_before.global_secondary_indexes) {
    auto& indexes = description.global_secondary_indexes;
    const auto now = std::find_if(indexes.begin(), indexes.end(), [&](const auto& index) {
      return index.index_name == last.index_name;
    });
    if (now == indexes.end()) {
      indexes.push_back(last);
      indexes.back().index_status = IndexStatus::deleting;
      indexes.back().backfilling.reset();
    } else if (now->provisioned_throughput != last.provisioned_throughput) {
      tell_units_of(now->provisioned_throughput, last.provisioned_throughput);
      now->index_status = IndexStatus::updating;
    }
  }
  return description;
}

}  // namespace

Result<UpdateTableResult> update_table(const Engine& engine, const UpdateTableRequest& request) {
  TRY(check_constraints(request));
  TRY(check_parts(request));
  const Time now = std::chrono::floor<std::chrono::milliseconds>(engine.clock.now());
  std::optional<Table> before;
  const TablePointer after =
      TRY(engine.catalog.change(*request.table_name, [&](const Table& current) {
        before = current;
        return change(current, request, now);
      }));
  UpdateTableResult result{.table_description = describe_update(*before, *after, request)};
  TRY(settle(engine, engine.catalog.position()));
  return result;
}

}  // namespace dynakeep::engine
