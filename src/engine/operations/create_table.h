#pragma once

#include "dynakeep/result.h"
#include "dynakeep/table_requests.h"

namespace dynakeep::engine {

struct Engine;

// Puts a new table in force, active at once; the answer says CREATING, as DynamoDB's does.
Result<CreateTableResult> create_table(const Engine& engine, const CreateTableRequest& request);

}  // namespace dynakeep::engine
