#pragma once

#include <vector>

#include "dynakeep/services/dismissals.h"
#include "services/variable_reading.h"

namespace dynakeep::services::dismissals {

// All that is wrong, by the names of the variables behind DISMISSIBLE_.
std::vector<OptionFault> faults_of(const DismissalsServiceOptions& options);

}  // namespace dynakeep::services::dismissals
