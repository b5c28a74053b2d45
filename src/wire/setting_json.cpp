// The messages of dynakeep/setting_requests.h.

#include "dynakeep/setting_requests.h"
#include "wire/message_json_of.h"
#include "wire/table_shapes.h"

namespace dynakeep::wire {

template <>
struct Shape<TagResourceRequest> {
  static constexpr std::string_view name = "TagResourceInput";
  static void members(auto& each, auto& x) {
    each("ResourceArn", x.resource_arn);
    each("Tags", x.tags);
  }
};

// DynamoDB answers these two with an empty body.
template <>
struct Shape<TagResourceResult> {
  static constexpr std::string_view name = "TagResourceOutput";
  static constexpr bool has_no_body = true;
  static void members(auto&, auto&) {}
};

template <>
struct Shape<UntagResourceRequest> {
  static constexpr std::string_view name = "UntagResourceInput";
  static void members(auto& each, auto& x) {
    each("ResourceArn", x.resource_arn);
    each("TagKeys", x.tag_keys);
  }
};

template <>
struct Shape<UntagResourceResult> {
  static constexpr std::string_view name = "UntagResourceOutput";
  static constexpr bool has_no_body = true;
  static void members(auto&, auto&) {}
};

template <>
struct Shape<ListTagsOfResourceRequest> {
  static constexpr std::string_view name = "ListTagsOfResourceInput";
  static void members(auto& each, auto& x) {
    each("ResourceArn", x.resource_arn);
    each("NextToken", x.next_token);
  }
};

template <>
struct Shape<ListTagsOfResourceResult> {
  static constexpr std::string_view name = "ListTagsOfResourceOutput";
  static void members(auto& each, auto& x) {
    each("Tags", x.tags);
    each("NextToken", x.next_token);
  }
};

template <>
struct Words<TimeToLiveStatus> {
  static constexpr auto all = std::to_array<std::pair<std::string_view, TimeToLiveStatus>>({
      {"ENABLING", TimeToLiveStatus::enabling},
      {"DISABLING", TimeToLiveStatus::disabling},
      {"ENABLED", TimeToLiveStatus::enabled},
      {"DISABLED", TimeToLiveStatus::disabled},
  });
};

template <>
struct Shape<TimeToLiveSpecification> {
  static constexpr std::string_view name = "TimeToLiveSpecification";
  static void members(auto& each, auto& x) {
    each("Enabled", x.enabled);
    each("AttributeName", x.attribute_name);
  }
};

template <>
struct Shape<UpdateTimeToLiveRequest> {
  static constexpr std::string_view name = "UpdateTimeToLiveInput";
  static void members(auto& each, auto& x) {
    each("TableName", x.table_name);
    each("TimeToLiveSpecification", x.time_to_live_specification);
  }
};

template <>
struct Shape<UpdateTimeToLiveResult> {
  static constexpr std::string_view name = "UpdateTimeToLiveOutput";
  static void members(auto& each, auto& x) {
    each("TimeToLiveSpecification", x.time_to_live_specification);
  }
};

template <>
struct Shape<TimeToLiveDescription> {
  static constexpr std::string_view name = "TimeToLiveDescription";
  static void members(auto& each, auto& x) {
    each("TimeToLiveStatus", x.time_to_live_status);
    each("AttributeName", x.attribute_name);
  }
};

template <>
struct Shape<DescribeTimeToLiveRequest> {
  static constexpr std::string_view name = "DescribeTimeToLiveInput";
  static void members(auto& each, auto& x) { each("TableName", x.table_name); }
};

template <>
struct Shape<DescribeTimeToLiveResult> {
  static constexpr std::string_view name = "DescribeTimeToLiveOutput";
  static void members(auto& each, auto& x) {
    each("TimeToLiveDescription", x.time_to_live_description);
  }
};

template <>
struct Shape<DescribeLimitsRequest> {
  static constexpr std::string_view name = "DescribeLimitsInput";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<DescribeLimitsResult> {
  static constexpr std::string_view name = "DescribeLimitsOutput";
  static void members(auto& each, auto& x) {
    each("AccountMaxReadCapacityUnits", x.account_max_read_capacity_units);
    each("AccountMaxWriteCapacityUnits", x.account_max_write_capacity_units);
    each("TableMaxReadCapacityUnits", x.table_max_read_capacity_units);
    each("TableMaxWriteCapacityUnits", x.table_max_write_capacity_units);
  }
};

template <>
struct Shape<Endpoint> {
  static constexpr std::string_view name = "Endpoint";
  static void members(auto& each, auto& x) {
    each("Address", x.address);
    each("CachePeriodInMinutes", x.cache_period_minutes);
  }
};

template <>
struct Shape<DescribeEndpointsRequest> {
  static constexpr std::string_view name = "DescribeEndpointsRequest";
  static void members(auto&, auto&) {}
};

template <>
struct Shape<DescribeEndpointsResult> {
  static constexpr std::string_view name = "DescribeEndpointsResponse";
  static void members(auto& each, auto& x) { each("Endpoints", x.endpoints); }
};

DYNAKEEP_WIRE_MESSAGE(TagResourceRequest);
DYNAKEEP_WIRE_MESSAGE(TagResourceResult);
DYNAKEEP_WIRE_MESSAGE(UntagResourceRequest);
DYNAKEEP_WIRE_MESSAGE(UntagResourceResult);
DYNAKEEP_WIRE_MESSAGE(ListTagsOfResourceRequest);
DYNAKEEP_WIRE_MESSAGE(ListTagsOfResourceResult);
DYNAKEEP_WIRE_MESSAGE(UpdateTimeToLiveRequest);
DYNAKEEP_WIRE_MESSAGE(UpdateTimeToLiveResult);
DYNAKEEP_WIRE_MESSAGE(DescribeTimeToLiveRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeTimeToLiveResult);
DYNAKEEP_WIRE_MESSAGE(DescribeLimitsRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeLimitsResult);
DYNAKEEP_WIRE_MESSAGE(DescribeEndpointsRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeEndpointsResult);

}  // namespace dynakeep::wire
