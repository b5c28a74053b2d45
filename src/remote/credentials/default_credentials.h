#pragma once

#include <memory>

#include "dynakeep/credentials.h"

namespace dynakeep::remote {

// default_credentials() for an http:// endpoint on this machine: the instance metadata service is
// not asked, and where there are no credentials, or a person would have to sign in first, invented
// ones do. A source that is set up and fails is an error here, too.
std::shared_ptr<CredentialsProvider> local_credentials(const DefaultCredentialsOptions& options);

}  // namespace dynakeep::remote
