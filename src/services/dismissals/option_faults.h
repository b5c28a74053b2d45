#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/services/dismissals.h"

namespace dynakeep::services::dismissals {

// Something that an option may not be, by the name of the variable that says it.
struct OptionFault {
  std::string_view variable = {};  // behind DISMISSIBLE_
  std::string rule = {};           // "must be …", with the value where that is no secret
};

// All that is wrong.
std::vector<OptionFault> faults_of(const DismissalsServiceOptions& options);

}  // namespace dynakeep::services::dismissals
