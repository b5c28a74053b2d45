#include "remote/amazon_endpoint.h"

#include <gtest/gtest.h>

#include "transport/url.h"

namespace dynakeep::remote {
namespace {

constexpr AmazonEndpointKind usual{};
constexpr AmazonEndpointKind fips{.fips = true};
constexpr AmazonEndpointKind dual_stack{.dual_stack = true};
constexpr AmazonEndpointKind both{.fips = true, .dual_stack = true};

std::string url(std::string_view region, AmazonEndpointKind kind = usual,
                std::string_view service = "dynamodb") {
  const auto origin = amazon_endpoint(service, region, kind);
  return origin ? to_string(*origin) : origin.error().message();
}

TEST(AmazonEndpoint, IsNamedByServiceRegionAndPartition) {
  EXPECT_EQ(url("eu-west-1"), "https://dynamodb.eu-west-1.amazonaws.com");
  EXPECT_EQ(url("eu-west-1", usual, "sts"), "https://sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(url("cn-north-1"), "https://dynamodb.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(url("us-gov-west-1"), "https://dynamodb.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url("us-iso-east-1"), "https://dynamodb.us-iso-east-1.c2s.ic.gov");
  EXPECT_EQ(url("us-isob-east-1"), "https://dynamodb.us-isob-east-1.sc2s.sgov.gov");
  EXPECT_EQ(url("eusc-de-east-1"), "https://dynamodb.eusc-de-east-1.amazonaws.eu");
  EXPECT_EQ(url("xx-new-9"), "https://dynamodb.xx-new-9.amazonaws.com");
}

TEST(AmazonEndpoint, ComesInFourKinds) {
  EXPECT_EQ(url("us-west-2", fips), "https://dynamodb-fips.us-west-2.amazonaws.com");
  EXPECT_EQ(url("us-west-2", dual_stack), "https://dynamodb.us-west-2.api.aws");
  EXPECT_EQ(url("us-west-2", both), "https://dynamodb-fips.us-west-2.api.aws");
  EXPECT_EQ(url("cn-north-1", dual_stack),
            "https://dynamodb.cn-north-1.api.amazonwebservices.com.cn");
  EXPECT_EQ(url("us-gov-west-1", fips), "https://dynamodb.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url("us-gov-west-1", fips, "sts"), "https://sts.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url("us-gov-west-1", both), "https://dynamodb-fips.us-gov-west-1.api.aws");
  EXPECT_EQ(url("us-iso-east-1", dual_stack), "Region 'us-iso-east-1' has no dual-stack endpoints");
}

// As botocore's rules for dynamodbstreams have it.
TEST(AmazonEndpoint, OfStreamsIsBesideThatOfTables) {
  const auto streams_of = [](const char* host) {
    return amazon_streams_endpoint({.secure = true, .host = host, .port = 443}).host;
  };
  EXPECT_EQ(streams_of("dynamodb.us-east-1.amazonaws.com"),
            "streams.dynamodb.us-east-1.amazonaws.com");
  EXPECT_EQ(streams_of("dynamodb.cn-north-1.amazonaws.com.cn"),
            "streams.dynamodb.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(streams_of("dynamodb-fips.us-east-1.api.aws"),
            "streams.dynamodb-fips.us-east-1.api.aws");
  EXPECT_EQ(streams_of("vpce-1.dynamodb.us-east-1.vpce.amazonaws.com"),
            "vpce-1.dynamodb.us-east-1.vpce.amazonaws.com");
}

TEST(AmazonEndpoint, IsRefusedForWhatIsNoRegion) {
  for (const std::string_view region :
       {"", "EU-WEST-1", "eu west 1", "eu-west-1.evil.example", "-a", "a-", "eu_west_1", "a/b"}) {
    EXPECT_NE(url(region).find("is no region's name"), std::string::npos) << region;
  }
  EXPECT_NE(url(std::string(64, 'a')).find("is no region's name"), std::string::npos);
}

TEST(AmazonEndpoint, TellsItsRegion) {
  for (const std::string_view region :
       {"us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"}) {
    for (const AmazonEndpointKind kind : {usual, fips, dual_stack, both}) {
      const auto origin = amazon_endpoint("dynamodb", region, kind);
      if (!origin) continue;  // a kind that the partition does not have
      EXPECT_EQ(region_of_amazon_host(origin->host), region) << origin->host;
    }
  }
  EXPECT_EQ(region_of_amazon_host("DynamoDB.EU-West-1.amazonaws.com"), "eu-west-1");
  EXPECT_EQ(region_of_amazon_host("123456789012.ddb.us-east-1.amazonaws.com"), "us-east-1");
  EXPECT_EQ(region_of_amazon_host("vpce-0a-1b.dynamodb.us-east-1.vpce.amazonaws.com"), "us-east-1");
}

TEST(AmazonEndpoint, IsNotTakenForOneByItsLooks) {
  for (const std::string_view host :
       {"localhost", "dynamodb.us-east-1.example.com", "dynamodb.us-east-1.amazonaws.com.evil.com",
        "dynamodb.us-east-1.evilamazonaws.com", "amazonaws.com", "us-east-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com", "dynamodb.amazonaws.com", ""}) {
    EXPECT_EQ(region_of_amazon_host(host), std::nullopt) << host;
  }
}

}  // namespace
}  // namespace dynakeep::remote
