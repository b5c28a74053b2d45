#include "services/user_data/user_data_service.h"

#include <thread>
#include <vector>

// User data over HTTP.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::must;
using contract::text_at;
using testing::HasSubstr;

const std::string path = contract::user_path;

class UserDataService : public contract::UserDataOverHttp,
                        public testing::WithParamInterface<contract::Kind> {
 protected:
  void SetUp() override {
    open(GetParam());
    serve({.session = {.enabled = true}, .history = {.enabled = true, .size = std::nullopt}});
  }
};
ON_EVERY_SERVICE_KIND(UserDataService);

TEST_P(UserDataService, AUserWhoIsNewHasNoTag) {
  const HttpAnswer answer = get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"data":{"userId":"user-1","isNew":true,"user":{},"session":null,"history":[]}})");
  EXPECT_EQ(answer.header("etag"), "");
  EXPECT_EQ(answer.header("cache-control"), "no-store");
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
}

TEST_P(UserDataService, WhatIsPutIsRead) {
  const HttpAnswer created =
      put(R"({"user":{"name":"Ada","tags":{"$set":["a"]},"big":12345678901234567890},
              "session":{"id":"s-1","data":{"step":1},"state":[{"component":"A"}]},
              "history":[{"output":[]}]})");
  EXPECT_EQ(created.status, 201) << created.body;
  const HttpAnswer read = get();
  EXPECT_EQ(json_of(read), json_of(created));
  EXPECT_EQ(read.header("etag"), created.header("etag"));
  EXPECT_EQ(read.header("etag"), '"' + text_at(json_of(read), {"data", "updatedAt"}) + '"');
  EXPECT_EQ(text_at(json_of(read), {"data", "user"}),
            R"({"big":12345678901234567890,"name":"Ada","tags":{"$set":["a"]}})");
  EXPECT_EQ(text_at(json_of(read), {"data", "session", "state"}), R"([{"component":"A"}])");
  EXPECT_EQ(must(store_->load("user-1")).user.at("tags"), AttributeValue(StringSet{"a"}));

  // What was read may be sent back.
  const HttpAnswer again = put(text_at(json_of(read), {"data"}));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(text_at(json_of(again), {"data", "session", "data"}), R"({"step":1})");
  // What is not in it is taken away.
  const HttpAnswer less = put(R"({"user":{}})");
  EXPECT_EQ(text_at(json_of(less), {"data", "session"}), "null");
  EXPECT_EQ(text_at(json_of(less), {"data", "history"}), "[]");
  EXPECT_FALSE(must(store_->stored("user-1"))->item.contains("session"));
}

TEST_P(UserDataService, APutIsForTheStateThatItNames) {
  const std::string first = put(R"({"user":{"a":1}})", {{"If-None-Match", "*"}}).header("etag");
  expect_refusal(put(R"({"user":{}})", {{"If-None-Match", "*"}}), 412, "has data already");
  const HttpAnswer second = put(R"({"user":{"a":2}})", {{"If-Match", first}});
  EXPECT_EQ(second.status, 200);
  expect_refusal(put(R"({"user":{"a":3}})", {{"If-Match", first}}), 412, "If-Match");
  expect_refusal(put(R"({"user":{"a":3}})", {{"If-Match", "W/" + second.header("etag")}}), 412,
                 "If-Match");
  EXPECT_EQ(put(R"({"user":{"a":4}})", {{"If-Match", "\"x\", " + second.header("etag")}}).status,
            200);
  EXPECT_EQ(put(R"({"user":{"a":5}})", {{"If-Match", "*"}}).status, 200);
  expect_refusal(put("{}", {{"If-Match", "*"}}, "/v1/users/nobody/data"), 412, "If-Match");
  expect_refusal(put("{}", {{"If-None-Match", "\"x\""}}), 400, "only be *");
  expect_refusal(put("{}", {{"If-Match", "\"x"}}), 400, "entity tags");
  EXPECT_EQ(text_at(json_of(get()), {"data", "user", "a"}), "5");
}

TEST_P(UserDataService, AReaderWhoHasItIsToldSo) {
  const std::string tag = put(R"({"user":{}})").header("etag");
  const HttpAnswer known = get(path, {{"If-None-Match", tag}});
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.header("etag"), tag);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(get(path, {{"If-None-Match", "\"other\""}}).status, 200);
  const HttpAnswer head = send("HEAD", path);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("etag"), tag);
}

TEST_P(UserDataService, APatchChangesWhatItNames) {
  EXPECT_EQ(patch(R"({"user":{"a":1,"b":{"c":1,"d":1}}})").status, 201);
  const HttpAnswer answer = patch(R"({"user":{"a":null,"b":{"d":2}}})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(text_at(json_of(answer), {"data", "user"}), R"({"b":{"c":1,"d":2}})");
  EXPECT_EQ(text_at(json_of(patch(R"({"history":[{"x":1}]})")), {"data", "history"}),
            R"([{"x":1}])");
  patch(R"({"session":{"id":"s-1","data":{"a":1}}})");
  const auto session = must(store_->stored("user-1"))->item.at("session");
  const HttpAnswer other = patch(R"({"user":{"e":1}})");
  EXPECT_EQ(text_at(json_of(other), {"data", "session", "data"}), R"({"a":1})");
  EXPECT_EQ(must(store_->stored("user-1"))->item.at("session"), session);
  EXPECT_EQ(text_at(json_of(patch(R"({"session":{"data":{"b":2}}})")), {"data", "session", "data"}),
            R"({"a":1,"b":2})");
  EXPECT_EQ(text_at(json_of(patch(R"({"session":null})")), {"data", "session"}), "null");
  expect_refusal(patch("{}", {{"If-Match", "\"old\""}}), 412, "If-Match");
  expect_refusal(patch("[]"), 400, "must be an object");
}

TEST_P(UserDataService, PatchesAtOnceAllCount) {
  must(store_->ensure_table());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      support::HttpClient client("127.0.0.1", server_->port());
      for (int round = 0; round < 5; ++round) {
        const std::string body =
            R"({"user":{"t)" + std::to_string(thread) + R"(":)" + std::to_string(round) + "}}";
        while (true) {
          const auto answer = must(client.request(
              "PATCH", path, {{"Content-Type", "application/merge-patch+json"}}, body));
          if (answer.status == 200 || answer.status == 201) break;
          ASSERT_EQ(answer.status, 409) << answer.body;
          EXPECT_EQ(answer.header("retry-after"), "1");
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(text_at(json_of(get()), {"data", "user"}),
            R"({"t0":4,"t1":4,"t2":4,"t3":4,"t4":4,"t5":4,"t6":4,"t7":4})");
}

TEST_P(UserDataService, AUserIsErased) {
  expect_refusal(send("DELETE", path), 404, "no such user");
  const std::string tag = put(R"({"user":{}})").header("etag");
  expect_refusal(send("DELETE", path, {{"If-Match", "\"old\""}}), 412, "If-Match");
  expect_refusal(send("DELETE", path, {{"If-None-Match", "*"}}), 400, "no sense");
  const HttpAnswer erased = send("DELETE", path, {{"If-Match", tag}});
  EXPECT_EQ(erased.status, 204);
  EXPECT_EQ(erased.body, "");
  EXPECT_EQ(text_at(json_of(get()), {"data", "isNew"}), "true");
  expect_refusal(send("DELETE", path, {{"If-Match", "*"}}), 412, "If-Match");
}

TEST_P(UserDataService, UsersAreAnyText) {
  EXPECT_EQ(put(R"({"user":{"a":1}})", {}, "/v1/users/a%2Fb%20%F0%9F%99%82/data").status, 201);
  EXPECT_EQ(must(store_->load("a/b 🙂")).user.size(), 1u);
  const std::string longest(2048, 'x');
  EXPECT_EQ(get("/v1/users/" + longest + "/data").status, 200);
  expect_refusal(get("/v1/users/" + longest + "x/data"), 400, "at most 2048 bytes");
  expect_refusal(get("/v1/users//data"), 400, "userId is required");
  expect_refusal(get("/v1/users/%zz/data"), 400, "percent-encoded");
  expect_refusal(get("/v1/users/%FF/data"), 400, "percent-encoded");
}

TEST_P(UserDataService, OtherPathsAndMethodsAreNotThere) {
  for (const auto& [method, target] :
       std::vector<std::pair<std::string, std::string>>{{"GET", "/v1/users/u"},
                                                        {"GET", "/v1/users/u/data/"},
                                                        {"GET", "/v1/users/u/x/data"},
                                                        {"GET", "/v1/users/data"},
                                                        {"POST", path},
                                                        {"OPTIONS", path}}) {
    const HttpAnswer answer = send(method, target);
    EXPECT_EQ(answer.status, 404) << method << target;
    EXPECT_EQ(answer.body, R"({"message":"Cannot )" + method + " " + target +
                               R"(","error":"Not Found","statusCode":404})");
  }
}

TEST_P(UserDataService, BodiesThatMakeNoSenseAreRefused) {
  const auto expect_failure = [&](const HttpAnswer& answer, int status, const char* message) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(text_at(json_of(answer), {"statusCode"}), std::to_string(status));
    EXPECT_THAT(text_at(json_of(answer), {"message"}), HasSubstr(message));
  };
  expect_failure(send("PUT", path, {}, "{}"), 415, "Unsupported Media Type: undefined");
  expect_failure(send("PUT", path, {{"Content-Type", "text/plain"}}, "{}"), 415, "text/plain");
  expect_failure(send("PATCH", path, {{"Content-Type", "application/json"}}, "{}"), 415,
                 "application/json");
  expect_failure(put("{"), 400, "not valid JSON");
  expect_failure(put(""), 400, "not valid JSON");
  expect_failure(put("{}", {{"Content-Encoding", "br"}}), 415, "Content-Encoding");
  expect_failure(put(R"({"user":{"a":")" + std::string(524'288, 'x') + R"("}})"), 413, "too large");
  expect_refusal(put("[]"), 400, "must be an object");
  expect_refusal(put(R"({"user":[]})"), 400, "user must be an object");
  expect_refusal(put(R"({"users":{}})"), 400, "users is not kept here");
  expect_refusal(put(R"({"session":1})"), 400, "session must be an object or null");
  expect_refusal(put(R"({"session":{"id":1}})"), 400, "session.id");
  expect_refusal(put(R"({"history":[1]})"), 400, "an entry of history");
  expect_refusal(put(R"({"user":{"a":{"$set":[]}}})"), 400, "$set");
  expect_refusal(put(R"({"user":{"":1}})"), 400, "must have a name");
  expect_refusal(put(R"({"user":{"a":1e200}})"), 400, "");
  expect_refusal(put(R"({"user":{"a":")" + std::string(400'000, 'x') + R"("}})"), 413,
                 "The item takes");
  EXPECT_FALSE(must(store_->stored("user-1")));
}

TEST_P(UserDataService, WhatIsOffIsNeitherSeenNorTaken) {
  serve({});
  EXPECT_EQ(get().body, R"({"data":{"userId":"user-1","isNew":true,"user":{}}})");
  expect_refusal(put(R"({"session":{}})"), 400, "session is not kept here");
  EXPECT_EQ(put(R"({"user":{"a":1},"session":null})").status, 201);
}

TEST_P(UserDataService, KeysSayWhoMayDoWhat) {
  serve({}, {.keys = must(ApiKeys::of(
                 {{.key = "all", .scope = {.application = "app"}},
                  {.key = "reader",
                   .scope = {.application = "app", .permissions = {ApiPermission::read}}},
                  {.key = "of-one", .scope = {.application = "app", .users = {"user-1", "t-*"}}}})),
             .prefix = "/app"});
  const std::string target = "/app" + path;
  EXPECT_EQ(get().status, 404);
  expect_refusal(get(target), 401, "API key");
  expect_refusal(get(target, {{"x-api-key", "wrong"}}), 401, "API key");
  expect_refusal(get(target, {{"x-api-key", ""}}), 401, "API key");
  EXPECT_EQ(get(target, {{"x-api-key", "reader"}}).status, 200);
  expect_refusal(put("{}", {{"x-api-key", "reader"}}, target), 403, "not good for this");
  expect_refusal(send("DELETE", target, {{"x-api-key", "reader"}}), 403, "not good for this");
  EXPECT_EQ(put("{}", {{"x-api-key", "of-one"}}, target).status, 201);
  EXPECT_EQ(get("/app/v1/users/t-5/data", {{"x-api-key", "of-one"}}).status, 200);
  expect_refusal(get("/app/v1/users/user-2/data", {{"x-api-key", "of-one"}}), 403,
                 "not good for this");
  EXPECT_EQ(send("DELETE", target, {{"x-api-key", "all"}}).status, 204);
}

TEST_P(UserDataService, WhatTheDatabaseSaysStaysInside) {
  put(R"({"user":{}})");
  database_->stop();
  for (const HttpAnswer& answer : {get(), put("{}"), send("DELETE", path)}) {
    EXPECT_GE(answer.status, 500);
    EXPECT_THAT(answer.body, testing::StartsWith(R"({"statusCode":50)"));
    EXPECT_THAT(answer.body, testing::AnyOf(HasSubstr("Internal server error"),
                                            HasSubstr("Service unavailable")));
  }
}

}  // namespace
}  // namespace dynakeep
