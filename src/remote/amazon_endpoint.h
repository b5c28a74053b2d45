#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/result.h"
#include "transport/transport.h"

namespace dynakeep::remote {

struct AmazonEndpointKind {
  bool fips = false;        // with cryptography that the US government has validated
  bool dual_stack = false;  // IPv6 as well as IPv4
};

// Where Amazon serves "dynamodb" or "sts" in a region, by the rules of AWS's clients: a region that
// is not known is taken to be a new one of the partition that its name begins like, else of `aws`.
// invalid_argument: what is no region's name (lower-case letters, digits and dashes, such as
// eu-west-1), or a kind that the partition does not have.
Result<transport::Origin> amazon_endpoint(std::string_view service, std::string_view region,
                                          AmazonEndpointKind kind);

// Where Amazon serves the streams of the tables that are at an endpoint of its own.
transport::Origin amazon_streams_endpoint(const transport::Origin& tables);

// The region of a host that is an endpoint of DynamoDB of Amazon's, private ones among them;
// nothing for all others.
std::optional<std::string> region_of_amazon_host(std::string_view host);

}  // namespace dynakeep::remote
