#pragma once

#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<DescribeEndpointsResult> describe_endpoints(const Engine& engine,
                                                   const DescribeEndpointsRequest& request);

}  // namespace dynakeep::engine
