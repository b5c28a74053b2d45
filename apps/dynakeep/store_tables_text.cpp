#include <utility>

#include <fmt/format.h>

#include "dynakeep/json.h"
#include "dynakeep/json_document.h"
#include "json_text.h"
#include "shell_word.h"
#include "store_tables.h"
#include "terminal.h"

namespace dynakeep::app {

const std::map<std::string, DefinitionFormat> definition_formats = {
    {"cloudformation", DefinitionFormat::cloudformation},
    {"cdk", DefinitionFormat::cdk},
    {"terraform", DefinitionFormat::terraform},
    {"cli", DefinitionFormat::cli},
    {"iam", DefinitionFormat::iam}};

namespace {

std::string name_of(const StoreTable& table) { return table.request.table_name.value_or(""); }

// The request in the words of the wire, which are those of CloudFormation and the CLI too.
JsonDocument document_of(const StoreTable& table) {
  return JsonDocument::parse(to_dynamodb_json(table.request)).value();
}

std::string text_at(const JsonDocument& document, std::string_view name) {
  const JsonDocument* const found = document.find(name);
  return found == nullptr ? "" : found->text();
}

const std::vector<JsonDocument>& elements_at(const JsonDocument& document, std::string_view name) {
  static const std::vector<JsonDocument> none;
  const JsonDocument* const found = document.find(name);
  return found == nullptr ? none : found->elements();
}

std::string indented(const JsonDocument& document) {
  return app::indented(document.to_text(), Terminal{}) + "\n";
}

JsonDocument text(std::string value) { return JsonDocument::string(std::move(value)); }

// ---- CloudFormation ----

std::string cloudformation(const std::vector<StoreTable>& tables) {
  JsonDocument resources = JsonDocument::object();
  for (const StoreTable& table : tables) {
    JsonDocument properties = document_of(table);
    if (const JsonDocument* const stream = properties.find("StreamSpecification")) {
      JsonDocument view = *stream;
      view.erase("StreamEnabled");  // it is, if it is there
      properties.set("StreamSpecification", std::move(view));
    }
    if (table.time_to_live) {
      properties.set("TimeToLiveSpecification",
                     JsonDocument::object({{"AttributeName", text(*table.time_to_live)},
                                           {"Enabled", JsonDocument::boolean(true)}}));
    }
    resources.set(table.id, JsonDocument::object({{"Type", text("AWS::DynamoDB::Table")},
                                                  {"Properties", std::move(properties)}}));
  }
  return indented(JsonDocument::object(
      {{"AWSTemplateFormatVersion", text("2010-09-09")}, {"Resources", std::move(resources)}}));
}

// ---- IAM ----

std::string iam(const std::vector<StoreTable>& tables) {
  std::vector<JsonDocument> statements;
  for (const StoreTable& table : tables) {
    for (const TableAccess& access : table.access) {
      std::vector<JsonDocument> actions;
      for (const std::string& each : access.actions) actions.push_back(text("dynamodb:" + each));
      std::string resource = "arn:aws:dynamodb:*:*:table/" + name_of(table);
      if (!access.index.empty()) resource += "/index/" + access.index;
      if (access.of_its_streams) resource += "/stream/*";
      statements.push_back(
          JsonDocument::object({{"Sid", text(access.purpose + table.id)},
                                {"Effect", text("Allow")},
                                {"Action", JsonDocument::array(std::move(actions))},
                                {"Resource", text(std::move(resource))}}));
    }
  }
  return indented(
      JsonDocument::object({{"Version", text("2012-10-17")},
                            {"Statement", JsonDocument::array(std::move(statements))}}));
}

// ---- AWS CLI ----

std::string cli(const std::vector<StoreTable>& tables) {
  std::string out;
  for (const StoreTable& table : tables) {
    const JsonDocument document = document_of(table);
    const std::string name = shell_word(name_of(table));
    out += "aws dynamodb create-table --table-name " + name;
    out += " \\\n    --attribute-definitions";
    for (const JsonDocument& each : elements_at(document, "AttributeDefinitions")) {
      out += " " + shell_word("AttributeName=" + text_at(each, "AttributeName") +
                              ",AttributeType=" + text_at(each, "AttributeType"));
    }
    out += " \\\n    --key-schema";
    for (const JsonDocument& each : elements_at(document, "KeySchema")) {
      out += " " + shell_word("AttributeName=" + text_at(each, "AttributeName") +
                              ",KeyType=" + text_at(each, "KeyType"));
    }
    for (const auto& [member, flag] :
         {std::pair("LocalSecondaryIndexes", "local-secondary-indexes"),
          {"GlobalSecondaryIndexes", "global-secondary-indexes"},
          {"ProvisionedThroughput", "provisioned-throughput"},
          {"StreamSpecification", "stream-specification"}}) {
      const JsonDocument* const found = document.find(member);
      if (found != nullptr) {
        out += fmt::format(" \\\n    --{} {}", flag, shell_word(found->to_text()));
      }
    }
    out += " \\\n    --billing-mode " + text_at(document, "BillingMode") + "\n";
    out += "aws dynamodb wait table-exists --table-name " + name + "\n";
    if (table.time_to_live) {
      out += "aws dynamodb update-time-to-live --table-name " + name +
             " \\\n    --time-to-live-specification " +
             shell_word("Enabled=true,AttributeName=" + *table.time_to_live) + "\n";
    }
  }
  return out;
}

// ---- keys, for CDK and Terraform ----

std::string key_in(const JsonDocument& schema_of, std::string_view kind) {
  for (const JsonDocument& each : elements_at(schema_of, "KeySchema")) {
    if (text_at(each, "KeyType") == kind) return text_at(each, "AttributeName");
  }
  return {};
}

std::string type_of(const JsonDocument& table, const std::string& attribute) {
  for (const JsonDocument& each : elements_at(table, "AttributeDefinitions")) {
    if (text_at(each, "AttributeName") == attribute) return text_at(each, "AttributeType");
  }
  return {};
}

std::string units_of(const JsonDocument& of, std::string_view kind) {
  const JsonDocument* const units = of.find("ProvisionedThroughput");
  return units == nullptr ? "" : text_at(*units, kind);
}

std::string projection_of(const JsonDocument& index) {
  const JsonDocument* const projection = index.find("Projection");
  return projection == nullptr ? "ALL" : text_at(*projection, "ProjectionType");
}

// ---- CDK ----

// A string of TypeScript: JSON's are.
std::string cdk_key(const JsonDocument& table, const JsonDocument& of, std::string_view indent) {
  const std::map<std::string, std::string> types = {
      {"S", "STRING"}, {"N", "NUMBER"}, {"B", "BINARY"}};
  std::string out;
  for (const auto& [kind, member] : {std::pair("HASH", "partitionKey"), {"RANGE", "sortKey"}}) {
    const std::string name = key_in(of, kind);
    if (name.empty()) continue;
    out += fmt::format("{}{}: {{ name: {}, type: AttributeType.{} }},\n", indent, member,
                       json_string(name), types.at(type_of(table, name)));
  }
  return out;
}

std::string cdk_units(const JsonDocument& of, std::string_view indent) {
  if (of.find("ProvisionedThroughput") == nullptr) return {};
  return fmt::format("{0}readCapacity: {1},\n{0}writeCapacity: {2},\n", indent,
                     units_of(of, "ReadCapacityUnits"), units_of(of, "WriteCapacityUnits"));
}

std::string cdk_index(const JsonDocument& table, const JsonDocument& index, std::string_view kind) {
  std::string out = fmt::format("  table.add{}SecondaryIndex({{\n", kind);
  out += fmt::format("    indexName: {},\n", json_string(text_at(index, "IndexName")));
  const std::string keys = cdk_key(table, index, "    ");
  // A local index has the table's partition key, always.
  out += kind == "Local" ? keys.substr(keys.find('\n') + 1) : keys;
  out += fmt::format("    projectionType: ProjectionType.{},\n", projection_of(index));
  if (projection_of(index) == "INCLUDE") {
    const JsonDocument* const projection = index.find("Projection");
    out +=
        fmt::format("    nonKeyAttributes: {},\n", projection->find("NonKeyAttributes")->to_text());
  }
  return out + cdk_units(index, "    ") + "  });\n";
}

std::string cdk(const std::vector<StoreTable>& tables) {
  std::string out =
      "import { AttributeType, BillingMode, ProjectionType, StreamViewType, Table } from "
      "'aws-cdk-lib/aws-dynamodb';\n"
      "import { Construct } from 'constructs';\n";
  for (const StoreTable& table : tables) {
    const JsonDocument document = document_of(table);
    out += fmt::format(
        "\nexport function add{0}(scope: Construct): Table {{\n"
        "  const table = new Table(scope, '{0}', {{\n"
        "    tableName: {1},\n",
        table.id, json_string(name_of(table)));
    out += cdk_key(document, document, "    ");
    out += fmt::format("    billingMode: BillingMode.{},\n", text_at(document, "BillingMode"));
    out += cdk_units(document, "    ");
    if (const JsonDocument* const stream = document.find("StreamSpecification")) {
      out += fmt::format("    stream: StreamViewType.{},\n", text_at(*stream, "StreamViewType"));
    }
    if (table.time_to_live) {
      out += fmt::format("    timeToLiveAttribute: {},\n", json_string(*table.time_to_live));
    }
    out += "  });\n";
    for (const JsonDocument& each : elements_at(document, "GlobalSecondaryIndexes")) {
      out += cdk_index(document, each, "Global");
    }
    for (const JsonDocument& each : elements_at(document, "LocalSecondaryIndexes")) {
      out += cdk_index(document, each, "Local");
    }
    out += "  return table;\n}\n";
  }
  return out;
}

// ---- Terraform ----

// A string of HCL: JSON's, but for what would be a template there.
std::string hcl_string(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    escaped.push_back(text[i]);
    if ((text[i] == '$' || text[i] == '%') && i + 1 < text.size() && text[i + 1] == '{') {
      escaped.push_back(text[i]);
    }
  }
  return json_string(escaped);
}

std::string hcl_keys(const JsonDocument& of, std::string_view indent) {
  std::string out = fmt::format("{}hash_key = {}\n", indent, hcl_string(key_in(of, "HASH")));
  if (const std::string range = key_in(of, "RANGE"); !range.empty()) {
    out += fmt::format("{}range_key = {}\n", indent, hcl_string(range));
  }
  return out;
}

std::string hcl_units(const JsonDocument& of, std::string_view indent) {
  if (of.find("ProvisionedThroughput") == nullptr) return {};
  return fmt::format("{0}read_capacity = {1}\n{0}write_capacity = {2}\n", indent,
                     units_of(of, "ReadCapacityUnits"), units_of(of, "WriteCapacityUnits"));
}

std::string hcl_index(const JsonDocument& index, std::string_view kind) {
  std::string out = fmt::format("\n  {}_secondary_index {{\n    name = {}\n", kind,
                                hcl_string(text_at(index, "IndexName")));
  const std::string keys = hcl_keys(index, "    ");
  out += kind == "local" ? keys.substr(keys.find('\n') + 1) : keys;
  out += fmt::format("    projection_type = \"{}\"\n", projection_of(index));
  if (projection_of(index) == "INCLUDE") {
    out += fmt::format("    non_key_attributes = {}\n",
                       index.find("Projection")->find("NonKeyAttributes")->to_text());
  }
  return out + hcl_units(index, "    ") + "  }\n";
}

std::string terraform(const std::vector<StoreTable>& tables) {
  std::string out;
  for (const StoreTable& table : tables) {
    const JsonDocument document = document_of(table);
    out += fmt::format("{}resource \"aws_dynamodb_table\" \"{}\" {{\n  name = {}\n",
                       out.empty() ? "" : "\n", table.id, hcl_string(name_of(table)));
    out += fmt::format("  billing_mode = \"{}\"\n", text_at(document, "BillingMode"));
    out += hcl_keys(document, "  ");
    out += hcl_units(document, "  ");
    if (const JsonDocument* const stream = document.find("StreamSpecification")) {
      out += fmt::format("  stream_enabled = true\n  stream_view_type = \"{}\"\n",
                         text_at(*stream, "StreamViewType"));
    }
    for (const JsonDocument& each : elements_at(document, "AttributeDefinitions")) {
      out +=
          fmt::format("\n  attribute {{\n    name = {}\n    type = \"{}\"\n  }}\n",
                      hcl_string(text_at(each, "AttributeName")), text_at(each, "AttributeType"));
    }
    for (const JsonDocument& each : elements_at(document, "GlobalSecondaryIndexes")) {
      out += hcl_index(each, "global");
    }
    for (const JsonDocument& each : elements_at(document, "LocalSecondaryIndexes")) {
      out += hcl_index(each, "local");
    }
    if (table.time_to_live) {
      out += fmt::format("\n  ttl {{\n    attribute_name = {}\n    enabled = true\n  }}\n",
                         hcl_string(*table.time_to_live));
    }
    out += "}\n";
  }
  return out;
}

}  // namespace

std::string definition_text(const std::vector<StoreTable>& tables, DefinitionFormat format) {
  switch (format) {
    case DefinitionFormat::cloudformation:
      return cloudformation(tables);
    case DefinitionFormat::cdk:
      return cdk(tables);
    case DefinitionFormat::terraform:
      return terraform(tables);
    case DefinitionFormat::cli:
      return cli(tables);
    case DefinitionFormat::iam:
      break;
  }
  return iam(tables);
}

}  // namespace dynakeep::app
