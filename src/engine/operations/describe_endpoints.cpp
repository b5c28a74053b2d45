#include "engine/operations/describe_endpoints.h"

namespace dynakeep::engine {

Result<DescribeEndpointsResult> describe_endpoints(const Engine& /*engine*/,
                                                   const DescribeEndpointsRequest& /*request*/) {
  constexpr std::int64_t cache_period_minutes = 1440;
  return DescribeEndpointsResult{
      .endpoints = {{.address = "localhost:8000", .cache_period_minutes = cache_period_minutes}}};
}

}  // namespace dynakeep::engine
