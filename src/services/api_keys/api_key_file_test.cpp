#include "dynakeep/services/api_key_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/json_document.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

constexpr Time start = std::chrono::sys_days(std::chrono::January / 1 / 2030);

class ApiKeyFiles : public testing::Test {
 protected:
  ApiKeyFiles() {
    std::string folder = (std::filesystem::temp_directory_path() / "key_file.XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    path_ = (folder_ / "api-keys.json").string();
  }
  ~ApiKeyFiles() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& text) const { std::ofstream(path_, std::ios::trunc) << text; }
  std::string text() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  ApiKeyFile file() const { return ApiKeyFile(path_, clock_); }

  NewApiKey add(const ApiKey& scope) const {
    auto added = file().add(scope);
    EXPECT_TRUE(added) << added.error();
    return added ? *added : NewApiKey();
  }
  std::vector<ApiKey> listed() const {
    auto keys = file().list();
    EXPECT_TRUE(keys) << keys.error();
    return keys ? *keys : std::vector<ApiKey>();
  }
  // Whose the key is for a server that starts now.
  std::string application_of(const std::string& key) const {
    const auto keys = ApiKeys::load(path_, {.clock = &clock_});
    EXPECT_TRUE(keys) << keys.error();
    const auto found = keys ? (*keys)->find(key) : nullptr;
    return found ? found->application : "nobody";
  }

  ManualClock clock_{start};
  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(ApiKeyFiles, ANewKeyIsGoodAndNowhereInTheFile) {
  const ApiKey scope{.application = "shop",
                     .label = "ci",
                     .permissions = {ApiPermission::read, ApiPermission::remove},
                     .users = {"user-1", "team-*"},
                     .not_before = start,
                     .not_after = start + 24h};
  const NewApiKey made = add(scope);
  EXPECT_THAT(made.key, MatchesRegex("dk_[A-Za-z0-9_-]{43}"));
  EXPECT_EQ(application_of(made.key), "shop");
  EXPECT_THAT(text(), Not(HasSubstr(made.key)));
  ASSERT_THAT(listed(), SizeIs(1));
  EXPECT_EQ(listed()[0], made.scope);
  ApiKey expected = scope;
  expected.fingerprint = made.scope.fingerprint;
  EXPECT_EQ(made.scope, expected);
  EXPECT_THAT(made.scope.fingerprint, MatchesRegex("[0-9a-f]{8}"));
}

TEST_F(ApiKeyFiles, NoTwoKeysAreAlike) {
  std::set<std::string> keys;
  for (int i = 0; i < 20; ++i) keys.insert(add({.application = "a"}).key);
  EXPECT_THAT(keys, SizeIs(20));
}

TEST_F(ApiKeyFiles, OnlyItsOwnerMayReadTheFile) {
  write("[]");
  std::filesystem::permissions(path_, std::filesystem::perms(0644));
  add({.application = "a"});
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0600));
}

TEST_F(ApiKeyFiles, NothingIsLeftBesideTheFile) {
  add({.application = "a"});
  EXPECT_FALSE(file().add({.application = ""}));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, testing::ElementsAre("api-keys.json"));
}

TEST_F(ApiKeyFiles, ALinkToTheFileStaysOne) {
  write("[]");
  const std::string link = (folder_ / "link.json").string();
  std::filesystem::create_symlink("api-keys.json", link);
  EXPECT_TRUE(ApiKeyFile(link, clock_).add({.application = "a"}));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_THAT(listed(), SizeIs(1));
}

TEST_F(ApiKeyFiles, WhatOthersKeepInTheFileStays) {
  write(R"([{"owner": {"mail": "x@y.z", "since": 1.50}, "key": "plain", "application": "a"}])");
  add({.application = "b"});
  EXPECT_THAT(
      text(),
      HasSubstr("\n    "
                R"({"owner":{"mail":"x@y.z","since":1.50},"key":"plain","application":"a"},)"
                "\n"));
  EXPECT_EQ(application_of("plain"), "a");
}

TEST_F(ApiKeyFiles, AFileThatIsBrokenIsNotTouched) {
  for (const std::string broken : {"[{", "{}", R"([{"application": "a"}])"}) {
    write(broken);
    EXPECT_FALSE(file().list());
    EXPECT_FALSE(file().add({.application = "a"}));
    EXPECT_FALSE(file().rotate("a", 1h));
    EXPECT_FALSE(file().revoke("a"));
    EXPECT_EQ(text(), broken);
  }
}

TEST_F(ApiKeyFiles, AScopeThatMakesNoSenseIsRefused) {
  const auto refusal = [&](const ApiKey& scope) {
    const auto added = file().add(scope);
    return added ? "accepted" : added.error().message();
  };
  EXPECT_EQ(refusal({}), "the key has no application");
  EXPECT_THAT(refusal({.application = "a", .users = {"User One"}}), HasSubstr("'User-One'"));
  EXPECT_THAT(refusal({.application = "a", .not_before = start, .not_after = start - 1s}),
              HasSubstr("ends before it begins"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ApiKeyFiles, ARotatedKeyGoesOnUntilTheOverlapEnds) {
  const NewApiKey old = add({.application = "shop",
                             .label = "ci",
                             .permissions = {ApiPermission::read, ApiPermission::purge},
                             .users = {"u"}});
  const auto rotated = file().rotate("ci", 24h);
  ASSERT_TRUE(rotated) << rotated.error();
  EXPECT_NE(rotated->successor.key, old.key);
  EXPECT_EQ(rotated->predecessor.not_after, start + 24h);

  ApiKey expected = old.scope;
  expected.fingerprint = rotated->successor.scope.fingerprint;
  EXPECT_EQ(rotated->successor.scope, expected);
  EXPECT_EQ(listed()[0], rotated->predecessor);
  EXPECT_EQ(listed()[1], rotated->successor.scope);
  for (const auto& key : {old.key, rotated->successor.key}) EXPECT_EQ(application_of(key), "shop");
  clock_.advance(24h + 1us);
  EXPECT_EQ(application_of(old.key), "nobody");
  EXPECT_EQ(application_of(rotated->successor.key), "shop");
}

TEST_F(ApiKeyFiles, AKeyInPlainTextIsFollowedByADigestWithAllThatOthersSaidOfIt) {
  write(R"([{"application": "a", "key": "plain", "label": "ci", "owner": "me"}])");
  const auto rotated = file().rotate("ci", 1h);
  ASSERT_TRUE(rotated) << rotated.error();
  const auto document = JsonDocument::parse(text());
  ASSERT_TRUE(document);
  const auto& records = document->elements();
  ASSERT_THAT(records, SizeIs(2));
  EXPECT_EQ(records[0].to_text(), R"({"application":"a","key":"plain","label":"ci","owner":"me",)"
                                  R"("notAfter":"2030-01-01T01:00:00.000Z"})");
  EXPECT_EQ(records[1].find("key"), nullptr);
  EXPECT_EQ(records[1].find("owner")->text(), "me");
  EXPECT_EQ(application_of("plain"), "a");
}

TEST_F(ApiKeyFiles, AnEndStaysAsItWasUnlessAnotherIsGiven) {
  add({.application = "a", .label = "ci", .not_after = start + 1h});
  auto rotated = file().rotate("ci", 24h);
  ASSERT_TRUE(rotated);
  EXPECT_EQ(rotated->predecessor.not_after, start + 1h);
  EXPECT_EQ(rotated->successor.scope.not_after, start + 1h);

  rotated = file().rotate(rotated->successor.scope.fingerprint, 30min, start + 100h);
  ASSERT_TRUE(rotated);
  EXPECT_EQ(rotated->predecessor.not_after, start + 30min);
  EXPECT_EQ(rotated->successor.scope.not_after, start + 100h);
}

TEST_F(ApiKeyFiles, WhatHasEndedOrNotBegunIsNotRotatedAsIfNothingWere) {
  add({.application = "a", .label = "ended", .not_after = start - 1h});
  add({.application = "a", .label = "later", .not_before = start + 1h});
  EXPECT_THAT(file().rotate("ended", 1h).error().message(), HasSubstr("has ended"));
  EXPECT_THAT(file().rotate("later", 1h).error().message(), HasSubstr("has not begun"));
  const auto rotated = file().rotate("ended", 1h, start + 1h);
  ASSERT_TRUE(rotated);
  EXPECT_EQ(application_of(rotated->successor.key), "a");
}

TEST_F(ApiKeyFiles, KeysOverlapByNoTimeAtLeastAndAYearAtMost) {
  add({.application = "a", .label = "ci"});
  for (const std::chrono::milliseconds overlap :
       {-1ms, std::chrono::milliseconds(366 * 24h + 1ms), std::chrono::milliseconds::max()}) {
    EXPECT_EQ(file().rotate("ci", overlap).error().message(), "keys overlap by 0 to 366 days");
  }
  const auto at_once = file().rotate("ci", 0ms);
  ASSERT_TRUE(at_once);
  EXPECT_EQ(at_once->predecessor.not_after, start);
}

TEST_F(ApiKeyFiles, ALabelMeansTheKeyThatHasNotEnded) {
  const NewApiKey first = add({.application = "a", .label = "ci"});
  const auto second = file().rotate("ci", 1h);
  ASSERT_TRUE(second);

  const auto both = file().rotate("ci", 1h);
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(both.error().message(), "several keys are called 'ci', name one by its fingerprint: " +
                                        first.scope.fingerprint +
                                        " (a, ci, until 2030-01-01T01:00:00.000Z), " +
                                        second->successor.scope.fingerprint + " (a, ci)");

  clock_.advance(2h);
  const auto third = file().rotate("ci", 1h);
  ASSERT_TRUE(third) << third.error();
  EXPECT_EQ(third->predecessor.fingerprint, second->successor.scope.fingerprint);
}

TEST_F(ApiKeyFiles, AKeyThatIsRevokedIsGone) {
  const NewApiKey made = add({.application = "a", .label = "ci"});
  add({.application = "b"});
  const auto revoked = file().revoke(made.scope.fingerprint);
  ASSERT_TRUE(revoked) << revoked.error();
  EXPECT_EQ(*revoked, made.scope);
  EXPECT_EQ(application_of(made.key), "nobody");
  EXPECT_THAT(listed(), SizeIs(1));
  EXPECT_EQ(file().revoke("ci").error().code(), ErrorCode::not_found);
}

TEST_F(ApiKeyFiles, AKeyThatIsEndedIsStillListed) {
  const NewApiKey begun = add({.application = "a", .label = "begun"});
  const NewApiKey later = add({.application = "a", .label = "later", .not_before = start + 1h});
  for (const char* label : {"begun", "later"}) {
    EXPECT_TRUE(file().revoke(label, ApiKeyFile::Revocation::end));
  }
  clock_.advance(2h);
  for (const NewApiKey& made : {begun, later}) EXPECT_EQ(application_of(made.key), "nobody");
  ASSERT_THAT(listed(), SizeIs(2));
  for (const ApiKey& scope : listed()) EXPECT_EQ(scope.not_after, start);
}

TEST_F(ApiKeyFiles, RevokingAKeyLeavesNoSecondRecordOfItInForce) {
  for (const auto how : {ApiKeyFile::Revocation::remove, ApiKeyFile::Revocation::end}) {
    write(R"([{"application": "a", "key": "twice"}, {"application": "b", "key": "twice"}])");
    const std::string fingerprint = listed()[0].fingerprint;
    EXPECT_TRUE(file().revoke(fingerprint, how));
    clock_.advance(1s);
    EXPECT_EQ(application_of("twice"), "nobody");
  }
}

TEST_F(ApiKeyFiles, AShortOrEmptyNameIsNoFingerprint) {
  const NewApiKey made = add({.application = "a"});
  for (const std::string& name : {std::string(), made.scope.fingerprint.substr(0, 7)}) {
    EXPECT_EQ(file().revoke(name).error().code(), ErrorCode::not_found) << name;
  }
}

// Each has a lock of its own, as a process has.
TEST_F(ApiKeyFiles, ManyAtOnceLoseNothing) {
  add({.application = "a", .label = "rotated"});
  constexpr int threads = 4;
  constexpr int each = 10;
  std::vector<std::thread> running;
  running.reserve(4);
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        EXPECT_TRUE(file().add({.application = std::to_string(t)}));
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  EXPECT_THAT(listed(), SizeIs(1 + threads * each));
}

}  // namespace
}  // namespace dynakeep
