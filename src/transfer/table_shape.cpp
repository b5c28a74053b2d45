#include <algorithm>

#include "dynakeep/transfer/table_definition.h"

namespace dynakeep {

namespace {

using Attributes = std::vector<AttributeDefinition>;

std::string type_of(const Attributes& attributes, const std::string& name) {
  for (const AttributeDefinition& each : attributes) {
    if (each.attribute_name != name || !each.attribute_type) continue;
    switch (*each.attribute_type) {
      case ScalarType::string:
        return "S";
      case ScalarType::number:
        return "N";
      case ScalarType::binary:
        return "B";
    }
  }
  return "?";
}

// "userId (S), id (S)": the partition key first.
std::string key_text(const KeySchema& schema, const Attributes& attributes) {
  std::string text;
  for (const KeyType kind : {KeyType::hash, KeyType::range}) {
    for (const KeySchemaElement& each : schema) {
      if (each.key_type != kind) continue;
      const std::string name = each.attribute_name.value_or("");
      if (!text.empty()) text += ", ";
      text += name + " (" + type_of(attributes, name) + ")";
    }
  }
  return text;
}

std::string projection_text(const Projection& projection) {
  std::string text;
  switch (projection.projection_type.value_or(ProjectionType::all)) {
    case ProjectionType::all:
      return "all attributes";
    case ProjectionType::keys_only:
      return "keys alone";
    case ProjectionType::include:
      text = "keys";
  }
  auto names = projection.non_key_attributes.value_or(std::vector<std::string>());
  std::sort(names.begin(), names.end());
  for (const std::string& each : names) text += " and " + each;
  return text;
}

// With everything a query by it gives what a narrower one would.
bool covers(const Projection& found, const Projection& wanted) {
  return found.projection_type.value_or(ProjectionType::all) == ProjectionType::all ||
         projection_text(found) == projection_text(wanted);
}

template <typename Wanted, typename Found>
void compare_indexes(const std::vector<Wanted>& wanted, const std::vector<Found>& found,
                     const Attributes& wanted_attributes, const Attributes& found_attributes,
                     std::vector<std::string>& out) {
  for (const Wanted& index : wanted) {
    const std::string name = index.index_name.value_or("");
    const auto there = std::find_if(found.begin(), found.end(),
                                    [&](const Found& each) { return each.index_name == name; });
    if (there == found.end()) {
      out.push_back("there is no index " + name);
      continue;
    }
    const std::string key = key_text(index.key_schema.value_or(KeySchema()), wanted_attributes);
    const std::string its = key_text(there->key_schema, found_attributes);
    if (key != its) {
      out.push_back("the key of the index " + name + " is " + its + " and not " + key);
    }
    const Projection projection = index.projection.value_or(Projection());
    if (!covers(there->projection, projection)) {
      out.push_back("the index " + name + " holds " + projection_text(there->projection) +
                    " and not " + projection_text(projection));
    }
  }
}

}  // namespace

std::vector<std::string> shape_differences(const TableDefinition& wanted,
                                           const TableDescription& found,
                                           const std::optional<std::string>& time_to_live) {
  std::vector<std::string> out;
  const CreateTableRequest& request = wanted.table;
  const Attributes attributes = request.attribute_definitions.value_or(Attributes());
  const std::string key = key_text(request.key_schema.value_or(KeySchema()), attributes);
  const std::string its = key_text(found.key_schema, found.attribute_definitions);
  if (key != its) out.push_back("its key is " + its + " and not " + key);
  compare_indexes(request.global_secondary_indexes.value_or(std::vector<GlobalSecondaryIndex>()),
                  found.global_secondary_indexes, attributes, found.attribute_definitions, out);
  compare_indexes(request.local_secondary_indexes.value_or(std::vector<LocalSecondaryIndex>()),
                  found.local_secondary_indexes, attributes, found.attribute_definitions, out);
  const auto& expires_by = wanted.time_to_live_attribute;
  if (expires_by && time_to_live && time_to_live != expires_by) {
    out.push_back("its items expire by " + *time_to_live + " and not by " + *expires_by);
  }
  return out;
}

}  // namespace dynakeep
