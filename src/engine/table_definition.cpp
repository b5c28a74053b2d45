#include "engine/table_definition.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <utility>

namespace dynakeep::engine {
namespace {

constexpr std::size_t attribute_name_length_max = 255;  // of keys and projections
constexpr std::size_t key_elements_max = 2;
constexpr std::size_t non_key_attributes_max = 20;  // of one index
constexpr std::size_t tag_key_length_max = 128;
constexpr std::size_t tag_value_length_max = 256;

std::string shown(const KeySchema& schema) {
  std::string text = "[";
  for (const KeySchemaElement& element : schema) {
    if (text.size() > 1) text += ", ";
    text += "KeySchemaElement(attributeName=" + element.attribute_name.value_or("null");
    text += ", keyType=";
    text += !element.key_type ? "null" : element.key_type == KeyType::hash ? "HASH" : "RANGE";
    text += ")";
  }
  return text + "]";
}

void constrain_units(Constraints& constraints, const std::optional<std::int64_t>& units,
                     Field field) {
  if (constraints.required(units, field)) constraints.at_least(*units, 1, field);
}

bool is_defined(const std::vector<AttributeDefinition>& definitions, std::string_view name) {
  return std::any_of(
      definitions.begin(), definitions.end(),
      [&](const AttributeDefinition& definition) { return definition.attribute_name == name; });
}

std::vector<std::string> names_of(const std::vector<AttributeDefinition>& definitions) {
  std::vector<std::string> names;
  names.reserve(definitions.size());
  for (const auto& definition : definitions) {
    names.push_back(definition.attribute_name.value_or(""));
  }
  return names;
}

void insert_names(std::set<std::string>& names, const KeyAttributes& keys) {
  names.insert(keys.partition);
  if (keys.sort) names.insert(*keys.sort);
}

}  // namespace

std::string shown(const std::vector<std::string>& names) {
  std::string text = "[";
  for (const std::string& name : names) {
    if (text.size() > 1) text += ", ";
    text += name;
  }
  return text + "]";
}

// ---- each part by itself ----

void constrain(Constraints& constraints, const ProvisionedThroughput& throughput, Field field) {
  constrain_units(constraints, throughput.write_capacity_units, field.at("writeCapacityUnits"));
  constrain_units(constraints, throughput.read_capacity_units, field.at("readCapacityUnits"));
}

void constrain(Constraints& constraints, const KeySchema& schema, Field field) {
  constraints.size(schema.size(), 1, key_elements_max, field, [&] { return shown(schema); });
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const Field element = field.member(i);
    const Field name = element.at("attributeName");
    if (constraints.required(schema[i].attribute_name, name)) {
      constraints.length(*schema[i].attribute_name, 1, attribute_name_length_max, name);
    }
    constraints.required_word(schema[i].key_type, element.at("keyType"));
  }
}

void constrain(Constraints& constraints, const std::vector<AttributeDefinition>& definitions,
               Field field) {
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const Field definition = field.member(i);
    const Field name = definition.at("attributeName");
    if (constraints.required(definitions[i].attribute_name, name)) {
      constraints.length(*definitions[i].attribute_name, 1, attribute_name_length_max, name);
    }
    constraints.required_word(definitions[i].attribute_type, definition.at("attributeType"));
  }
}

void constrain(Constraints& constraints, const Projection& projection, Field field) {
  constraints.word(field.at("projectionType"));
  if (!projection.non_key_attributes) return;
  const auto& names = *projection.non_key_attributes;
  const Field list = field.at("nonKeyAttributes");
  constraints.size(names.size(), 1, non_key_attributes_max, list, [&] { return shown(names); });
  for (std::size_t i = 0; i < names.size(); ++i) {
    constraints.length(names[i], 1, attribute_name_length_max, list.member(i));
  }
}

void constrain(Constraints& constraints, const StreamSpecification& stream, Field field) {
  constraints.required(stream.stream_enabled, field.at("streamEnabled"));
  constraints.word(field.at("streamViewType"));
}

void constrain(Constraints& constraints, const SseSpecification& sse, Field field) {
  if (sse.sse_type && *sse.sse_type != "KMS" && *sse.sse_type != "AES256") {
    constraints.complain(
        *sse.sse_type, field.at("sSEType"),
        "Member must satisfy enum value set: " + std::string(enum_value_set("sSEType")));
  }
}

void constrain(Constraints& constraints, const std::vector<Tag>& tags, Field field) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const Field tag = field.member(i);
    const Field key = tag.at("key");
    const Field value = tag.at("value");
    if (constraints.required(tags[i].key, key)) {
      constraints.length(*tags[i].key, 1, tag_key_length_max, key);
    }
    if (constraints.required(tags[i].value, value)) {
      constraints.length(*tags[i].value, 0, tag_value_length_max, value);
    }
  }
}

void constrain_index(Constraints& constraints, const std::optional<std::string>& name,
                     const std::optional<KeySchema>& schema,
                     const std::optional<Projection>& projection, Field field) {
  if (constraints.required(name, field.at("indexName"))) {
    constraints.index_name(name, field.at("indexName"));
  }
  if (constraints.required(schema, field.at("keySchema"))) {
    constrain(constraints, *schema, field.at("keySchema"));
  }
  if (constraints.required(projection, field.at("projection"))) {
    constrain(constraints, *projection, field.at("projection"));
  }
}

Result<void> check_table_name(const std::optional<std::string>& name) {
  if (!name) {
    return Error::validation(
        "The parameter 'TableName' is required but was not present in the request");
  }
  if (name->starts_with("arn:") || is_table_name(*name)) return {};
  if (name->size() < 3 || name->size() > 255) {
    return Error::validation(
        "TableName must be at least 3 characters long and at most 255 characters long");
  }
  Constraints constraints;
  constraints.name_pattern(*name, "tableName");
  return constraints.verdict();
}

// ---- parts together ----

Result<void> check_bounds(const ProvisionedThroughput& throughput, std::string_view index_name) {
  const auto check = [&](std::int64_t units, const char* what) -> Result<void> {
    if (units <= capacity_units_max) return {};
    std::string message = "Given value " + std::to_string(units) + " for " + what;
    message += " is out of bounds";
    if (!index_name.empty()) message.append(" for index ").append(index_name);
    return Error::validation(std::move(message));
  };
  TRY(check(throughput.read_capacity_units.value_or(1), "ReadCapacityUnits"));
  return check(throughput.write_capacity_units.value_or(1), "WriteCapacityUnits");
}

Result<void> check_table_key_schema(const KeySchema& schema,
                                    const std::vector<AttributeDefinition>& definitions) {
  if (schema.size() > definitions.size()) {
    return Error::validation("Invalid KeySchema: Some index key attribute have no definition");
  }
  return check_key_schema(schema, definitions);
}

Result<void> check_key_schema(const KeySchema& schema,
                              const std::vector<AttributeDefinition>& definitions) {
  std::vector<std::string> keys;
  bool all_defined = true;
  for (const KeySchemaElement& element : schema) {
    keys.push_back(element.attribute_name.value_or(""));
    all_defined = all_defined && is_defined(definitions, keys.back());
  }
  if (!all_defined) {
    return invalid_parameter_values(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: " + shown(keys) +
        ", AttributeDefinitions: " + shown(names_of(definitions)));
  }
  if (schema[0].key_type != KeyType::hash) {
    return Error::validation(
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  }
  if (schema.size() == 1) return {};
  if (keys[0] == keys[1]) {
    return Error::validation(
        "Both the Hash Key and the Range Key element in the KeySchema have the same name");
  }
  if (schema[1].key_type != KeyType::range) {
    return Error::validation(
        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  }
  return {};
}

Result<void> check_projection(const Projection& projection) {
  if (!projection.projection_type) {
    return invalid_parameter_values("Unknown ProjectionType: null");
  }
  const bool names_some = projection.non_key_attributes.has_value();
  switch (*projection.projection_type) {
    case ProjectionType::all:
      if (names_some) {
        return invalid_parameter_values("ProjectionType is ALL, but NonKeyAttributes is specified");
      }
      break;
    case ProjectionType::keys_only:
      if (names_some) {
        return invalid_parameter_values(
            "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified");
      }
      break;
    case ProjectionType::include:
      if (!names_some) {
        return invalid_parameter_values(
            "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
      }
      break;
  }
  return {};
}

Result<void> check_all_defined_are_keys(const Table& table) {
  std::set<std::string> keys;
  insert_names(keys, table.keys);
  for (const Index& index : table.indexes) insert_names(keys, index.keys);
  const auto defined = names_of(table.attribute_definitions);
  if (defined.size() == keys.size()) return {};  // every key is defined: check_key_schema
  const std::set<std::string> different(defined.begin(), defined.end());
  if (table.indexes.empty() || different.size() != defined.size()) {
    return invalid_parameter_values(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions");
  }
  return invalid_parameter_values(
      "Some AttributeDefinitions are not used. AttributeDefinitions: " + shown(defined) +
      ", keys used: " + shown(std::vector<std::string>(keys.begin(), keys.end())));
}

Result<void> check_projected_attributes(const Table& table) {
  std::size_t count = 0;
  for (const Index& index : table.indexes) {
    if (index.projection.non_key_attributes) count += index.projection.non_key_attributes->size();
  }
  if (count <= projected_attributes_max) return {};
  return invalid_parameter_values("Number of projected attributes exceeds per-table limit of " +
                                  std::to_string(projected_attributes_max));
}

Result<void> check_tags(const std::vector<Tag>& tags) {
  if (tags.size() > tags_max) {
    return invalid_parameter_values("Too many tags: tag limit is " + std::to_string(tags_max));
  }
  return {};
}

// ---- from the request's form to the catalog's ----

KeyAttributes to_key_attributes(const KeySchema& schema,
                                const std::vector<AttributeDefinition>& definitions) {
  const auto type_of = [&](const std::string& name) {
    const auto found = std::find_if(definitions.begin(), definitions.end(),
                                    [&](const auto& d) { return d.attribute_name == name; });
    return found->attribute_type.value_or(ScalarType::string);
  };
  KeyAttributes keys;
  keys.partition = schema[0].attribute_name.value_or("");
  keys.partition_type = type_of(keys.partition);
  if (schema.size() > 1) {
    keys.sort = schema[1].attribute_name.value_or("");
    keys.sort_type = type_of(*keys.sort);
  }
  return keys;
}

KeySchema to_key_schema(const KeyAttributes& keys) {
  KeySchema schema{{.attribute_name = keys.partition, .key_type = KeyType::hash}};
  if (keys.sort) schema.push_back({.attribute_name = *keys.sort, .key_type = KeyType::range});
  return schema;
}

ThroughputDescription to_throughput(const std::optional<ProvisionedThroughput>& throughput) {
  ThroughputDescription description;
  if (throughput) {
    description.read_capacity_units = throughput->read_capacity_units.value_or(0);
    description.write_capacity_units = throughput->write_capacity_units.value_or(0);
  }
  return description;
}

std::optional<OnDemandThroughput> to_on_demand(
    const std::optional<OnDemandThroughput>& throughput) {
  if (!throughput) return {};
  OnDemandThroughput limits = *throughput;
  if (limits.max_read_request_units == -1) limits.max_read_request_units.reset();
  if (limits.max_write_request_units == -1) limits.max_write_request_units.reset();
  if (!limits.max_read_request_units && !limits.max_write_request_units) return {};
  return limits;
}

std::string stream_label(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::milliseconds>(time - day)};
  std::array<char, 64> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace dynakeep::engine
