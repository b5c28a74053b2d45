#include <string>

#include "services/dismissals/dismissals_service.h"

// The limiter of requests, 4.12 of the specification.
namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;

class DismissalLimits : public DismissalsOverHttp {
 protected:
  void limit(DismissalRateLimits limits) {
    limits.points = 3;
    serve({.rate_limits = std::move(limits)});
  }
  // How many of five requests pass.
  int passing(const DismissalHeaders& headers) {
    int passed = 0;
    for (int i = 0; i < 5; ++i) passed += get(x, headers).status == 200 ? 1 : 0;
    return passed;
  }
  static DismissalHeaders from(const std::string& address) {
    return {{"X-Forwarded-For", address}};
  }

  const std::string x = "/v1/users/u/items/x";
};

TEST_F(DismissalLimits, TheFourthOfThreeIsRefusedForItsTime) {
  limit({});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get(x, from("10.0.0.1, 10.9.9.9")).status, 200);
  const HttpAnswer refused = get(x, from(" 10.0.0.1"));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, shape_b("Rate limit exceeded. Please try again later.", 429));
  EXPECT_EQ(refused.header("retry-after"), "60");
  EXPECT_EQ(get(x, from("10.0.0.2")).status, 200) << "another address";
  tick(59'001ms);
  EXPECT_EQ(get(x, from("10.0.0.1")).header("retry-after"), "1") << "rounded up";
  tick(999ms);
  EXPECT_EQ(get(x, from("10.0.0.1")).status, 200);
}

TEST_F(DismissalLimits, WithoutHeadersTheConnectionsAddressCounts) {
  limit({});
  EXPECT_EQ(passing({}), 3);
  EXPECT_EQ(passing(from("127.0.0.1")), 0) << "it is the same";
  limit({});
  EXPECT_EQ(passing({{"X-Real-IP", "10.0.0.3"}}), 3);
  EXPECT_EQ(passing({}), 3);
}

TEST_F(DismissalLimits, ForwardingHeadersCanBeMadeUp) {
  limit({.trust_proxy = false});
  EXPECT_EQ(passing(from("10.0.0.1")), 3);
  EXPECT_EQ(passing(from("10.0.0.2")), 0);
}

TEST_F(DismissalLimits, ABatchIsOneRequest) {
  limit({});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(batch({"a", "b", "c", "d", "e"}).status, 201);
  EXPECT_EQ(batch({"a"}).status, 429);
}

TEST_F(DismissalLimits, InModeAnyEachSourceHasABucket) {
  limit({});
  const auto with_origin = [](const std::string& address) {
    return DismissalHeaders{{"X-Forwarded-For", address}, {"Origin", "https://app"}};
  };
  EXPECT_EQ(passing(with_origin("10.0.0.1")), 3);
  EXPECT_EQ(passing(with_origin("10.0.0.2")), 0) << "the origin's is shared";
  EXPECT_EQ(passing(from("10.0.0.3")), 3);
}

TEST_F(DismissalLimits, InModeAndTheValuesTogetherHaveOne) {
  limit({.mode = DismissalLimiterMode::all});
  EXPECT_EQ(passing({{"X-Forwarded-For", "10.0.0.1"}, {"Origin", "https://app"}}), 3);
  EXPECT_EQ(passing({{"X-Forwarded-For", "10.0.0.2"}, {"Origin", "https://app"}}), 3);
}

TEST_F(DismissalLimits, InModeOrTheFirstThereIs) {
  limit({.keys = {DismissalLimiterKey::origin, DismissalLimiterKey::referrer},
         .mode = DismissalLimiterMode::first});
  EXPECT_EQ(passing({{"Origin", "https://app"}, {"Referer", "https://app/1"}}), 3);
  EXPECT_EQ(passing({{"Origin", "https://app"}, {"Referer", "https://app/2"}}), 0);
  EXPECT_EQ(passing({{"Referer", "https://app/2"}}), 3);
  EXPECT_EQ(passing({}), 3) << "who has none shares one";
  EXPECT_EQ(passing({}), 0);
}

TEST_F(DismissalLimits, SomeAreNotLimited) {
  limit({.ignored = {" Friend.Example ", "10.0.0.9"}});
  EXPECT_EQ(passing({{"Origin", "https://FRIEND.example:8443"}}), 5);
  EXPECT_EQ(passing({{"Referer", "http://friend.example/page?x"}}), 5);
  EXPECT_EQ(passing(from("10.0.0.9")), 5);
  EXPECT_EQ(passing({{"Origin", "https://friend.example.evil"}}), 3);
}

TEST_F(DismissalLimits, WhatIsWrongAnywayIsToldAndHealthIsFree) {
  limit({});
  passing({});
  EXPECT_EQ(get("/v1/users/u/items/a.b").status, 400);
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/nope").status, 404);
  EXPECT_EQ(get("/v1/users/u/items").status, 429) << "our routes are not free";
}

}  // namespace
}  // namespace dynakeep::contract
