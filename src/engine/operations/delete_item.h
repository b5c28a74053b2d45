#pragma once

#include "dynakeep/item_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<DeleteItemResult> delete_item(const Engine& engine, const DeleteItemRequest& request);

}  // namespace dynakeep::engine
