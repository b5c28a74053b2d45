#include "remote/signing_credentials.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::remote {
namespace {

using namespace std::chrono_literals;

// Good for twenty minutes from when they are asked for, unless it is broken.
class TwentyMinutes final : public CredentialsProvider {
 public:
  explicit TwentyMinutes(const Clock& clock) : clock_(clock) {}

  Result<Credentials> credentials() override {
    const int number = ++asked;
    if (broken) return Error(ErrorCode::unavailable, "the source is away");
    return Credentials{.access_key_id = std::to_string(number),
                       .secret_access_key = "s",
                       .expires_at = clock_.now() + 20min};
  }

  std::atomic<int> asked = 0;
  std::atomic<bool> broken = false;

 private:
  const Clock& clock_;
};

struct Fixture {
  ManualClock clock;
  std::shared_ptr<TwentyMinutes> provider = std::make_shared<TwentyMinutes>(clock);
  SigningCredentials credentials{provider, clock};

  std::string key() {
    auto got = credentials.get();
    return got ? (*got)->access_key_id : "none";
  }
};

TEST(SigningCredentials, AreKeptUntilShortlyBeforeTheirEnd) {
  Fixture fixture;
  EXPECT_EQ(fixture.key(), "1");
  fixture.clock.advance(4min);
  EXPECT_EQ(fixture.key(), "1");
  fixture.clock.advance(1min);
  EXPECT_EQ(fixture.key(), "2");
  EXPECT_EQ(fixture.provider->asked, 2);
}

TEST(SigningCredentials, GoOnBeingUsedWhileTheirSourceIsAwayUntilTheirEnd) {
  Fixture fixture;
  EXPECT_EQ(fixture.key(), "1");
  fixture.provider->broken = true;
  fixture.clock.advance(19min);
  EXPECT_EQ(fixture.key(), "1");
  fixture.clock.advance(1min);
  EXPECT_EQ(fixture.key(), "none");
  fixture.provider->broken = false;
  EXPECT_EQ(fixture.key(), "4");
}

TEST(SigningCredentials, AreAskedForOnceByAllThreadsThatWait) {
  Fixture fixture;
  constexpr int threads_count = 8;
  std::latch start(threads_count);
  std::vector<std::jthread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      EXPECT_EQ(fixture.key(), "1");
    });
  }
  threads.clear();
  EXPECT_EQ(fixture.provider->asked, 1);
}

TEST(SigningCredentials, ThatAnotherThreadHasRenewedAreNotRenewedAgain) {
  Fixture fixture;
  const auto refused = fixture.credentials.get().value();
  EXPECT_TRUE(fixture.credentials.renew(refused).value());
  EXPECT_TRUE(fixture.credentials.renew(refused).value());
  EXPECT_EQ(fixture.key(), "2");
  EXPECT_EQ(fixture.provider->asked, 2);
}

}  // namespace
}  // namespace dynakeep::remote
