#include <utility>

#include "dynakeep/credentials.h"
#include "remote/environment.h"

namespace dynakeep {

namespace {

class FixedCredentials final : public CredentialsProvider {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> credentials() override { return credentials_; }

 private:
  const Credentials credentials_;
};

class CredentialsOfTheEnvironment final : public CredentialsProvider {
 public:
  Result<Credentials> credentials() override {
    const auto variable = remote::process_environment().variable;
    auto key = variable("AWS_ACCESS_KEY_ID");
    auto secret = variable("AWS_SECRET_ACCESS_KEY");
    if (!key || !secret) {
      return Error(ErrorCode::access_denied,
                   "no credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
    }
    return Credentials{.access_key_id = std::move(*key),
                       .secret_access_key = std::move(*secret),
                       .session_token = variable("AWS_SESSION_TOKEN").value_or("")};
  }
};

}  // namespace

std::shared_ptr<CredentialsProvider> fixed_credentials(Credentials credentials) {
  return std::make_shared<FixedCredentials>(std::move(credentials));
}

std::shared_ptr<CredentialsProvider> default_credentials(const DefaultCredentialsOptions&) {
  return std::make_shared<CredentialsOfTheEnvironment>();
}

}  // namespace dynakeep
