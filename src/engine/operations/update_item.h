#pragma once

#include "dynakeep/item_requests.h"
#include "dynakeep/result.h"
#include "engine/catalog.h"
#include "expression/bind.h"

namespace dynakeep::engine {

struct Engine;

Result<UpdateItemResult> update_item(const Engine& engine, const UpdateItemRequest& request);

// Validation error if the update changes a key attribute.
Result<void> check_updates_no_key(const Table& table, const expression::Update& update);

}  // namespace dynakeep::engine
