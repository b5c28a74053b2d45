#pragma once

#include "dynakeep/batch_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<BatchGetItemResult> batch_get_item(const Engine& engine, const BatchGetItemRequest& request);

}  // namespace dynakeep::engine
