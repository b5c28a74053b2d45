#include "services/jwt/signing_keys.h"

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "services/jwt/test_issuer.h"

namespace dynakeep::jwt {
namespace {

using namespace std::chrono_literals;

// A provider: what it answers may change, and it may keep its clients waiting.
class Provider final : public transport::Transport {
 public:
  Result<http::HttpResponse> send(const transport::Origin& to, const http::HttpRequest& request,
                                  transport::Deadline) override {
    EXPECT_EQ(request.headers.find("Host"), transport::host_and_port(to));
    if (request.target == "/.well-known/openid-configuration") {
      return http::HttpResponse{.status = discovery_status, .body = discovery};
    }
    EXPECT_EQ(request.target, "/keys?v=1");
    ++fetches;
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !slow; });
    if (!keys) return Error(ErrorCode::unavailable, "nobody there");
    return http::HttpResponse{.status = keys_status, .body = *keys};
  }
  void set_slow(bool is_slow) {
    const std::lock_guard lock(mutex);
    slow = is_slow;
    changed.notify_all();
  }

  int discovery_status = 200;
  std::string discovery = R"({"issuer":"x","jwks_uri":"http://keys.example:81/keys?v=1"})";
  int keys_status = 200;
  std::optional<std::string> keys = R"({"keys":[]})";
  std::atomic<int> fetches = 0;

  std::mutex mutex;
  std::condition_variable changed;
  bool slow = false;
};

class JwtSigningKeys : public testing::Test {
 protected:
  static std::string set_of(const std::vector<const TestIssuer*>& issuers) {
    std::string text;
    for (const TestIssuer* issuer : issuers) text += (text.empty() ? "" : ",") + issuer->jwk();
    return R"({"keys":[)" + text + "]}";
  }

  Result<std::unique_ptr<SigningKeys>> open() {
    return SigningKeys::open({.discovery_url = "http://id.example/.well-known/openid-configuration",
                              .kept_for = 600s,
                              .request_timeout = 5s,
                              .clock = &clock},
                             provider);
  }

  // Asks until the fetch that runs beside has ended; for a minute, after which there is none.
  static bool comes(SigningKeys& keys, const char* id, bool there = true) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (keys.find(id).has_value() != there) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  ManualClock clock;
  std::shared_ptr<Provider> provider = std::make_shared<Provider>();
  TestIssuer one = TestIssuer::elliptic("one");
  TestIssuer two = TestIssuer::elliptic("two");
};

TEST_F(JwtSigningKeys, ArePrefetchedAndThenFoundWithoutAsking) {
  provider->keys = set_of({&one, &two});
  auto keys = *open();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(keys->find("one"));
    EXPECT_TRUE(keys->find("two"));
  }
  EXPECT_EQ(provider->fetches, 1);
}

TEST_F(JwtSigningKeys, DoNotOpenWithoutAConfigurationThatNamesThem) {
  for (const char* text : {"", "{}", "[]", R"({"jwks_uri":7})", R"({"jwks_uri":"ftp://x/"})"}) {
    provider->discovery = text;
    EXPECT_FALSE(open()) << text;
  }
  provider->discovery = R"({"jwks_uri":"http://keys.example:81/keys?v=1"})";
  EXPECT_TRUE(open());
  provider->discovery_status = 404;
  EXPECT_FALSE(open());
}

TEST_F(JwtSigningKeys, MayComeLaterThanTheConfiguration) {
  provider->keys = std::nullopt;
  auto keys = *open();
  EXPECT_FALSE(keys->find("one"));
  provider->keys = set_of({&one});
  clock.advance(10s);
  EXPECT_TRUE(keys->find("one"));
}

TEST_F(JwtSigningKeys, AnUnknownIdIsAskedForOnceInTenSeconds) {
  provider->keys = set_of({&one});
  auto keys = *open();
  provider->keys = set_of({&one, &two});
  clock.advance(9s);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(keys->find("two"));
  EXPECT_EQ(provider->fetches, 1);

  clock.advance(1s);
  EXPECT_TRUE(keys->find("two")) << "a rotated key is found after one fetch";
  EXPECT_EQ(provider->fetches, 2);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(keys->find("made-up"));
  EXPECT_EQ(provider->fetches, 2);
}

TEST_F(JwtSigningKeys, AKeyThatTheProviderDropsIsDropped) {
  provider->keys = set_of({&one, &two});
  auto keys = *open();
  provider->keys = set_of({&two});
  clock.advance(10s);
  EXPECT_FALSE(keys->find("made-up"));
  EXPECT_FALSE(keys->find("one"));
  EXPECT_TRUE(keys->find("two"));
}

TEST_F(JwtSigningKeys, AreRefreshedBesideTheRequestsFromHalfOfTheirTimeOn) {
  provider->keys = set_of({&one});
  auto keys = *open();
  clock.advance(299s);
  EXPECT_TRUE(keys->find("one"));
  EXPECT_EQ(provider->fetches, 1);

  provider->keys = set_of({&two});
  provider->set_slow(true);
  clock.advance(1s);
  EXPECT_TRUE(keys->find("one")) << "nobody waits for the refresh";
  provider->set_slow(false);
  EXPECT_TRUE(comes(*keys, "one", false));
  EXPECT_TRUE(keys->find("two"));
  EXPECT_EQ(provider->fetches, 2);
}

TEST_F(JwtSigningKeys, StayWhileTheProviderIsAwayAndNoLongerThanTheirTime) {
  provider->keys = set_of({&one});
  auto keys = *open();
  provider->keys = std::nullopt;
  clock.advance(599s);
  EXPECT_TRUE(keys->find("one"));
  clock.advance(1s);
  EXPECT_FALSE(keys->find("one"));
  provider->keys = set_of({&one});
  clock.advance(10s);
  EXPECT_TRUE(keys->find("one"));
}

TEST_F(JwtSigningKeys, AnAnswerThatIsNoKeySetChangesNothing) {
  provider->keys = set_of({&one});
  auto keys = *open();
  for (const char* text : {"", "{}", R"({"keys":{}})", "nonsense"}) {
    provider->keys = text;
    clock.advance(10s);
    EXPECT_FALSE(keys->find("two"));
    EXPECT_TRUE(keys->find("one"));
  }
  provider->keys_status = 500;
  provider->keys = set_of({&two});
  clock.advance(10s);
  EXPECT_FALSE(keys->find("two"));
  EXPECT_EQ(provider->fetches, 6);
}

TEST_F(JwtSigningKeys, NobodyWaitsLongForASlowProvider) {
  auto keys = *open();
  provider->set_slow(true);
  clock.advance(10s);
  const auto before = std::chrono::steady_clock::now();
  std::vector<std::future<void>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::async(std::launch::async, [&] { EXPECT_FALSE(keys->find("one")); }));
  }
  for (auto& one_of_them : waiting) one_of_them.get();
  EXPECT_GE(std::chrono::steady_clock::now() - before, SigningKeys::patience);
  EXPECT_EQ(provider->fetches, 2) << "they wait for one fetch together";

  // Who comes later does not wait for what it has kept others waiting for. A busy machine may keep
  // one from its answer for that long, but not each of many.
  bool waits = true;
  for (int i = 0; i < 10 && waits; ++i) {
    const auto later = std::chrono::steady_clock::now();
    EXPECT_FALSE(keys->find("one"));
    waits = std::chrono::steady_clock::now() - later >= SigningKeys::patience;
  }
  EXPECT_FALSE(waits);
  provider->set_slow(false);
}

TEST(JwtKeySet, LeavesOutWhatItHasNoUseForAndRefusesWhatIsNone) {
  const TestIssuer one = TestIssuer::elliptic("one");
  const auto keys = parse_key_set(R"({"keys":[{"kty":"oct","kid":"secret","k":"AAAA"},7,)" +
                                  one.jwk() + R"(,{"kty":"RSA"}]})");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), 1U);
  EXPECT_TRUE(keys->contains("one"));
  std::string many = "{\"keys\":[7";
  for (int i = 0; i < 1000; ++i) many += ",7";
  EXPECT_FALSE(parse_key_set(many + "]}"));
}

}  // namespace
}  // namespace dynakeep::jwt
