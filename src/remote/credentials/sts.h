#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/credentials.h"
#include "dynakeep/result.h"
#include "remote/configuration.h"
#include "remote/credentials/ask.h"
#include "transport/transport.h"

namespace dynakeep::remote {

// Where the Security Token Service is, which gives credentials of roles.
struct Sts {
  transport::Origin origin = {};
  std::string region = "us-east-1";  // that requests to it are signed for
};

// The endpoint that is configured for "sts" (Configuration::find_endpoint), else that of the
// region: the one given, else as find_region(), else us-east-1. AWS_STS_REGIONAL_ENDPOINTS or
// sts_regional_endpoints: "legacy" means sts.amazonaws.com for the regions that once had no other.
Result<Sts> find_sts(const Configuration& configuration, std::string_view region);

struct Role {
  std::string arn = {};
  std::string session_name = {};  // empty: one is made up
  std::string external_id = {};
  std::optional<unsigned> duration_seconds = {};  // none: STS decides, an hour
};

// Credentials of a role for who may assume it (AssumeRole). access_denied: STS says no, in its
// words; unavailable, timed_out: it did not answer, or nothing that makes sense.
Result<Credentials> assume_role(const Role& role, const Credentials& source, const Sts& sts,
                                const Reach& reach);

// The same for the bearer of a token that an identity provider gave out
// (AssumeRoleWithWebIdentity). The file is read now, as tokens are short-lived.
Result<Credentials> assume_role_with_web_identity(const Role& role, const std::string& token_file,
                                                  const base::Environment& environment,
                                                  const Sts& sts, const Reach& reach);

}  // namespace dynakeep::remote
