#pragma once

#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"

namespace dynakeep::engine {

struct Engine;

// The quotas of a new account in us-east-1. Nothing here enforces them.
Result<DescribeLimitsResult> describe_limits(const Engine& engine,
                                             const DescribeLimitsRequest& request);

}  // namespace dynakeep::engine
