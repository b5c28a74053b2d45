#pragma once

#include "dynakeep/query_requests.h"
#include "dynakeep/result.h"

namespace dynakeep::engine {

struct Engine;

Result<ScanResult> scan(const Engine& engine, const ScanRequest& request);

}  // namespace dynakeep::engine
