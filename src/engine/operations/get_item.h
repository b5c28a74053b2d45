#pragma once

#include "dynakeep/item_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<GetItemResult> get_item(const Engine& engine, const GetItemRequest& request);

}  // namespace dynakeep::engine
