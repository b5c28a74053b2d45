#pragma once

#include <span>
#include <string_view>

#include "dynakeep/engine_admin.h"
#include "wire/operations.h"

// EngineAdmin on the wire: as DynamoDB's operations, with a prefix of its own.
namespace dynakeep::wire {

inline constexpr std::string_view admin_target_prefix = "EngineAdmin_1";

struct AdminOperation {
  std::string_view name;  // "RollShards"
  // Decodes the body, calls, encodes the result or the error. Never fails.
  Reply (*answer)(EngineAdmin& admin, std::string_view json_body);
};

// All of them, in order of their names.
std::span<const AdminOperation> admin_operations();

// The one of that name; null if there is none.
const AdminOperation* find_admin_operation(std::string_view name);
// The one that X-Amz-Target names.
const AdminOperation* find_admin_target(std::string_view target);

}  // namespace dynakeep::wire
