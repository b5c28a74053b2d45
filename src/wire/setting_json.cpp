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
DYNAKEEP_WIRE_MESSAGE(DescribeLimitsRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeLimitsResult);
DYNAKEEP_WIRE_MESSAGE(DescribeEndpointsRequest);
DYNAKEEP_WIRE_MESSAGE(DescribeEndpointsResult);

}  // namespace dynakeep::wire
