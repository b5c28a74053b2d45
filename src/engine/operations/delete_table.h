#pragma once

#include "dynakeep/result.h"
#include "dynakeep/table_requests.h"

namespace dynakeep::engine {

struct Engine;

// Takes the table out of force; the answer says DELETING, as DynamoDB's does. Its data is erased in
// the background.
Result<DeleteTableResult> delete_table(const Engine& engine, const DeleteTableRequest& request);

}  // namespace dynakeep::engine
