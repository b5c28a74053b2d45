#pragma once

#include <cstdint>
#include <string_view>

#include "dynakeep/result.h"
#include "remote/configuration.h"
#include "remote/credentials/ask.h"
#include "remote/credentials/finding.h"

namespace dynakeep::remote {

// What the credentials are for. Where a server runs on this machine it seldom checks them, so no
// time is spent on asking whether the machine is an instance, and a profile that needs a person
// counts as one without credentials.
enum class ServerIs : std::uint8_t { elsewhere, here };

enum class ProfileNamedBy : std::uint8_t { nobody_or_environment, program };

// Looks everything up once, in the order of credentials.h: what is read from files and answered by
// others is as of now. A source that is set up and fails is an error, and ends the search; so does,
// with invalid_argument, a profile that needs a person. If the program itself chose the profile,
// the environment's keys and web identity are passed over. Nothing found is no error: `words` say
// where it was looked for. `sts_region` as for find_sts().
Result<Finding> find_credentials(const Configuration& configuration, ProfileNamedBy named_by,
                                 std::string_view sts_region, const Reach& reach,
                                 ServerIs server_is);

}  // namespace dynakeep::remote
