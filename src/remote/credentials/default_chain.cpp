#include "remote/credentials/default_chain.h"

#include <utility>

#include "remote/credentials/container.h"
#include "remote/credentials/instance.h"
#include "remote/credentials/profile.h"
#include "remote/credentials/sts.h"
#include "remote/credentials/variables.h"

namespace dynakeep::remote {

Result<Finding> find_credentials(const Configuration& configuration, ProfileNamedBy named_by,
                                 std::string_view sts_region, const Reach& reach,
                                 ServerIs server_is) {
  std::string absences;
  // Whether that was it; if not, keeps why.
  const auto is_found = [&absences](const Finding& finding) {
    if (finding.credentials) return true;
    if (!absences.empty()) absences += "; ";
    absences += finding.words;
    return false;
  };

  const base::Environment& environment = configuration.environment();
  const Result<Sts> sts = find_sts(configuration, sts_region);
  Finding found;
  if (named_by == ProfileNamedBy::nobody_or_environment) {
    found = TRY(find_in_variables(environment, reach.clock.now()));
    if (is_found(found)) return found;
    found = TRY(find_by_web_identity_variables(environment, sts, reach));
    if (is_found(found)) return found;
  }
  found = TRY(find_in_profile(configuration, sts, reach));
  if (is_found(found)) return found;
  // Another identity further down the chain is not what the profile means.
  if (found.needs_person && server_is == ServerIs::elsewhere) {
    return Error(ErrorCode::invalid_argument, found.words);
  }
  found = TRY(find_at_container(environment, reach));
  if (is_found(found)) return found;
  if (server_is == ServerIs::elsewhere) {
    found = TRY(find_at_instance(configuration, reach));
    if (is_found(found)) return found;
  }
  return Finding{.words = std::move(absences)};
}

}  // namespace dynakeep::remote
