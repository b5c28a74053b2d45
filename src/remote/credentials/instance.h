#pragma once

#include "dynakeep/result.h"
#include "remote/configuration.h"
#include "remote/credentials/ask.h"
#include "remote/credentials/finding.h"

namespace dynakeep::remote {

// The instance metadata service of EC2, in its second version only (IMDSv2: a token first, fetched
// by a PUT that no forwarded request can be), for the role of the instance.
//
//   endpoint   AWS_EC2_METADATA_SERVICE_ENDPOINT, ec2_metadata_service_endpoint; else by
//              AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, ec2_metadata_service_endpoint_mode:
//              169.254.169.254 for IPv4, fd00:ec2::254 for IPv6
//   patience   for the token AWS_METADATA_SERVICE_TIMEOUT, metadata_service_timeout (1 second) in
//              AWS_METADATA_SERVICE_NUM_ATTEMPTS, metadata_service_num_attempts (1): most machines
//              are no instance, and nobody answers there; then as for every source
//
// No credentials: AWS_EC2_METADATA_DISABLED is true, nobody gives a token, or the instance has no
// role. Once there is a token: access_denied if the service refuses, unavailable and timed_out if
// it gives no answer that makes sense.
Result<Finding> find_at_instance(const Configuration& configuration, const Reach& reach);

}  // namespace dynakeep::remote
