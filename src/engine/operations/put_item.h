#pragma once

#include "dynakeep/item_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<PutItemResult> put_item(const Engine& engine, const PutItemRequest& request);

}  // namespace dynakeep::engine
