#pragma once

#include <string>

#include "base/environment.h"
#include "dynakeep/remote.h"
#include "dynakeep/result.h"
#include "transport/transport.h"

namespace dynakeep::remote {

// What RemoteOptions leave to the environment and to the profile, found.
struct Settings {
  std::string profile = "default";   // its name, whether there is one or not
  std::string region = "us-east-1";  // that requests are signed for
  transport::Origin endpoint = {};
  bool amazon = false;         // the endpoint is Amazon's own, of that region
  unsigned attempts_max = 3;   // first attempt included
  std::string ca_bundle = {};  // a PEM file; empty: the system's store
};

// Looks in the options, then in the environment, then in the profile, for each setting on its own:
//
//   profile       AWS_PROFILE, AWS_DEFAULT_PROFILE, else "default"
//   region        AWS_REGION, AWS_DEFAULT_REGION, region
//   endpoint      AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, endpoint_url of dynamodb in the
//                 `services` section that the profile names, endpoint_url; all four passed over if
//                 AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or ignore_configured_endpoint_urls is true;
//                 else Amazon's endpoint of the region, of the kind that AWS_USE_FIPS_ENDPOINT and
//                 AWS_USE_DUALSTACK_ENDPOINT (use_fips_endpoint, use_dualstack_endpoint) ask for
//   attempts_max  AWS_MAX_ATTEMPTS, max_attempts, else 3
//   ca_bundle     AWS_CA_BUNDLE, ca_bundle
//
// The profile is in the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name, else in
// ~/.aws/config and ~/.aws/credentials. ("Settings reference", AWS SDKs and Tools Reference Guide.)
//
// An endpoint of Amazon's that is named is of the region in its name, and any other without a
// region of "us-east-1". The region "local" is http://localhost:8000, as in AWS's own clients.
//
// invalid_argument, in one line that says where the wrong value stands: a profile that is named but
// not there, a file that cannot be read, no region and no endpoint, a value that makes no sense, a
// region in the options that is not that of Amazon's endpoint.
Result<Settings> find_settings(const RemoteOptions& options, const base::Environment& environment);

}  // namespace dynakeep::remote
