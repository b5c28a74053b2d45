#pragma once

#include <memory>

#include "dynakeep/services/dismissals.h"

namespace dynakeep::services::dismissals {

// The store, with what was read or written lately in front of it: for those who all write through
// here. Absent items are not remembered. Store and clock must outlive it.
std::unique_ptr<Dismissals> make_cached_dismissals(Dismissals& store,
                                                   const DismissalCacheOptions& options,
                                                   const Clock& clock);

}  // namespace dynakeep::services::dismissals
