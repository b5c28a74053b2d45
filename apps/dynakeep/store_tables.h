#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/database.h"

// The tables that stores keep their data in, for whoever makes them or shows how to.
namespace dynakeep::app {

// What a store does with a table, as the actions of an IAM policy.
struct TableAccess {
  std::string purpose = {};               // a statement's id: letters alone
  std::vector<std::string> actions = {};  // without "dynamodb:"
  std::string index = {};                 // of that index; empty: of the table
  bool of_its_streams = false;            // and not of the table
};

struct StoreTable {
  std::string id = {};  // what templates call it: letters alone
  CreateTableRequest request = {};
  std::optional<std::string> time_to_live = {};
  std::vector<TableAccess> access = {};
};

enum class DefinitionFormat : std::uint8_t { cloudformation, cdk, terraform, cli, iam };

// Their words on the command line.
extern const std::map<std::string, DefinitionFormat> definition_formats;

// The tables as a template of CloudFormation, a module of CDK in TypeScript, resources of Terraform
// or commands of the AWS CLI, which make them; or as the IAM policy of who uses them, which makes
// nothing. Ends in a line end.
std::string definition_text(const std::vector<StoreTable>& tables, DefinitionFormat format);

}  // namespace dynakeep::app
