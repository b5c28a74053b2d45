#include "dynakeep/open.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep {
namespace {

using testing::HasSubstr;
using testing::Not;

// Remote bodies whatever this machine's environment says, and without asking anyone.
OpenOptions quiet() {
  return {
      .remote = {.credentials = fixed_credentials({.access_key_id = "a", .secret_access_key = "b"}),
                 .attempts_max = 1,
                 .proxy = "none",
                 .ask_capabilities = false}};
}

std::string refusal_of(std::string_view connection_string) {
  const auto opened = open(connection_string, quiet());
  if (opened) return "opened";
  EXPECT_EQ(opened.error().code(), ErrorCode::invalid_argument) << connection_string;
  EXPECT_EQ(opened.error().message().find('\n'), std::string::npos);
  return opened.error().message();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = std::filesystem::temp_directory_path() / "dynakeep-open-XXXXXX";
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Open, KeepsAnEmbeddedDatabaseInItsFolder) {
  const TemporaryFolder folder;
  const std::string connection_string = "embedded:" + folder.path() + "/user@data";
  {
    const auto database = open(connection_string);
    ASSERT_TRUE(database) << database.error();
    ASSERT_TRUE((*database)->create_table(
        {.table_name = "Songs",
         .attribute_definitions = std::vector<AttributeDefinition>{{"artist", ScalarType::string}},
         .key_schema = KeySchema{{"artist", KeyType::hash}},
         .billing_mode = BillingMode::pay_per_request}));
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() + "/user@data"));
  const auto again = open(connection_string);
  ASSERT_TRUE(again) << again.error();
  EXPECT_TRUE((*again)->describe_table({.table_name = "Songs"}));
}

TEST(Open, KeepsAMemoryDatabaseNowhere) {
  const auto database = open("memory:", {.embedded = {.path = "/not/looked/at"}});
  ASSERT_TRUE(database) << database.error();
  EXPECT_EQ((*database)->capabilities().engine, "Dynakeep");
}

TEST(Open, NamesRemoteDatabasesByAddressAndRegion) {
  for (const std::string_view text :
       {"http://127.0.0.1:1", "https://example.com", "http://[::1]:8000", "dynamodb://eu-west-1"}) {
    const auto database = open(text, quiet());
    EXPECT_TRUE(database) << text << ": " << database.error();
  }
  EXPECT_EQ(open("dynamodb://eu-west-1", quiet()).value()->capabilities().engine,
            "Amazon DynamoDB");
}

TEST(Open, RefusesWhatIsNoConnectionString) {
  for (const std::string_view text : {"", "data", "./data", "ftp://host", "localhost:8000",
                                      "EMBEDDED:x", "dynamodb:eu-west-1", "memory"}) {
    EXPECT_THAT(refusal_of(text), HasSubstr("they are embedded:PATH, memory:")) << text;
  }
  EXPECT_EQ(refusal_of("embedded:"), "'embedded:': no folder is named after embedded:");
  EXPECT_EQ(refusal_of("memory:x"), "'memory:x': nothing comes after memory:");
  EXPECT_THAT(refusal_of("dynamodb://mars"), HasSubstr("mars"));
  EXPECT_THAT(refusal_of("dynamodb://eu-west-1/table"), HasSubstr("eu-west-1/table"));
  EXPECT_THAT(refusal_of("http://host:8000/path"), HasSubstr("no path"));
  EXPECT_THAT(refusal_of("http://"), HasSubstr("no name and no address"));
}

TEST(Open, RepeatsNoPassword) {
  for (const std::string_view text :
       {"http://user:secret@host", "https://user:secret@host:1", "dynamodb://user:secret@eu-west-1",
        "user:secret@host", "redis://user:secret@host"}) {
    EXPECT_THAT(refusal_of(text), Not(HasSubstr("secret"))) << text;
  }
  EXPECT_THAT(refusal_of("dynamodb://user:secret@eu-west-1"), HasSubstr("environment"));
}

TEST(Open, SaysWhyAFolderOrAServerCannotBeUsed) {
  EXPECT_EQ(open("embedded:/proc/none").error().code(), ErrorCode::invalid_argument);
  OpenOptions asking = quiet();
  asking.remote.ask_capabilities = true;
  const auto nobody = open("http://127.0.0.1:1", asking);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code(), ErrorCode::unavailable);
  EXPECT_THAT(nobody.error().message(), HasSubstr("http://127.0.0.1:1"));
}

}  // namespace
}  // namespace dynakeep
