#pragma once

#include "dynakeep/capabilities.h"
#include "dynakeep/result.h"
#include "remote/remote_database.h"

namespace dynakeep::remote {

// Asks an endpoint what it can do, with a handful of requests that can change nothing: they name a
// table that does not exist, and how they are refused tells. What the credentials may not do is
// taken to be there.
//
// Fails, in one line, if the endpoint does not answer, is no DynamoDB endpoint, or refuses the
// credentials.
Result<Capabilities> ask_capabilities(RemoteDatabase& database);

}  // namespace dynakeep::remote
