#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynakeep/table.h"

namespace dynakeep {

struct TagResourceRequest {
  std::optional<std::string> resource_arn = {};
  std::optional<std::vector<Tag>> tags = {};
};
struct TagResourceResult {};

struct UntagResourceRequest {
  std::optional<std::string> resource_arn = {};
  std::optional<std::vector<std::string>> tag_keys = {};
};
struct UntagResourceResult {};

struct ListTagsOfResourceRequest {
  std::optional<std::string> resource_arn = {};
  std::optional<std::string> next_token = {};
};
struct ListTagsOfResourceResult {
  std::vector<Tag> tags = {};
  std::optional<std::string> next_token = {};
};

struct TimeToLiveSpecification {
  std::optional<bool> enabled = {};
  std::optional<std::string> attribute_name = {};  // a Number: seconds since 1970
};
struct UpdateTimeToLiveRequest {
  std::optional<std::string> table_name = {};
  std::optional<TimeToLiveSpecification> time_to_live_specification = {};
};
struct UpdateTimeToLiveResult {
  TimeToLiveSpecification time_to_live_specification = {};
};

enum class TimeToLiveStatus : std::uint8_t { enabling, disabling, enabled, disabled };
struct TimeToLiveDescription {
  std::optional<TimeToLiveStatus> time_to_live_status = {};
  std::optional<std::string> attribute_name = {};
};
struct DescribeTimeToLiveRequest {
  std::optional<std::string> table_name = {};
};
struct DescribeTimeToLiveResult {
  TimeToLiveDescription time_to_live_description = {};
};

struct DescribeLimitsRequest {};
struct DescribeLimitsResult {
  std::int64_t account_max_read_capacity_units = 0;
  std::int64_t account_max_write_capacity_units = 0;
  std::int64_t table_max_read_capacity_units = 0;
  std::int64_t table_max_write_capacity_units = 0;
};

struct Endpoint {
  std::string address = {};
  std::int64_t cache_period_minutes = 0;
};
struct DescribeEndpointsRequest {};
struct DescribeEndpointsResult {
  std::vector<Endpoint> endpoints = {};
};

}  // namespace dynakeep
