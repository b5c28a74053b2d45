#pragma once

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep::services::collections {

// What {"name": …, "value": …} makes of an entry. A member that is absent is not set; null and ""
// set it to nothing. The rules and their order are dynamodb-mini's, in which what is empty (a
// number, a boolean, [] or {} too) does not count as content, although it is stored beside some.
//
// invalid_argument: "Entry name or value required", "Invalid entry payload", "Invalid entry name".
Result<ResourceChange> entry_content(const JsonDocument& body);

}  // namespace dynakeep::services::collections
