#include "engine/table_record.h"

#include <utility>

#include "engine/record_reader.h"
#include "model/encoded_item.h"

namespace dynakeep::engine {
namespace {

constexpr int record_version = 1;

// ---- words on disk: add, never rename ----

constexpr Words<ScalarType, 3> scalar_types{
    {{ScalarType::string, "S"}, {ScalarType::number, "N"}, {ScalarType::binary, "B"}}};
constexpr Words<ProjectionType, 3> projection_types{{{ProjectionType::all, "all"},
                                                     {ProjectionType::keys_only, "keys_only"},
                                                     {ProjectionType::include, "include"}}};
constexpr Words<BillingMode, 2> billing_modes{
    {{BillingMode::provisioned, "provisioned"}, {BillingMode::pay_per_request, "pay_per_request"}}};
constexpr Words<TableClass, 2> table_classes{
    {{TableClass::standard, "standard"},
     {TableClass::standard_infrequent_access, "standard_infrequent_access"}}};
constexpr Words<IndexKind, 2> index_kinds{
    {{IndexKind::local, "local"}, {IndexKind::global, "global"}}};
constexpr Words<IndexStatus, 4> index_statuses{{{IndexStatus::creating, "creating"},
                                                {IndexStatus::updating, "updating"},
                                                {IndexStatus::deleting, "deleting"},
                                                {IndexStatus::active, "active"}}};

// ---- writing ----

AttributeMap throughput_map(const ThroughputDescription& throughput) {
  AttributeMap map{{"read", throughput.read_capacity_units},
                   {"write", throughput.write_capacity_units}};
  if (throughput.last_increase) map["increased"] = time_value(*throughput.last_increase);
  if (throughput.last_decrease) map["decreased"] = time_value(*throughput.last_decrease);
  if (throughput.number_of_decreases_today != 0) {
    map["decreases_today"] = throughput.number_of_decreases_today;
  }
  return map;
}

AttributeMap on_demand_map(const OnDemandThroughput& throughput) {
  AttributeMap map;
  if (throughput.max_read_request_units) map["read"] = *throughput.max_read_request_units;
  if (throughput.max_write_request_units) map["write"] = *throughput.max_write_request_units;
  return map;
}

AttributeList key_list(const KeyAttributes& keys) {
  AttributeList list{keys.partition};
  if (keys.sort) list.emplace_back(*keys.sort);
  return list;
}

AttributeMap projection_map(const Projection& projection) {
  AttributeMap map;
  if (projection.projection_type) {
    map["type"] = word_of(projection_types, *projection.projection_type);
  }
  if (projection.non_key_attributes) {
    map["attributes"] =
        AttributeList(projection.non_key_attributes->begin(), projection.non_key_attributes->end());
  }
  return map;
}

AttributeMap index_map(const Index& index) {
  AttributeMap map{
      {"name", index.name},          {"kind", word_of(index_kinds, index.kind)},
      {"key", key_list(index.keys)}, {"projection", projection_map(index.projection)},
      {"space", index.space},        {"status", word_of(index_statuses, index.status)}};
  if (index.kind == IndexKind::global) map["throughput"] = throughput_map(index.throughput);
  if (index.on_demand_throughput) map["on_demand"] = on_demand_map(*index.on_demand_throughput);
  return map;
}

AttributeMap sse_map(const SseSpecification& sse) {
  AttributeMap map;
  if (sse.enabled) map["enabled"] = *sse.enabled;
  if (sse.sse_type) map["type"] = *sse.sse_type;
  if (sse.kms_master_key_id) map["key"] = *sse.kms_master_key_id;
  return map;
}

// ---- reading ----

ThroughputDescription read_throughput(RecordReader reader) {
  return {.last_increase = reader.optional_time("increased"),
          .last_decrease = reader.optional_time("decreased"),
          .number_of_decreases_today = reader.optional_integer("decreases_today").value_or(0),
          .read_capacity_units = reader.integer("read"),
          .write_capacity_units = reader.integer("write")};
}

std::optional<OnDemandThroughput> read_on_demand(RecordReader& reader) {
  auto map = reader.optional_map("on_demand");
  if (!map) return {};
  return OnDemandThroughput{.max_read_request_units = map->optional_integer("read"),
                            .max_write_request_units = map->optional_integer("write")};
}

KeyAttributes read_key(RecordReader& reader, const Table& table) {
  const auto names = read_texts(reader.list("key"), reader, "key");
  KeyAttributes keys;
  if (names.empty() || names.size() > 2) {
    reader.fail("key");
    return keys;
  }
  const auto type_of = [&](const std::string& name) {
    const auto type = table.type_of(name);
    if (!type) reader.fail("key");
    return type.value_or(ScalarType::string);
  };
  keys.partition = names[0];
  keys.partition_type = type_of(names[0]);
  if (names.size() == 2) {
    keys.sort = names[1];
    keys.sort_type = type_of(names[1]);
  }
  return keys;
}

Projection read_projection(RecordReader reader) {
  Projection projection;
  projection.projection_type = reader.optional_word("type", projection_types);
  if (const auto* names = reader.find_as<AttributeList>("attributes")) {
    projection.non_key_attributes = read_texts(*names, reader, "attributes");
  }
  return projection;
}

storage::SpaceId read_space(RecordReader& reader) {
  const std::int64_t space = reader.integer("space");
  if (space <= 0 || space > std::numeric_limits<storage::SpaceId>::max()) reader.fail("space");
  return static_cast<storage::SpaceId>(space);
}

Index read_index(RecordReader reader, const Table& table) {
  Index index;
  index.name = reader.text("name");
  index.kind = reader.word("kind", index_kinds);
  index.keys = read_key(reader, table);
  index.projection = read_projection(reader.map("projection"));
  index.space = read_space(reader);
  index.status = reader.word("status", index_statuses);
  if (auto throughput = reader.optional_map("throughput")) {
    index.throughput = read_throughput(*throughput);
  }
  index.on_demand_throughput = read_on_demand(reader);
  return index;
}

Table read_table(RecordReader reader) {
  Table table;
  table.id = reader.text("id");
  table.space = read_space(reader);
  for (RecordReader& attribute : read_maps(reader.list("attributes"), reader, "attributes")) {
    table.attribute_definitions.push_back({.attribute_name = attribute.text("name"),
                                           .attribute_type = attribute.word("type", scalar_types)});
  }
  table.keys = read_key(reader, table);
  for (RecordReader& index : read_maps(reader.list("indexes"), reader, "indexes")) {
    table.indexes.push_back(read_index(index, table));
  }
  table.creation_time = Time{std::chrono::microseconds{reader.integer("created")}};
  table.billing_mode = reader.word("billing", billing_modes);
  table.last_update_to_pay_per_request = reader.optional_time("pay_per_request_since");
  table.throughput = read_throughput(reader.map("throughput"));
  table.on_demand_throughput = read_on_demand(reader);
  table.table_class = reader.optional_word("class", table_classes);
  table.last_table_class_update = reader.optional_time("class_updated");
  if (auto sse = reader.optional_map("sse")) {
    table.sse = SseSpecification{.enabled = sse->optional_truth("enabled"),
                                 .sse_type = sse->optional_text("type"),
                                 .kms_master_key_id = sse->optional_text("key")};
  }
  table.deletion_protection = reader.optional_truth("deletion_protection").value_or(false);
  if (const auto* tags = reader.find_as<AttributeMap>("tags")) {
    RecordReader tag_reader(*tags, reader.damage());
    for (const auto& [key, value] : *tags) {
      table.tags.push_back({.key = key, .value = tag_reader.text(key)});
    }
  }
  if (auto expiry = reader.optional_map("expiry")) {
    table.time_to_live = TimeToLive{.attribute = expiry->text("attribute"),
                                    .space = read_space(*expiry),
                                    .filled = expiry->optional_truth("filled").value_or(false)};
  }
  if (auto stream = reader.optional_map("stream")) {
    table.stream = stream->optional_word("view", stream_views);
    table.stream_label = stream->text("label");
  }
  return table;
}

}  // namespace

std::string encode_table(const Table& table) {
  AttributeList attributes;
  for (const AttributeDefinition& definition : table.attribute_definitions) {
    attributes.emplace_back(AttributeMap{
        {"name", definition.attribute_name.value_or("")},
        {"type", word_of(scalar_types, definition.attribute_type.value_or(ScalarType::string))}});
  }
  AttributeList indexes;
  for (const Index& index : table.indexes) indexes.emplace_back(index_map(index));

  AttributeMap record{{"version", record_version},
                      {"id", table.id},
                      {"space", table.space},
                      {"attributes", std::move(attributes)},
                      {"key", key_list(table.keys)},
                      {"indexes", std::move(indexes)},
                      {"created", time_value(table.creation_time)},
                      {"billing", word_of(billing_modes, table.billing_mode)},
                      {"throughput", throughput_map(table.throughput)}};
  if (table.last_update_to_pay_per_request) {
    record["pay_per_request_since"] = time_value(*table.last_update_to_pay_per_request);
  }
  if (table.on_demand_throughput) record["on_demand"] = on_demand_map(*table.on_demand_throughput);
  if (table.table_class) record["class"] = word_of(table_classes, *table.table_class);
  if (table.last_table_class_update) {
    record["class_updated"] = time_value(*table.last_table_class_update);
  }
  if (table.sse) record["sse"] = sse_map(*table.sse);
  if (table.deletion_protection) record["deletion_protection"] = true;
  if (!table.tags.empty()) {
    AttributeMap tags;
    for (const Tag& tag : table.tags) tags[tag.key.value_or("")] = tag.value.value_or("");
    record["tags"] = std::move(tags);
  }
  if (table.time_to_live) {
    record["expiry"] = AttributeMap{{"attribute", table.time_to_live->attribute},
                                    {"space", table.time_to_live->space},
                                    {"filled", table.time_to_live->filled}};
  }
  if (table.stream_label) {
    AttributeMap stream{{"label", *table.stream_label}};
    if (table.stream) stream["view"] = word_of(stream_views, *table.stream);
    record["stream"] = std::move(stream);
  }
  return model::encode(record);
}

Result<Table> decode_table(std::string_view name, std::string_view bytes) {
  const std::string prefix = "The record of table " + std::string(name) + " on disk ";
  if (!model::is_well_formed(bytes)) return Error::internal(prefix + "is damaged");
  const AttributeMap record = model::decode(bytes);
  std::string damage;
  RecordReader reader(record, damage);
  const std::int64_t version = reader.integer("version");
  if (damage.empty() && version > record_version) {
    return Error::internal(prefix + "is of a later version; use the program that wrote it");
  }
  Table table = read_table(reader);
  if (!damage.empty()) return Error::internal(prefix + "is damaged: " + damage);
  table.name = name;
  for (Index& index : table.indexes) resolve_projection(table, index);
  return table;
}

}  // namespace dynakeep::engine
