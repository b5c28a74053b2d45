#pragma once

#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"

namespace dynakeep::engine {

struct Engine;

// Where a server stands unless told otherwise: the engine has no address of its own, and must never
// name Amazon's, to which a client that discovers endpoints would go. A server knows better.
Result<DescribeEndpointsResult> describe_endpoints(const Engine& engine,
                                                   const DescribeEndpointsRequest& request);

}  // namespace dynakeep::engine
