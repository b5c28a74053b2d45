#pragma once

#include "dynakeep/result.h"
#include "dynakeep/transaction_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<TransactWriteItemsResult> transact_write_items(const Engine& engine,
                                                      const TransactWriteItemsRequest& request);

}  // namespace dynakeep::engine
