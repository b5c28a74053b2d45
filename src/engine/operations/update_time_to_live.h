#pragma once

#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"

namespace dynakeep::engine {

struct Engine;

Result<UpdateTimeToLiveResult> update_time_to_live(const Engine& engine,
                                                   const UpdateTimeToLiveRequest& request);

}  // namespace dynakeep::engine
