#pragma once

#include "base/environment.h"
#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "remote/credentials/finding.h"

namespace dynakeep::remote {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or AWS_SECURITY_TOKEN, its old name)
// and AWS_CREDENTIAL_EXPIRATION. access_denied: a key without its secret, an expiration that is no
// date or has passed.
Result<Finding> find_in_variables(const base::Environment& environment, Time now);

}  // namespace dynakeep::remote
