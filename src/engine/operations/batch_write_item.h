#pragma once

#include "dynakeep/batch_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<BatchWriteItemResult> batch_write_item(const Engine& engine,
                                              const BatchWriteItemRequest& request);

}  // namespace dynakeep::engine
