#include "transport/resolver.h"

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::transport {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

Resolver::Addresses loopback() {
  Resolver::Addresses addresses(1);
  addresses[0].v4 = {};
  addresses[0].v4.sin_family = AF_INET;
  addresses[0].v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return addresses;
}

TEST(Resolver, TakesAddressesAsTheyAre) {
  Resolver resolver([](const std::string&) -> Result<Resolver::Addresses> {
    return Error(ErrorCode::unavailable, "asked");
  });
  const auto v4 = resolver.resolve("127.0.0.1", in(0ms));
  ASSERT_TRUE(v4) << v4.error();
  EXPECT_EQ(v4->at(0).any.sa_family, AF_INET);
  EXPECT_EQ(v4->at(0).v4.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  const auto v6 = resolver.resolve("::1", in(0ms));
  ASSERT_TRUE(v6) << v6.error();
  EXPECT_EQ(v6->at(0).any.sa_family, AF_INET6);
  EXPECT_TRUE(IN6_IS_ADDR_LOOPBACK(&v6->at(0).v6.sin6_addr));
  EXPECT_EQ(resolver.resolve("127.0.0.1.example", in(10s)).error().message(), "asked");
}

TEST(Resolver, AsksTheSystem) {
  Resolver resolver;
  const auto found = resolver.resolve("localhost", in(10s));
  ASSERT_TRUE(found) << found.error();
  EXPECT_FALSE(found->empty());

  const auto missing = resolver.resolve("no-such-host.invalid", in(10s));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::unavailable);
  EXPECT_THAT(missing.error().message(), HasSubstr("no-such-host.invalid"));
}

TEST(Resolver, LeavesASlowLookupBehindAndAsksForANameOnceAtATime) {
  std::atomic<int> asked = 0;
  std::latch answer(1);
  Resolver resolver([&](const std::string&) {
    ++asked;
    answer.wait();
    return loopback();
  });
  for (int i = 0; i < 3; ++i) {
    const auto late = resolver.resolve("slow.example", in(10ms));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::timed_out);
    EXPECT_FALSE(late.error().outcome_unknown());
  }
  while (asked == 0) std::this_thread::yield();
  EXPECT_EQ(asked, 1);
  answer.count_down();
  EXPECT_TRUE(resolver.resolve("slow.example", in(10s)));
}

TEST(Resolver, MayBeGoneBeforeALookupEnds) {
  std::latch answer(1);
  // What the lookup holds goes when the thread left behind is through with it.
  const auto held = std::make_shared<int>(0);
  {
    Resolver resolver([&answer, held = held](const std::string&) {
      answer.wait();
      return loopback();
    });
    EXPECT_FALSE(resolver.resolve("slow.example", in(1ms)));
  }
  EXPECT_GT(held.use_count(), 1);
  answer.count_down();
  while (held.use_count() > 1) std::this_thread::yield();
}

}  // namespace
}  // namespace dynakeep::transport
