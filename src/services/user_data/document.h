#pragma once

#include "dynakeep/json_document.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/user_data.h"

// A user's data as the service has it in JSON.
namespace dynakeep::services::user_data {

// {"userId", "isNew", "user", "session", "history", "createdAt", "updatedAt"}: of the elements
// those that are on, of the times those of users who are not new. `session` is null where none is
// alive.
JsonDocument document_of(const UserTurn& turn, const UserDataOptions& options);

// Makes the turn what the document says, and takes away what it does not name. What is not a
// client's to say (userId, isNew, times) is passed over, so that what was read can be sent back.
// invalid_argument: a member that is none, or of another type, or an element that is off.
Result<void> apply(const JsonDocument& document, const UserDataOptions& options, UserTurn& turn);

}  // namespace dynakeep::services::user_data
