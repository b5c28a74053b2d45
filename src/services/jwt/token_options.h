#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "dynakeep/services/tokens.h"
#include "services/variable_reading.h"

namespace dynakeep::jwt {

// All that is wrong with them.
std::vector<services::OptionFault> faults_of(const TokenOptions& options);

struct TokenVariable {
  std::string_view name;  // "JWT_AUTH_ISSUER"
  std::string_view default_value;
  std::string_view meaning;
  void (*read)(TokenOptions& to, services::VariableReading& reading, std::string_view text);
};

// All there are.
std::span<const TokenVariable> token_variables();
const TokenVariable* token_variable_named(std::string_view name);

}  // namespace dynakeep::jwt
