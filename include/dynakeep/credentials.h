#pragma once

#include <chrono>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"

namespace dynakeep {

// What requests are signed with.
struct Credentials {
  std::string access_key_id = {};
  std::string secret_access_key = {};
  std::string session_token = {};       // of temporary credentials; empty for the lasting kind
  std::optional<Time> expires_at = {};  // of temporary credentials
};

// Says which key it is, and no secret.
std::ostream& operator<<(std::ostream& out, const Credentials& credentials);

// Where credentials come from. Thread-safe. A remote database asks when it has none, and for each
// call from a quarter of an hour before those it has expire: a provider of such keeps what it got.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // access_denied: there are none, or they were refused, with one line that says where they were
  // looked for; invalid_argument: a setting that makes no sense; unavailable and timed_out: their
  // source did not answer, or not with credentials.
  virtual Result<Credentials> credentials() = 0;
  // The service did not take these, though they are not known to have expired. A provider that
  // keeps what it got fetches anew when it is next asked.
  virtual void refused(const Credentials& /*credentials*/) {}
};

// Always these.
std::shared_ptr<CredentialsProvider> fixed_credentials(Credentials credentials);

struct DefaultCredentialsOptions {
  // Empty: AWS_PROFILE, else "default". A profile that is named here goes before the environment's
  // credentials, which are not looked at then.
  std::string profile = {};
  std::string region = {};                   // of STS, for roles; empty: as RemoteOptions::region
  std::chrono::milliseconds timeout{5'000};  // for each source that is asked over the network
  std::string ca_bundle = {};                // for STS; empty: as RemoteOptions::ca_bundle
  std::string proxy = {};                    // for STS; empty: as RemoteOptions::proxy
  const Clock* clock = &system_clock();      // must outlive the provider
};

// As AWS's own clients find them, the first that is there: the environment (AWS_ACCESS_KEY_ID, …),
// web identity (AWS_WEB_IDENTITY_TOKEN_FILE), the profile in the shared credentials and config
// files (role_arn with source_profile or credential_source, web_identity_token_file, keys,
// credential_process), the container's endpoint (AWS_CONTAINER_CREDENTIALS_…), and the EC2 instance
// (IMDSv2, unless AWS_EC2_METADATA_DISABLED). ("Standardized credential providers", AWS SDKs and
// Tools Reference Guide; docs/credentials.md has the details.) A source that is set up and fails is
// an error; the next is not tried.
//
// Nothing is read before the first call but the environment's variables, which are those of now.
// Fetches once for all threads that ask at once, keeps what it got, and fetches again before that
// expires; while a refresh fails, credentials that are still good go on being used. A secret
// appears in no error and in no log line.
std::shared_ptr<CredentialsProvider> default_credentials(
    const DefaultCredentialsOptions& options = {});

}  // namespace dynakeep
