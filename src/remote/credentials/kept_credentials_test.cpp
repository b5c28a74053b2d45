#include "remote/credentials/kept_credentials.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/log.h"

namespace dynakeep::remote {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A source that numbers what it gives, and kept credentials on top of it.
struct Kept {
  ManualClock clock;
  std::atomic<int> fetches = 0;
  std::optional<std::chrono::seconds> lifetime = 1h;
  std::optional<Error> error = {};
  std::function<void()> during = [] {};

  KeptCredentials provider{[this] { return fetch(); }, clock};

  Result<Finding> fetch() {
    const int number = ++fetches;
    during();
    if (error) return *error;
    Credentials out{.access_key_id = "AK" + std::to_string(number),
                    .secret_access_key = "SECRET",
                    .session_token = "TOKEN"};
    if (lifetime) out.expires_at = clock.now() + *lifetime;
    return Finding{.credentials = std::move(out), .words = "the test"};
  }

  // The key, or the error.
  std::string key() {
    const auto found = provider.credentials();
    return found ? found->access_key_id : found.error().message();
  }
};

TEST(KeptCredentials, AreFetchedWhenFirstAskedForAndThenKept) {
  Kept kept;
  EXPECT_EQ(kept.fetches, 0);
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(44min);
  EXPECT_EQ(kept.key(), "AK1");
}

TEST(KeptCredentials, AreFetchedAgainAQuarterOfAnHourBeforeTheyExpire) {
  Kept kept;
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(45min);
  EXPECT_EQ(kept.key(), "AK2");
  kept.lifetime = 6h;
  kept.clock.advance(45min);
  EXPECT_EQ(kept.key(), "AK3");
  kept.clock.advance(6h - 15min - 1s);
  EXPECT_EQ(kept.key(), "AK3");
  kept.clock.advance(1s);
  EXPECT_EQ(kept.key(), "AK4");
}

TEST(KeptCredentials, OfAShortLifeAreFetchedAgainInItsLastQuarter) {
  Kept kept;
  kept.lifetime = 8min;
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(5min + 59s);
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(1s);
  EXPECT_EQ(kept.key(), "AK2");
}

TEST(KeptCredentials, ThatDoNotExpireAreFetchedOnce) {
  Kept kept;
  kept.lifetime.reset();
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(10'000h);
  EXPECT_EQ(kept.key(), "AK1");
}

TEST(KeptCredentials, GoOnBeingUsedWhileARefreshFailsWhichIsTriedWithGrowingPauses) {
  Kept kept;
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(45min);
  kept.error = Error(ErrorCode::unavailable, "down");
  std::vector<int> seconds;  // after which there was a fetch
  for (int second = 0; second < 130; ++second) {
    const int before = kept.fetches;
    EXPECT_EQ(kept.key(), "AK1");
    if (kept.fetches != before) seconds.push_back(second);
    kept.clock.advance(1s);
  }
  EXPECT_THAT(seconds, ElementsAre(0, 1, 3, 7, 15, 31, 63, 123));
  kept.error.reset();
  kept.clock.advance(1min);
  EXPECT_THAT(kept.key(), testing::StartsWith("AK1"));  // AK10: the next that came
  EXPECT_NE(kept.key(), "AK1");
}

TEST(KeptCredentials, ThatHaveExpiredAreNotUsed) {
  Kept kept;
  EXPECT_EQ(kept.key(), "AK1");
  kept.error = Error(ErrorCode::unavailable, "down");
  kept.clock.advance(1h);
  EXPECT_EQ(kept.key(), "down");
  kept.clock.advance(1s);
  kept.error.reset();
  EXPECT_EQ(kept.key(), "AK3");
}

TEST(KeptCredentials, RememberAFailureForASecond) {
  Kept kept;
  kept.error = Error(ErrorCode::access_denied, "no");
  EXPECT_EQ(kept.key(), "no");
  EXPECT_EQ(kept.key(), "no");
  EXPECT_EQ(kept.fetches, 1);
  kept.clock.advance(1s);
  EXPECT_EQ(kept.key(), "no");
  EXPECT_EQ(kept.fetches, 2);
  // Not for longer if the clock is set back.
  kept.clock.advance(-24h);
  EXPECT_EQ(kept.key(), "no");
  EXPECT_EQ(kept.fetches, 3);
}

TEST(KeptCredentials, TakeNothingForAnError) {
  ManualClock clock;
  KeptCredentials provider([] { return Finding{.words = "nowhere to look"}; }, clock);
  const auto found = provider.credentials();
  EXPECT_EQ(found.error().code(), ErrorCode::access_denied);
  EXPECT_EQ(found.error().message(), "No credentials found: nowhere to look");
}

TEST(KeptCredentials, ThatExpireWhileTheyAreFetchedAreAnError) {
  Kept kept;
  kept.lifetime = 1min;
  KeptCredentials provider(
      [&kept] {
        auto found = kept.fetch();
        kept.clock.advance(2min);
        return found;
      },
      kept.clock);
  EXPECT_THAT(provider.credentials().error().message(), HasSubstr("expired while they were"));
}

TEST(KeptCredentials, AreFetchedOnceForAllThreadsThatAskAtOnce) {
  Kept kept;
  std::counting_semaphore<16> asking(0);
  kept.during = [&asking] {
    // All others are at least on their way.
    for (int i = 0; i < 15; ++i) asking.acquire();
  };
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&kept, &asking, &right] {
      asking.release();
      if (kept.key() == "AK1") ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16);
  EXPECT_EQ(kept.fetches, 1);
}

TEST(KeptCredentials, ShareTheFailureAmongThoseWhoWaitedForIt) {
  Kept kept;
  kept.error = Error(ErrorCode::unavailable, "down");
  std::counting_semaphore<16> asking(0);
  kept.during = [&asking] {
    for (int i = 0; i < 15; ++i) asking.acquire();
  };
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&kept, &asking, &right] {
      asking.release();
      if (kept.key() == "down") ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 16);
  EXPECT_EQ(kept.fetches, 1);
}

TEST(KeptCredentials, HoldUpOneThreadOnlyWhileTheyAreGoodForLong) {
  Kept kept;
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(46min);
  std::binary_semaphore began(0);
  std::binary_semaphore may_end(0);
  kept.during = [&] {
    began.release();
    may_end.acquire();
  };
  std::thread first([&kept] { EXPECT_EQ(kept.key(), "AK2"); });
  began.acquire();
  EXPECT_EQ(kept.key(), "AK1");  // though the fetch goes on

  // Soon they will not do any more: now all wait for what comes.
  kept.clock.advance(5min);
  std::atomic<bool> answered = false;
  std::thread second([&kept, &answered] {
    EXPECT_EQ(kept.key(), "AK2");
    answered = true;
  });
  std::this_thread::yield();
  EXPECT_FALSE(answered);
  may_end.release();
  first.join();
  second.join();
  EXPECT_EQ(kept.fetches, 2);
}

TEST(KeptCredentials, AreFetchedAnewWhenTheServiceRefusesThemButNotForEver) {
  Kept kept;
  kept.lifetime.reset();
  const auto first = kept.provider.credentials().value();
  kept.provider.refused(first);
  EXPECT_EQ(kept.key(), "AK1");  // they are new: another try would bring the same
  kept.clock.advance(10s);
  kept.provider.refused({.access_key_id = "AK0", .secret_access_key = "x"});
  EXPECT_EQ(kept.key(), "AK1");  // not ours
  kept.provider.refused(first);
  EXPECT_EQ(kept.key(), "AK2");
  kept.provider.refused(first);
  EXPECT_EQ(kept.key(), "AK2");  // another thread's news, late

  kept.clock.advance(10s);
  kept.error = Error(ErrorCode::unavailable, "down");
  kept.provider.refused(kept.provider.credentials().value());
  EXPECT_EQ(kept.key(), "AK2");  // better than none
  EXPECT_EQ(kept.fetches, 3);
}

TEST(KeptCredentials, AreLoggedWithoutTheirSecrets) {
  std::mutex mutex;
  std::string log;
  set_log_sink(
      [&](const LogLine& line) {
        const std::lock_guard lock(mutex);
        log.append(line.message);
        for (const auto& field : line.fields) {
          log.append(" ").append(field.name).append("=").append(field.value);
        }
        log.append("\n");
      },
      LogLevel::debug);
  Kept kept;
  EXPECT_EQ(kept.key(), "AK1");
  kept.clock.advance(50min);
  kept.error = Error(ErrorCode::unavailable, "down");
  EXPECT_EQ(kept.key(), "AK1");
  set_log_sink({});
  EXPECT_EQ(log,
            "credentials fetched source=the test access_key_id=AK1 "
            "expire_at=2023-11-14T23:13:20Z\n"
            "credentials not refreshed error=down good_until=2023-11-14T23:13:20Z\n");
}

}  // namespace
}  // namespace dynakeep::remote
