#pragma once

#include "dynakeep/result.h"
#include "dynakeep/table_requests.h"

namespace dynakeep::engine {

struct Engine;

// Changes are in force when it returns, except that a new index is filled in the background; the
// answer says UPDATING, as DynamoDB's does.
Result<UpdateTableResult> update_table(const Engine& engine, const UpdateTableRequest& request);

}  // namespace dynakeep::engine
