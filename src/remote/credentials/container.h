#pragma once

#include "base/environment.h"
#include "dynakeep/result.h"
#include "remote/credentials/ask.h"
#include "remote/credentials/finding.h"

namespace dynakeep::remote {

// The endpoint that ECS, EKS and Greengrass give to a container ("Container credential provider",
// AWS SDKs and Tools Reference Guide): AWS_CONTAINER_CREDENTIALS_RELATIVE_URI on 169.254.170.2,
// else AWS_CONTAINER_CREDENTIALS_FULL_URI, with the Authorization that the file
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE holds now, else AWS_CONTAINER_AUTHORIZATION_TOKEN.
//
// invalid_argument: a full URI over plain HTTP to anything but this machine and the addresses of
// ECS and EKS (169.254.170.2, 169.254.170.23, fd00:ec2::23), since it would hand the authorization
// to whoever listens there; a token that is no header. access_denied, unavailable, timed_out: the
// endpoint refused, or gave no answer that makes sense.
Result<Finding> find_at_container(const base::Environment& environment, const Reach& reach);

}  // namespace dynakeep::remote
