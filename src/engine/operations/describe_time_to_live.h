#pragma once

#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<DescribeTimeToLiveResult> describe_time_to_live(const Engine& engine,
                                                       const DescribeTimeToLiveRequest& request);

}  // namespace dynakeep::engine
