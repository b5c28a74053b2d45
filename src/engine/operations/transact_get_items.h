#pragma once

#include "dynakeep/result.h"
#include "dynakeep/transaction_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<TransactGetItemsResult> transact_get_items(const Engine& engine,
                                                  const TransactGetItemsRequest& request);

}  // namespace dynakeep::engine
