#include "remote/credentials/default_credentials.h"

#include <utility>

#include "base/environment.h"
#include "base/pacing.h"
#include "remote/configuration.h"
#include "remote/credentials/default_chain.h"
#include "remote/credentials/kept_credentials.h"
#include "transport/pooled_transport.h"
#include "transport/proxy.h"

namespace dynakeep {

namespace {

using namespace remote;

class FixedCredentials final : public CredentialsProvider {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Result<Credentials> credentials() override { return credentials_; }

 private:
  const Credentials credentials_;
};

// Makes its connections for this once: there is an hour to the next time.
Result<Finding> fetch(const DefaultCredentialsOptions& options,
                      const base::Environment& environment, ServerIs server_is) {
  const auto configuration = TRY(Configuration::read(environment, options.profile));
  std::string ca_bundle = options.ca_bundle;
  if (ca_bundle.empty()) {
    if (auto found = configuration.find("AWS_CA_BUNDLE", "ca_bundle")) {
      ca_bundle = std::move(found->value);
    }
  }
  const auto direct =
      TRY(transport::make_pooled_transport({.answer_bytes_max = credentials_bytes_max}));
  auto proxies = TRY(transport::find_proxies(options.proxy, environment));
  const auto outside =
      TRY(transport::make_pooled_transport({.answer_bytes_max = credentials_bytes_max,
                                            .ca_bundle = std::move(ca_bundle),
                                            .proxies = std::move(proxies)}));
  const Reach reach{.direct = *direct,
                    .outside = *outside,
                    .clock = *options.clock,
                    .timeout = options.timeout,
                    .pacing = base::system_pacing()};
  return find_credentials(
      configuration,
      options.profile.empty() ? ProfileNamedBy::nobody_or_environment : ProfileNamedBy::program,
      options.region, reach, server_is);
}

std::shared_ptr<CredentialsProvider> kept(KeptCredentials::Fetch fetch, const Clock& clock) {
  return std::make_shared<KeptCredentials>(std::move(fetch), clock);
}

}  // namespace

std::shared_ptr<CredentialsProvider> fixed_credentials(Credentials credentials) {
  return std::make_shared<FixedCredentials>(std::move(credentials));
}

std::shared_ptr<CredentialsProvider> default_credentials(const DefaultCredentialsOptions& options) {
  return kept(
      [options, environment = base::process_environment()] {
        return fetch(options, environment, ServerIs::elsewhere);
      },
      *options.clock);
}

std::shared_ptr<CredentialsProvider> remote::local_credentials(
    const DefaultCredentialsOptions& options) {
  return kept(
      [options, environment = base::process_environment()]() -> Result<Finding> {
        auto found = TRY(fetch(options, environment, ServerIs::here));
        if (!found.credentials) {
          found.credentials = {.access_key_id = "dynakeep", .secret_access_key = "dynakeep"};
          found.words = "nobody: invented for an endpoint on this machine";
        }
        return found;
      },
      *options.clock);
}

}  // namespace dynakeep
