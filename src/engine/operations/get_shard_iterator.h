#pragma once

#include "dynakeep/result.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<GetShardIteratorResult> get_shard_iterator(const Engine& engine,
                                                  const GetShardIteratorRequest& request);

}  // namespace dynakeep::engine
