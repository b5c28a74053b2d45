#include "dynakeep/transfer/table_definition.h"

#include <utility>
#include <vector>

#include "dynakeep/json.h"
#include "dynakeep/json_document.h"
#include "dynakeep/pages.h"
#include "transfer/definition_files.h"
#include "transfer/export_folder.h"

namespace dynakeep {

namespace {

constexpr std::size_t definition_bytes_max = std::size_t{4} << 20;

std::vector<LocalSecondaryIndex> local_indexes(const TableDescription& table) {
  std::vector<LocalSecondaryIndex> indexes;
  for (const auto& each : table.local_secondary_indexes) {
    indexes.push_back({.index_name = each.index_name,
                       .key_schema = each.key_schema,
                       .projection = each.projection});
  }
  return indexes;
}

ProvisionedThroughput units_of(const ThroughputDescription& throughput) {
  return {.read_capacity_units = throughput.read_capacity_units,
          .write_capacity_units = throughput.write_capacity_units};
}

std::vector<GlobalSecondaryIndex> global_indexes(const TableDescription& table, bool provisioned) {
  std::vector<GlobalSecondaryIndex> indexes;
  for (const auto& each : table.global_secondary_indexes) {
    GlobalSecondaryIndex index{.index_name = each.index_name,
                               .key_schema = each.key_schema,
                               .projection = each.projection,
                               .on_demand_throughput = each.on_demand_throughput};
    if (provisioned) index.provisioned_throughput = units_of(each.provisioned_throughput);
    indexes.push_back(std::move(index));
  }
  return indexes;
}

Result<std::vector<Tag>> tags_of(Database& database, const std::string& arn) {
  std::vector<Tag> tags;
  ListTagsOfResourceRequest request{.resource_arn = arn};
  do {
    auto page = TRY(database.list_tags_of_resource(request));
    for (Tag& tag : page.tags) {
      // Amazon keeps those for itself, and refuses them.
      if (!tag.key.value_or("").starts_with("aws:")) tags.push_back(std::move(tag));
    }
    request.next_token = std::move(page.next_token);
  } while (request.next_token);
  return tags;
}

CreateTableRequest create_table_of(const TableDescription& table) {
  const bool provisioned = !table.billing_mode_summary ||
                           table.billing_mode_summary->billing_mode == BillingMode::provisioned;
  CreateTableRequest request{
      .table_name = table.table_name,
      .attribute_definitions = table.attribute_definitions,
      .key_schema = table.key_schema,
      .billing_mode = provisioned ? BillingMode::provisioned : BillingMode::pay_per_request,
      .on_demand_throughput = table.on_demand_throughput};
  if (provisioned) request.provisioned_throughput = units_of(table.provisioned_throughput);
  if (auto local = local_indexes(table); !local.empty()) {
    request.local_secondary_indexes = std::move(local);
  }
  if (auto global = global_indexes(table, provisioned); !global.empty()) {
    request.global_secondary_indexes = std::move(global);
  }
  if (table.stream_specification && table.stream_specification->stream_enabled.value_or(false)) {
    request.stream_specification = table.stream_specification;
  }
  if (table.table_class_summary && table.table_class_summary->table_class != TableClass::standard) {
    request.table_class = table.table_class_summary->table_class;
  }
  return request;
}

std::string word_of(TableClass table_class) {
  return table_class == TableClass::standard ? "STANDARD" : "STANDARD_INFREQUENT_ACCESS";
}

}  // namespace

Result<TableDefinition> table_definition(Database& database, const std::string& table) {
  const auto described = TRY(database.describe_table({.table_name = table})).table;
  TableDefinition definition{.table = create_table_of(described)};
  if (database.capabilities().tags) {
    auto tags = TRY(tags_of(database, described.table_arn));
    if (!tags.empty()) definition.table.tags = std::move(tags);
  }
  definition.time_to_live_attribute = TRY(time_to_live_of(database, table));
  return definition;
}

Result<std::optional<std::string>> time_to_live_of(Database& database, const std::string& table) {
  if (!database.capabilities().time_to_live) return std::optional<std::string>();
  const auto found =
      TRY(database.describe_time_to_live({.table_name = table})).time_to_live_description;
  const auto status = found.time_to_live_status.value_or(TimeToLiveStatus::disabled);
  const bool is_on = status == TimeToLiveStatus::enabled || status == TimeToLiveStatus::enabling;
  return is_on ? found.attribute_name : std::nullopt;
}

Result<TableDefinition> exported_table_definition(const std::string& folder) {
  const std::string where = TRY(transfer::find_export(folder)) + "/";
  if (!transfer::file_exists(where + transfer::table_file)) {
    return Error(ErrorCode::not_found,
                 where + " says nothing of its table: there is no " + transfer::table_file);
  }
  const auto fails = [&](const char* file, const Error& error) {
    return Error(ErrorCode::serialization, where + file + ": " + error.message());
  };
  const std::string table =
      TRY(transfer::read_small_file(where + transfer::table_file, definition_bytes_max));
  auto request = create_table_from_dynamodb_json(table);
  if (!request) return fails(transfer::table_file, request.error());
  TableDefinition definition{.table = std::move(*request)};
  if (transfer::file_exists(where + transfer::time_to_live_file)) {
    const auto document = JsonDocument::parse(
        TRY(transfer::read_small_file(where + transfer::time_to_live_file, definition_bytes_max)));
    if (!document) return fails(transfer::time_to_live_file, document.error());
    const JsonDocument* const wanted = document->find("TimeToLiveSpecification");
    const JsonDocument* const name = wanted == nullptr ? nullptr : wanted->find("AttributeName");
    if (name == nullptr || !name->is_string()) {
      return fails(transfer::time_to_live_file, Error::validation("names no attribute"));
    }
    definition.time_to_live_attribute = name->text();
  }
  return definition;
}

Result<TableDescription> create_defined_table(Database& database,
                                              const TableDefinition& definition) {
  // Asked first, since create_table_and_wait is content with one that is there.
  const auto there = database.describe_table({.table_name = definition.table.table_name});
  if (there) {
    return Error(ErrorCode::resource_in_use,
                 "the table " + there->table.table_name + " is there already");
  }
  if (there.error().code() != ErrorCode::resource_not_found) return there.error();
  CreateTableRequest request = definition.table;
  if (!database.capabilities().tags) request.tags.reset();
  auto made = TRY(create_table_and_wait(database, request));
  const auto differences = shape_differences({.table = request}, made, std::nullopt);
  if (differences.empty()) return made;
  return Error(ErrorCode::unsupported, "the database has made the table " + made.table_name +
                                           " of another shape: " + differences.front());
}

std::vector<std::string> not_kept(const TableDefinition& definition, const Capabilities& database) {
  std::vector<std::string> lines;
  const std::string who =
      database.engine == "unknown" ? "the database" : "the database (" + database.engine + ")";
  const std::string lacks = who + " has no ";
  const CreateTableRequest& table = definition.table;
  const std::string name = table.table_name.value_or("");
  if (definition.time_to_live_attribute && !database.time_to_live) {
    lines.push_back(lacks + "time to live: nothing deletes what has expired in " + name + " by " +
                    *definition.time_to_live_attribute);
  }
  if (table.tags && !table.tags->empty() && !database.tags) {
    lines.push_back(lacks + "tags: " + name + " is without its own");
  }
  const bool has_stream =
      table.stream_specification && table.stream_specification->stream_enabled.value_or(false);
  if (has_stream && !database.streams) lines.push_back(lacks + "streams: " + name + " is without");
  return lines;
}

std::vector<std::string> not_kept(const TableDefinition& definition,
                                  const TableDescription& table) {
  const TableClass wanted = definition.table.table_class.value_or(TableClass::standard);
  const TableClass found =
      table.table_class_summary ? table.table_class_summary->table_class : TableClass::standard;
  if (wanted == found) return {};
  return {"the table " + table.table_name + " is of the class " + word_of(found) + ", and not " +
          word_of(wanted)};
}

Result<void> set_time_to_live(Database& database, const TableDefinition& definition) {
  if (!definition.time_to_live_attribute || !database.capabilities().time_to_live) return {};
  const auto found = TRY(time_to_live_of(database, definition.table.table_name.value_or("")));
  if (found == definition.time_to_live_attribute) return {};  // which it is an error to ask for
  TRY(database.update_time_to_live(
      {.table_name = definition.table.table_name,
       .time_to_live_specification = TimeToLiveSpecification{
           .enabled = true, .attribute_name = definition.time_to_live_attribute}}));
  return {};
}

namespace transfer {

std::string time_to_live_json(const std::string& table, const std::string& attribute) {
  return JsonDocument::object(
             {{"TableName", JsonDocument::string(table)},
              {"TimeToLiveSpecification",
               JsonDocument::object({{"AttributeName", JsonDocument::string(attribute)},
                                     {"Enabled", JsonDocument::boolean(true)}})}})
      .to_text();
}

}  // namespace transfer

}  // namespace dynakeep
