#pragma once

#include <memory>

#include "dynakeep/services/dismissals.h"

namespace dynakeep::services::dismissals {

// Refuses with 429 who comes too often. `options` make sense: faults_of(). The clock must outlive
// the hook.
std::shared_ptr<DismissalHook> make_rate_limit_hook(const DismissalRateLimits& options,
                                                    const Clock& clock);

}  // namespace dynakeep::services::dismissals
