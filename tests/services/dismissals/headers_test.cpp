#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "services/dismissals/dismissals_service.h"

// Headers for browsers, 4.7 of the specification, and the description of the API, 4.8.
namespace dynakeep::contract {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string x = "/v1/users/u/items/x";

class DismissalHeaderTest : public DismissalsOverHttp {
 protected:
  // Answers of each kind: 200, 400, 404, of a body, of a broken target, of what is no request.
  std::vector<HttpAnswer> of_every_kind(const DismissalHeaders& headers = {}) {
    return {get(x, headers),
            get("/health", headers),
            get("/v1/users/u/items/a.b", headers),
            get("/nope", headers),
            get("/%zz", headers),
            send("POST", "/v1/users/u/items", headers, "x")};
  }
};

TEST_F(DismissalHeaderTest, SecurityHeadersAreOnEveryAnswer) {
  auto answers = of_every_kind();
  answers.push_back(bytes("nonsense\r\n\r\n"));
  for (const HttpAnswer& answer : answers) {
    const std::vector<std::pair<const char*, const char*>> expected = {
        {"cross-origin-opener-policy", "same-origin"},
        {"cross-origin-resource-policy", "same-origin"},
        {"origin-agent-cluster", "?1"},
        {"referrer-policy", "no-referrer"},
        {"strict-transport-security", "max-age=31536000; includeSubDomains"},
        {"x-content-type-options", "nosniff"},
        {"x-dns-prefetch-control", "off"},
        {"x-download-options", "noopen"},
        {"x-frame-options", "SAMEORIGIN"},
        {"x-permitted-cross-domain-policies", "none"},
        {"x-xss-protection", "0"},
        {"content-security-policy", ""},
        {"cross-origin-embedder-policy", ""},
        {"access-control-allow-origin", ""},
        {"vary", ""}};
    for (const auto& [name, value] : expected) {
      EXPECT_EQ(answer.header(name), value) << name << " of " << answer.status;
    }
  }
}

TEST_F(DismissalHeaderTest, EachSecuritySwitchDoesWhatItSays) {
  serve({.security_headers = {.content_security_policy = true,
                              .cross_origin_embedder_policy = true,
                              .hsts_max_age_s = 60,
                              .hsts_include_subdomains = false,
                              .hsts_preload = true}});
  const HttpAnswer answer = get(x);
  EXPECT_THAT(answer.header("content-security-policy"),
              StartsWith("default-src 'self';base-uri 'self';font-src 'self' https: data:;"));
  EXPECT_EQ(answer.header("cross-origin-embedder-policy"), "require-corp");
  EXPECT_EQ(answer.header("strict-transport-security"), "max-age=60; preload");
  serve({.security_headers = {.enabled = false, .content_security_policy = true}});
  for (const auto& [name, value] : get(x).headers) {
    EXPECT_THAT(name, Not(testing::AnyOf(StartsWith("x-frame"), StartsWith("cross-origin"),
                                         StartsWith("strict"), StartsWith("content-security"))));
  }
}

TEST_F(DismissalHeaderTest, OriginsOfTheListMayReadEveryAnswer) {
  serve({.cors = {.enabled = true, .origins = {"https://a", "https://b"}}});
  for (const HttpAnswer& answer : of_every_kind({{"Origin", "https://b"}})) {
    EXPECT_EQ(answer.header("access-control-allow-origin"), "https://b") << answer.status;
    EXPECT_EQ(answer.header("access-control-allow-credentials"), "true");
    EXPECT_EQ(answer.header("vary"), "Origin");
  }
  for (const DismissalHeaders& headers :
       {DismissalHeaders{}, DismissalHeaders{{"Origin", "https://B"}},
        DismissalHeaders{{"Origin", "https://b.evil"}}}) {
    for (const HttpAnswer& answer : of_every_kind(headers)) {
      EXPECT_EQ(answer.header("access-control-allow-origin"), "") << answer.status;
      EXPECT_EQ(answer.header("access-control-allow-credentials"), "true");
      EXPECT_EQ(answer.header("vary"), "Origin");
    }
  }
}

TEST_F(DismissalHeaderTest, APreflightIsAnsweredOnEveryPath) {
  serve({.cors = {.enabled = true, .origins = {"https://a"}}});
  for (const std::string& path : {x, std::string("/nope")}) {
    const HttpAnswer answer = send(
        "OPTIONS", path, {{"Origin", "https://a"}, {"Access-Control-Request-Method", "DELETE"}});
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.header("content-length"), "0");
    EXPECT_EQ(answer.header("access-control-allow-origin"), "https://a");
    EXPECT_EQ(answer.header("access-control-allow-methods"), "GET, POST, DELETE, OPTIONS");
    EXPECT_EQ(answer.header("access-control-allow-headers"),
              "Content-Type, Authorization, x-request-id");
    EXPECT_EQ(answer.header("access-control-max-age"), "86400");
  }
  const HttpAnswer foreign =
      send("OPTIONS", x, {{"Origin", "https://evil"}, {"Access-Control-Request-Method", "DELETE"}});
  EXPECT_EQ(foreign.status, 204);
  EXPECT_EQ(foreign.header("access-control-allow-origin"), "");
  EXPECT_EQ(foreign.header("access-control-allow-methods"), "GET, POST, DELETE, OPTIONS");

  for (const DismissalHeaders& headers :
       {DismissalHeaders{}, DismissalHeaders{{"Origin", "https://a"}},
        DismissalHeaders{{"Access-Control-Request-Method", "DELETE"}}}) {
    const HttpAnswer none = send("OPTIONS", x, headers);
    EXPECT_EQ(none.status, 400);
    EXPECT_EQ(none.header("content-type"), "text/plain");
    EXPECT_EQ(none.body, "Invalid Preflight Request");
  }
}

TEST_F(DismissalHeaderTest, AnyOriginIsAStar) {
  serve({.cors = {.enabled = true, .origins = {"*"}, .credentials = false}});
  const HttpAnswer answer = get(x, {{"Origin", "https://whoever"}});
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  EXPECT_EQ(answer.header("vary"), "");
  EXPECT_EQ(answer.header("access-control-allow-credentials"), "");
}

class DismissalDescription : public DismissalsOverHttp {};

TEST_F(DismissalDescription, HasUpstreamsNamesAndTheTruth) {
  serve({.extensions = false});
  const HttpAnswer answer = get("/docs-json");
  EXPECT_EQ(answer.header("content-type"), "application/json; charset=utf-8");
  const auto document = JsonDocument::parse(answer.body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->find("openapi")->text(), "3.0.0");
  EXPECT_EQ(document->find("info")->find("title")->text(), "Dismissible");
  std::vector<std::string> operations;
  for (const auto& [path, methods] : document->find("paths")->members()) {
    for (const auto& [method, operation] : methods.members()) {
      operations.push_back(method + " " + path + " " + operation.find("operationId")->text());
    }
  }
  EXPECT_THAT(operations,
              testing::UnorderedElementsAre("get /health getHealth",
                                            "get /v1/users/{userId}/items/{itemId} getOrCreate",
                                            "delete /v1/users/{userId}/items/{itemId} dismiss",
                                            "post /v1/users/{userId}/items/{itemId} restore",
                                            "post /v1/users/{userId}/items batchGetOrCreate"));
  const auto* schemas = document->find("components")->find("schemas");
  for (const char* name :
       {"DismissibleItemResponseDto", "GetOrCreateResponseDto", "DismissResponseDto",
        "RestoreResponseDto", "BatchGetOrCreateRequestDto", "BatchGetOrCreateResponseDto"}) {
    EXPECT_NE(schemas->find(name), nullptr) << name;
  }
}

// Every {"$ref"} leads somewhere, with all that is added.
TEST_F(DismissalDescription, HoldsTogetherWithOursAdded) {
  const auto document = *JsonDocument::parse(get("/docs-json").body);
  const auto* schemas = document.find("components")->find("schemas");
  const std::function<void(const JsonDocument&)> check = [&](const JsonDocument& value) {
    if (const auto* reference = value.find("$ref")) {
      const std::string& text = reference->text();
      EXPECT_NE(schemas->find(text.substr(text.rfind('/') + 1)), nullptr) << text;
    }
    for (const auto& [name, each] : value.members()) check(each);
    for (const auto& each : value.elements()) check(each);
  };
  check(document);
  const auto* item = document.find("paths")->find("/v1/users/{userId}/items/{itemId}");
  EXPECT_EQ(item->find("delete")->find("parameters")->elements().size(), 4U);
}

TEST_F(DismissalDescription, IsAlsoYamlAndAPage) {
  const HttpAnswer yaml = get("/docs-yaml");
  EXPECT_EQ(yaml.header("content-type"), "text/yaml");
  EXPECT_THAT(yaml.body,
              StartsWith("\"openapi\": \"3.0.0\"\n\"info\":\n  \"title\": \"Dismissible\"\n"));
  for (const char* path : {"/docs", "/docs/"}) {
    const HttpAnswer page = get(path);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("src=\"/docs/page.js\" data-description=\"/docs-json\""));
  }
  EXPECT_EQ(get("/docs/page.js").header("content-type"), "text/javascript; charset=utf-8");
}

TEST_F(DismissalDescription, MayBeElsewhereOrNowhere) {
  serve({.description_path = "swagger/docs"});
  EXPECT_EQ(get("/swagger/docs-json").status, 200);
  EXPECT_EQ(get("/docs").status, 404);
  serve({.description_path = std::nullopt});
  for (const char* path : {"/docs", "/docs-json", "/docs-yaml"}) EXPECT_EQ(get(path).status, 404);
}

}  // namespace
}  // namespace dynakeep::contract
