#pragma once

#include <string_view>

#include "dynakeep/result.h"
#include "remote/configuration.h"
#include "remote/credentials/ask.h"
#include "remote/credentials/finding.h"
#include "remote/credentials/sts.h"

namespace dynakeep::remote {

// A chain of roles by source_profile is at most this long.
constexpr std::size_t chained_roles_max = 8;

// What the chosen profile says about credentials, the first of these:
//
//   role_arn                  assumed with the credentials of source_profile (that profile's own
//                             keys before all else; it may be this one) or of credential_source
//                             (Environment, EcsContainer, Ec2InstanceMetadata); with
//                             role_session_name, external_id and duration_seconds
//   web_identity_token_file   with role_arn and role_session_name
//   aws_access_key_id         with aws_secret_access_key and aws_session_token
//   credential_process        see process.h
//
// What needs a person has no credentials, and words that say how to go on: mfa_serial, and profiles
// with nothing but IAM Identity Center (sso_…) or `aws login` (login_session). Refused with
// invalid_argument: roles and sources with a part missing, in a circle or longer than
// chained_roles_max. Else as the sources. `sts` is what find_sts() said; an error of it matters to
// roles only.
Result<Finding> find_in_profile(const Configuration& configuration, const Result<Sts>& sts,
                                const Reach& reach);

// AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME, as a pod of EKS has
// them. invalid_argument: one without the other.
Result<Finding> find_by_web_identity_variables(const base::Environment& environment,
                                               const Result<Sts>& sts, const Reach& reach);

}  // namespace dynakeep::remote
