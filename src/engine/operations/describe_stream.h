#pragma once

#include "dynakeep/result.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<DescribeStreamResult> describe_stream(const Engine& engine,
                                             const DescribeStreamRequest& request);

}  // namespace dynakeep::engine
