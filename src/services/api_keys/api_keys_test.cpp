#include "dynakeep/services/api_keys.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/log.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// What was logged while it lives, a line "level message name=value …" each.
class Logged {
 public:
  Logged() {
    set_log_sink(
        [this](const LogLine& line) {
          std::string text = std::string(to_string(line.level)) + " " + std::string(line.message);
          for (const LogField& field : line.fields) {
            text += " " + std::string(field.name) + "=" + field.value;
          }
          const std::lock_guard lock(mutex_);
          lines_.push_back(std::move(text));
        },
        LogLevel::debug);
  }
  ~Logged() { set_log_sink({}); }

  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class ApiKeysOfAFile : public testing::Test {
 protected:
  ApiKeysOfAFile() {
    std::string folder = (std::filesystem::temp_directory_path() / "api_keys.XXXXXX").string();
    folder_ = ::mkdtemp(folder.data());
    path_ = (folder_ / "api-keys.json").string();
  }
  ~ApiKeysOfAFile() override { std::filesystem::remove_all(folder_); }

  // As most programs do: in place. The time it was modified is set, since two writes may share one.
  void write(const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    std::filesystem::permissions(
        path_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    modified_ += 1s;
    std::filesystem::last_write_time(path_, modified_);
  }

  std::shared_ptr<ApiKeys> load() {
    auto keys = ApiKeys::load(path_, {.clock = &clock_});
    EXPECT_TRUE(keys) << keys.error();
    return keys ? *keys : nullptr;
  }

  // What is said of a file of this text.
  std::string refusal(const std::string& text) {
    write(text);
    const auto keys = ApiKeys::load(path_, {.clock = &clock_});
    if (keys) return "accepted";
    EXPECT_EQ(keys.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(keys.error().message(), HasSubstr(path_));
    EXPECT_THAT(keys.error().message(), Not(HasSubstr("secret")));
    return keys.error().message();
  }

  ManualClock clock_;
  std::filesystem::path folder_;
  std::string path_;
  std::filesystem::file_time_type modified_ = std::filesystem::file_time_type::clock::now();
};

std::string application_of(ApiKeys& keys, std::string_view key) {
  const auto found = keys.find(key);
  return found ? found->application : "nobody";
}

// SHA-256 of "secret".
constexpr const char* digest_of_secret =
    "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

TEST_F(ApiKeysOfAFile, ReadsThatOfDynamodbMini) {
  write(R"([{"application": "test-app", "key": "my-api-key"},
            {"application": "other-app", "key": "other-key", "comment": {"since": 2019}}])");
  const auto keys = load();
  EXPECT_EQ(keys->size(), 2U);
  const auto found = keys->find("my-api-key");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (ApiKey{.application = "test-app", .fingerprint = "2e35b658"}));
  EXPECT_EQ(found->name(), "2e35b658");
  EXPECT_FALSE(found->may(ApiPermission::purge));
  EXPECT_TRUE(found->may(ApiPermission::remove));
  EXPECT_EQ(application_of(*keys, "other-key"), "other-app");
  for (const char* unknown : {"", "my-api-ke", "my-api-keyy", "My-api-key", "unknown"}) {
    EXPECT_EQ(keys->find(unknown), nullptr) << unknown;
  }
}

TEST_F(ApiKeysOfAFile, ReadsDigestsAndWhatTheirKeysMayDo) {
  write(
      std::string(R"([{"application": "shop", "keySha256": ")") + digest_of_secret +
      R"(", "label": "ci", "permissions": ["read", "delete", "purge"], "users": ["user-1", "team-*"],
            "notBefore": "2030-01-01T00:00:00Z", "notAfter": "2031-01-01T02:00:00+02:00"}])");
  clock_.set(std::chrono::sys_days(std::chrono::January / 1 / 2030));
  const auto found = load()->find("secret");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name(), "ci");
  EXPECT_EQ(found->fingerprint, "2bb80d53");
  EXPECT_EQ(found->permissions,
            (ApiPermissions{ApiPermission::read, ApiPermission::remove, ApiPermission::purge}));
  EXPECT_THAT(found->users, ElementsAre("user-1", "team-*"));
  EXPECT_EQ(found->not_after, Time{std::chrono::sys_days(std::chrono::January / 1 / 2031)});
}

TEST(ApiKey, ReachesTheUsersItNames) {
  ApiKey key;
  EXPECT_TRUE(key.may_reach("anyone"));
  key.users = {"user-1", "team-*"};
  for (const char* user : {"user-1", "team-", "team-red"}) EXPECT_TRUE(key.may_reach(user)) << user;
  for (const char* user : {"user-10", "user", "User-1", "team", "a-team-", ""}) {
    EXPECT_FALSE(key.may_reach(user)) << user;
  }
  key.users = {"*"};
  EXPECT_TRUE(key.may_reach("anyone"));
}

TEST(ApiKey, EveryPermissionHasAWord) {
  for (const ApiPermission permission : all_api_permissions) {
    EXPECT_EQ(parse_api_permission(to_string(permission)), permission);
  }
  EXPECT_EQ(parse_api_permission("delete"), ApiPermission::remove);
  EXPECT_EQ(parse_api_permission("remove"), std::nullopt);
}

TEST_F(ApiKeysOfAFile, AreGoodBetweenTheirTimesOnly) {
  write(R"([{"application": "a", "key": "k", "notBefore": "2023-11-14T22:13:21Z",
             "notAfter": "2023-11-14T22:13:22Z"}])");
  const auto keys = load();  // at 22:13:20
  EXPECT_EQ(keys->find("k"), nullptr);
  clock_.advance(1s);
  EXPECT_NE(keys->find("k"), nullptr);
  clock_.advance(1s);
  EXPECT_NE(keys->find("k"), nullptr);
  clock_.advance(1us);
  EXPECT_EQ(keys->find("k"), nullptr);
}

TEST_F(ApiKeysOfAFile, OfOneKeyTwiceTheFirstRecordCounts) {
  Logged logged;
  write(std::string(R"([{"application": "a", "key": "x"}, {"application": "b", "key": "secret"},
                        {"application": "c", "label": "late", "keySha256": ")") +
        digest_of_secret + R"("}])");
  const auto keys = load();
  EXPECT_EQ(application_of(*keys, "secret"), "b");
  EXPECT_EQ(keys->size(), 2U);
  EXPECT_THAT(logged.take(),
              ElementsAre("warning an api key is there twice: its first record counts key=late "
                          "application=c"));
}

TEST_F(ApiKeysOfAFile, RefusalsNameTheRecordAndNeverTheKey) {
  const std::string good = R"({"application": "a", "key": "secret-1"})";
  const auto with = [&](const std::string& members) {
    return refusal("[" + good + R"(, {"application": "b", "key": "secret-2", )" + members + "}]");
  };
  EXPECT_EQ(refusal("[]"), "accepted");
  EXPECT_THAT(refusal(""), HasSubstr("not JSON: "));
  EXPECT_THAT(refusal(R"([{"application": "a", "key": "secret)"), HasSubstr("not JSON: "));
  EXPECT_THAT(refusal(good), HasSubstr("is no JSON array of records"));
  EXPECT_THAT(refusal("[" + good + ", 5]"), HasSubstr("record 1 is no object"));
  EXPECT_THAT(refusal(R"([{"key": "secret"}])"), HasSubstr("record 0 has no application"));
  EXPECT_THAT(refusal(R"([{"application": "", "key": "secret"}])"),
              HasSubstr("has no application"));
  EXPECT_THAT(refusal(R"([{"application": 5, "key": "secret"}])"),
              HasSubstr("record 0 has no string as application"));
  EXPECT_THAT(refusal(R"([{"application": ")" + std::string(1001, 'a') + R"(", "key": "secret"}])"),
              HasSubstr("longer than 1000 bytes"));
  EXPECT_THAT(refusal("[" + good + R"(, {"application": "b"}])"), HasSubstr("record 1 has no key"));
  EXPECT_THAT(refusal(R"([{"application": "b", "key": ""}])"), HasSubstr("has an empty key"));
  EXPECT_THAT(refusal(R"([{"application": "b", "key": 5}])"), HasSubstr("has no string as key"));
  // That of the empty text.
  EXPECT_THAT(refusal(R"([{"application": "b", "keySha256":
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}])"),
              HasSubstr("has an empty key"));
  EXPECT_THAT(with(R"("keySha256": "5e88489")"), HasSubstr("has both a key and a keySha256"));
  for (const std::string& hex :
       {std::string("5e88489"), std::string(63, 'a'), std::string(65, 'a'),
        std::string(63, 'a') + "g", std::string(48, 'a') + "-" + std::string(15, 'a')}) {
    EXPECT_THAT(refusal(R"([{"application": "b", "keySha256": ")" + hex + R"("}])"),
                HasSubstr("record 0 has a keySha256 that is not of 64 hexadecimal digits"))
        << hex;
  }
  EXPECT_THAT(with(R"("label": ["x"])"), HasSubstr("record 1 has no string as label"));
  EXPECT_THAT(with(R"("label": "two\nlines")"), HasSubstr("of more than one line"));
  EXPECT_THAT(with(R"("permissions": "read")"),
              HasSubstr("no list with something in it as permissions"));
  EXPECT_THAT(with(R"("permissions": [])"),
              HasSubstr("no list with something in it as permissions"));
  EXPECT_THAT(with(R"("permissions": ["read", "remove"])"), HasSubstr("the permission 'remove'"));
  EXPECT_THAT(with(R"("users": [])"), HasSubstr("no list with something in it as users"));
  EXPECT_THAT(with(R"("users": [5])"), HasSubstr("has no strings as users"));
  EXPECT_THAT(with(R"("users": ["User One"])"), HasSubstr("can only be reached as 'User-One'"));
  EXPECT_THAT(with(R"("notAfter": "tomorrow")"),
              HasSubstr("has no time like 2031-01-01T00:00:00Z as notAfter"));
  EXPECT_THAT(with(R"("notAfter": "2031-01-01T00:00:00")"),
              HasSubstr("has no time like 2031-01-01T00:00:00Z as notAfter"));
  EXPECT_THAT(with(R"("notBefore": 5)"), HasSubstr("has no string as notBefore"));
  EXPECT_THAT(with(R"("notBefore": "2031-01-01T00:00:01Z", "notAfter": "2031-01-01T00:00:00Z")"),
              HasSubstr("ends before it begins"));
}

TEST_F(ApiKeysOfAFile, AFileThatIsNotThereIsRefused) {
  const auto keys = ApiKeys::load(path_, {.clock = &clock_});
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().message(),
            "API keys file '" + path_ + "' cannot be read: No such file or directory");
}

TEST_F(ApiKeysOfAFile, AFileThatOthersMayReadIsWarnedOf) {
  write("[]");
  std::filesystem::permissions(path_, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  Logged logged;
  load();
  EXPECT_THAT(logged.take(),
              ElementsAre(HasSubstr("warning the api keys can be read by other users")));
}

TEST_F(ApiKeysOfAFile, AChangeIsNoticedWithinFiveSeconds) {
  write(R"([{"application": "a", "key": "old"}])");
  const auto keys = load();
  const auto held = keys->find("old");
  write(R"([{"application": "b", "key": "new"}])");
  clock_.advance(4'999ms);
  EXPECT_EQ(application_of(*keys, "old"), "a");
  clock_.advance(1ms);
  EXPECT_EQ(application_of(*keys, "new"), "b");
  EXPECT_EQ(application_of(*keys, "old"), "nobody");
  EXPECT_EQ(held->application, "a");  // a request that has begun goes on with what it found
}

TEST_F(ApiKeysOfAFile, AFileThatWasReplacedIsAChange) {
  write(R"([{"application": "a", "key": "k"}])");
  const auto keys = load();
  std::ofstream(path_ + ".new") << R"([{"application": "b", "key": "k"}])";
  std::filesystem::last_write_time(path_ + ".new", modified_);
  std::filesystem::rename(path_ + ".new", path_);
  clock_.advance(5s);
  EXPECT_EQ(application_of(*keys, "k"), "b");
}

TEST_F(ApiKeysOfAFile, AClockThatIsSetBackPutsNoChangeOff) {
  write(R"([{"application": "a", "key": "k"}])");
  const auto keys = load();
  write("[]");
  clock_.advance(-1h);
  EXPECT_EQ(keys->find("k"), nullptr);
}

TEST_F(ApiKeysOfAFile, AFileThatHasBecomeUnusableIsLoggedOnceAndTheKeysStay) {
  write(R"([{"application": "a", "key": "secret"}])");
  const auto keys = load();
  Logged logged;
  for (const char* broken :
       {R"([{"application": "a", "key": "secret)", "{}", R"([{"key": "secret"}])"}) {
    write(broken);
    for (int i = 0; i < 3; ++i) {
      clock_.advance(5s);
      EXPECT_EQ(application_of(*keys, "secret"), "a");
    }
    const auto lines = logged.take();
    ASSERT_EQ(lines.size(), 1U) << broken;
    EXPECT_THAT(lines[0],
                HasSubstr("error the api keys stay as they were: their file is unusable"));
    EXPECT_THAT(lines[0], Not(HasSubstr("secret")));
  }
  std::filesystem::remove(path_);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(5s);
    EXPECT_EQ(application_of(*keys, "secret"), "a");
  }
  EXPECT_THAT(logged.take(), ElementsAre(HasSubstr("No such file")));

  write(R"([{"application": "b", "key": "secret"}])");
  clock_.advance(5s);
  EXPECT_EQ(application_of(*keys, "secret"), "b");
  EXPECT_THAT(logged.take(), ElementsAre("info api keys read path=" + path_ + " keys=1"));
}

TEST_F(ApiKeysOfAFile, AreReadAtOnceWhenTold) {
  write(R"([{"application": "a", "key": "k"}])");
  const auto keys = load();
  write(R"([{"application": "b", "key": "k"}])");
  EXPECT_TRUE(keys->reload());
  EXPECT_EQ(application_of(*keys, "k"), "b");
  write("broken");
  EXPECT_FALSE(keys->reload());
  EXPECT_EQ(application_of(*keys, "k"), "b");
}

TEST_F(ApiKeysOfAFile, AreFoundWhileTheyAreReadAgain) {
  write(R"([{"application": "a", "key": "k"}])");
  const auto keys = load();
  std::vector<std::thread> running;
  running.reserve(4);
  for (int t = 0; t < 3; ++t) {
    running.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        clock_.advance(1s);
        EXPECT_EQ(application_of(*keys, "k"), "a");
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    std::ofstream(path_ + ".new") << R"([{"application": "a", "key": "k"}])";
    std::filesystem::rename(path_ + ".new", path_);
    EXPECT_TRUE(keys->reload());
  }
  for (std::thread& thread : running) thread.join();
}

TEST(ApiKeysOfRecords, AreFoundAndStayAsTheyAre) {
  const auto keys = ApiKeys::of({{.key = "k", .scope = {.application = "a", .label = "one"}},
                                 {.key = "k", .scope = {.application = "b"}},
                                 {.key = "l", .scope = {.application = "b"}}});
  ASSERT_TRUE(keys);
  EXPECT_EQ(application_of(**keys, "k"), "a");
  EXPECT_EQ(application_of(**keys, "l"), "b");
  EXPECT_TRUE((*keys)->reload());
  EXPECT_EQ((*keys)->size(), 2U);
}

TEST(ApiKeysOfRecords, RefuseWhatMakesNoSense) {
  const auto refusal = [](const ApiKeyRecord& record) {
    const auto keys = ApiKeys::of({{.key = "k", .scope = {.application = "a"}}, record});
    return keys ? "accepted" : keys.error().message();
  };
  EXPECT_EQ(refusal({.key = "", .scope = {.application = "a"}}),
            "API key record 1 has an empty key");
  EXPECT_EQ(refusal({.key = "secret"}), "API key record 1 has no application");
}

TEST(ApiKeysOfRecords, EachOfAThousandIsFound) {
  std::vector<ApiKeyRecord> records;
  records.reserve(1000);
  for (int i = 0; i < 1000; ++i) {
    records.push_back(
        {.key = "key-" + std::to_string(i), .scope = {.application = std::to_string(i)}});
  }
  const auto keys = ApiKeys::of(records);
  ASSERT_TRUE(keys);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(application_of(**keys, "key-" + std::to_string(i)), std::to_string(i));
  }
  EXPECT_EQ((*keys)->find("key-1000"), nullptr);
}

}  // namespace
}  // namespace dynakeep
