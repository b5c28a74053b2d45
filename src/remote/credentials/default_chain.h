#pragma once

#include <cstdint>
#include <string_view>

#include "dynakeep/result.h"
#include "remote/configuration.h"
#include "remote/credentials/ask.h"
#include "remote/credentials/finding.h"

namespace dynakeep::remote {

// Whether the instance metadata service is asked at the end. Where nobody checks credentials it
// would only cost the second that it takes to learn that this machine is no instance.
enum class AskInstance : std::uint8_t { yes, no };

enum class ProfileNamedBy : std::uint8_t { nobody_or_environment, program };

// Looks everything up once, in the order of credentials.h: what is read from files and answered by
// others is as of now. A source that is set up and fails is an error, and ends the search. If the
// program itself chose the profile, the environment's keys and web identity are passed over.
// Nothing found is no error: `words` say where it was looked for. `sts_region` as for find_sts().
Result<Finding> find_credentials(const Configuration& configuration, ProfileNamedBy named_by,
                                 std::string_view sts_region, const Reach& reach,
                                 AskInstance ask_instance);

}  // namespace dynakeep::remote
