#pragma once

#include "dynakeep/query_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<QueryResult> query(const Engine& engine, const QueryRequest& request);

}  // namespace dynakeep::engine
