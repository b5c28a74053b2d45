#pragma once

#include <string>
#include <string_view>

#include "driver/stores.h"

namespace dynakeep::castore {

// Carries out one operation of castore's interface, as JSON in and JSON out: {"ok": what it gave},
// or {"error": {name, message, code, eventStoreId, aggregateId, version}}. The operations and their
// members are those of javascript/calls.mjs, and two that castore does not have: takeSnapshots and
// migrate.
std::string call(Stores& stores, std::string_view json);

// What a call or an event of the dataset says of an event to be pushed.
Result<NewEvent> new_event(const AttributeValue& json);

}  // namespace dynakeep::castore
