#pragma once

#include "dynakeep/result.h"
#include "dynakeep/table_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<ListTablesResult> list_tables(const Engine& engine, const ListTablesRequest& request);

}  // namespace dynakeep::engine
