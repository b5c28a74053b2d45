#pragma once

#include <vector>

#include "dynakeep/error.h"

// How TransactGetItems and TransactWriteItems say which of their actions cannot be done.
namespace dynakeep::engine {

// The reason of an action that would be a validation error on its own.
CancellationReason reason_of(const Error& error);

// The TransactionCanceledException for the reasons, of which there is one an action.
Error cancelled(std::vector<CancellationReason> reasons);

}  // namespace dynakeep::engine
