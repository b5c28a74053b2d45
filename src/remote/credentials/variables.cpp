#include "remote/credentials/variables.h"

#include <utility>

namespace dynakeep::remote {

Result<Finding> find_in_variables(const base::Environment& environment, Time now) {
  auto key = environment.variable("AWS_ACCESS_KEY_ID");
  if (!key) return Finding{.words = "AWS_ACCESS_KEY_ID is not set"};
  auto secret = environment.variable("AWS_SECRET_ACCESS_KEY");
  if (!secret) {
    return Error(ErrorCode::access_denied,
                 "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY");
  }
  auto token = environment.variable("AWS_SESSION_TOKEN");
  if (!token) token = environment.variable("AWS_SECURITY_TOKEN");
  Credentials credentials{.access_key_id = std::move(*key),
                          .secret_access_key = std::move(*secret),
                          .session_token = std::move(token).value_or("")};
  if (const auto expiration = environment.variable("AWS_CREDENTIAL_EXPIRATION")) {
    credentials.expires_at = parse_timestamp(*expiration);
    if (!credentials.expires_at) {
      return Error(ErrorCode::access_denied, "AWS_CREDENTIAL_EXPIRATION is no date");
    }
  }
  return Finding{.credentials = TRY(checked(std::move(credentials), "The environment", now)),
                 .words = "the environment"};
}

}  // namespace dynakeep::remote
