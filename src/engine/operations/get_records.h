#pragma once

#include "dynakeep/result.h"
#include "dynakeep/stream_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<GetRecordsResult> get_records(const Engine& engine, const GetRecordsRequest& request);

}  // namespace dynakeep::engine
