#pragma once

#include "dynakeep/result.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<ListStreamsResult> list_streams(const Engine& engine, const ListStreamsRequest& request);

}  // namespace dynakeep::engine
