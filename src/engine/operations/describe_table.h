#pragma once

#include "dynakeep/result.h"
#include "dynakeep/table_requests.h"

namespace dynakeep::engine {

struct Engine;

struct Table;

Result<DescribeTableResult> describe_table(const Engine& engine,
                                           const DescribeTableRequest& request);

// What DynamoDB tells of the table, with its counts of this moment.
TableDescription describe(const Table& table, TableStatus status = TableStatus::active);

}  // namespace dynakeep::engine
