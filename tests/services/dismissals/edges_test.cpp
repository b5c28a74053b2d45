#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/log.h"
#include "services/dismissals/dismissals_service.h"

// What the service makes of requests that clients should not send: appendix C of the specification,
// row by row, and 4.4 to 4.6.
namespace dynakeep::contract {
namespace {

using testing::HasSubstr;

class DismissalEdges : public DismissalsOverHttp {
 protected:
  void expect_no_route(std::string_view method, const std::string& target) {
    const HttpAnswer answer = send(method, target);
    EXPECT_EQ(answer.status, 404) << method << " " << target;
    EXPECT_EQ(answer.body, R"({"message":"Cannot )" + std::string(method) + " " + target +
                               R"(","error":"Not Found","statusCode":404})");
    EXPECT_EQ(answer.header("content-type"), "application/json; charset=utf-8");
  }
  HttpAnswer json(std::string_view method, std::string_view target, std::string_view body,
                  std::string_view type = "application/json") {
    return send(method, target, {{"Content-Type", std::string(type)}}, body);
  }
  static std::string at(std::string_view id) { return "/v1/users/u/items/" + std::string(id); }

  const std::string x = "/v1/users/u/items/x";
  const std::string items = "/v1/users/u/items";
  const std::string item_required = shape_a("itemId is required");
  const std::string item_too_long = shape_a("itemId must be at most 64 characters");
  const std::string item_pattern =
      shape_a("itemId must contain only alphanumeric characters, dashes, and underscores");
};

TEST_F(DismissalEdges, UnknownPathsAndMethodsAre404) {
  for (const char* target : {"/", "/nope?x=1", "/v1/users", "/health/", "/Health",
                             "/V1/users/u/items/x", "/v1/users/u/items/x/", "/v1/users/u/items//x",
                             "/v1", "/v1/users/u", "/docs/x", "//", "/v1%2Fusers/u/items/x"}) {
    expect_no_route("GET", target);
  }
  for (const char* method : {"PUT", "PATCH", "OPTIONS", "PROPFIND"}) expect_no_route(method, x);
  for (const char* method : {"POST", "OPTIONS", "DELETE"}) expect_no_route(method, "/health");
  expect_no_route("POST", "/docs");
}

TEST_F(DismissalEdges, TheTargetOfA404IsTextWhateverItsBytes) {
  EXPECT_EQ(
      bytes("GET /\xff\"? HTTP/1.1\r\n\r\n").body,
      "{\"message\":\"Cannot GET /\xc3\xbf\\\"?\",\"error\":\"Not Found\",\"statusCode\":404}");
}

TEST_F(DismissalEdges, EmptyAndBlankIdsAreRequired) {
  for (const std::string& target :
       {at(""), at("%C2%A0"), at("%EF%BB%BF"), at("%20"), at("%09%0A"), at("%E3%80%80")}) {
    EXPECT_EQ(get(target).status, 400) << target;
    EXPECT_EQ(get(target).body, item_required) << target;
    EXPECT_EQ(post(target).body, item_required) << target;
  }
  for (const char* target : {"/v1/users//items/x", "/v1/users/%20/items/x"}) {
    EXPECT_EQ(get(target).body, shape_a("userId is required")) << target;
  }
}

TEST_F(DismissalEdges, IdsHaveTheirCharactersAndNoOthers) {
  for (const char* id : {"a%20b", "a.b", "a@b", "a:b", "a%2Fb", "a%3Fb", "%C3%B1", "ab%0A", "%00",
                         "..", "%2e%2e", "a;b", "a+b", "a%F0%9F%98%80"}) {
    EXPECT_EQ(get(at(id)).status, 400) << id;
    EXPECT_EQ(get(at(id)).body, item_pattern) << id;
  }
  EXPECT_EQ(bytes("GET " + at("\xc3\xb1") + " HTTP/1.1\r\n\r\n").body, item_pattern);
}

TEST_F(DismissalEdges, IdsHaveSixtyFourCharactersAndPastAHundredNoRoute) {
  const auto id = [](std::size_t length) { return at(std::string(length, 'a')); };
  EXPECT_EQ(get(id(64)).status, 200);
  EXPECT_EQ(get(id(65)).body, item_too_long);
  EXPECT_EQ(get(id(100)).body, item_too_long);
  EXPECT_EQ(get(id(101)).status, 404);
  EXPECT_EQ(get(at(std::string(65, '.'))).body, item_too_long) << "length before characters";
  std::string escaped;
  for (int i = 0; i < 60; ++i) escaped += "%61";
  EXPECT_EQ(member(get(at(escaped)), "itemId"), std::string(60, 'a'));
  std::string wide;
  for (int i = 0; i < 50; ++i) wide += "%F0%9F%98%80";
  EXPECT_EQ(get(at(wide)).body, item_too_long) << "a hundred, as JavaScript counts";
  EXPECT_EQ(get(at(wide + "a")).status, 404);
}

TEST_F(DismissalEdges, EscapesAreDecodedAndBrokenOnesRefused) {
  EXPECT_EQ(member(get(at("%61bc")), "itemId"), "abc");
  for (const char* id : {"%zz", "%", "%C3", "%4", "a%C3%28", "%ED%A0%80", "%FF"}) {
    const HttpAnswer answer = get(at(id));
    EXPECT_EQ(answer.status, 400) << id;
    EXPECT_EQ(answer.header("content-type"), "application/json");
    const auto body = *JsonDocument::parse(answer.body);
    EXPECT_EQ(body.find("error")->text(), "Bad Request");
    EXPECT_EQ(body.find("message")->text(), "'" + at(id) + "' is not a valid url component");
    EXPECT_EQ(body.find("statusCode")->text(), "400");
  }
  EXPECT_EQ(get("/nope/%zz").status, 400) << "before the route";
}

TEST_F(DismissalEdges, TheItemIsComplainedAboutFirstAndTheUserBeforeTheBody) {
  EXPECT_EQ(get("/v1/users/a.b/items/a.b").body, item_pattern);
  EXPECT_EQ(post_json("/v1/users/a.b/items", R"({"items":[]})").body,
            shape_a("userId must contain only alphanumeric characters, dashes, and underscores"));
}

TEST_F(DismissalEdges, QueriesAreIgnoredAndHeadCreates) {
  EXPECT_EQ(member(get(x + "?foo=bar"), "itemId"), "x");
  EXPECT_EQ(member(get(x + "?"), "itemId"), "x");
  const HttpAnswer head = send("HEAD", at("headed"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(remove(at("headed")).status, 200) << "it is there";
  EXPECT_EQ(head.header("content-length"), std::to_string(get(at("headed2")).body.size() - 1));
}

TEST_F(DismissalEdges, WhatAGetBringsIsIgnored) {
  EXPECT_EQ(json("GET", x, "{bad").status, 200);
  EXPECT_EQ(json("GET", x, std::string(20'000, 'x'), "application/xml").status, 200);
}

TEST_F(DismissalEdges, WhatADeleteBringsIsReadAndThenIgnored) {
  get(x);
  const HttpAnswer empty = send("DELETE", x, {{"Content-Type", "application/json"}});
  EXPECT_EQ(empty.status, 400);
  EXPECT_EQ(empty.body,
            shape_b("Body cannot be empty when content-type is set to 'application/json'", 400));
  EXPECT_EQ(json("DELETE", x, "<x/>", "application/xml").body,
            shape_b("Unsupported Media Type: application/xml", 415));
  EXPECT_EQ(send("DELETE", x, {}, "x").body, shape_b("Unsupported Media Type: undefined", 415));
  EXPECT_EQ(json("DELETE", x, "{bad").body,
            shape_b("Body is not valid JSON but content-type is set to 'application/json'", 400));
  EXPECT_EQ(json("DELETE", x, "{}").status, 200);
  EXPECT_EQ(json("POST", x, "{}").status, 201);
  EXPECT_EQ(json("DELETE", x, "hello", "text/plain").status, 200);
  EXPECT_EQ(json("POST", x, "[1]").status, 201);
}

TEST_F(DismissalEdges, ABatchBodyIsAnObjectOfItemsAndNothingElse) {
  for (const char* body :
       {"null", "[]", R"("s")", "5", "{}", R"({"items":null})", R"({"items":"a"})",
        R"({"items":{"0":"a"}})", R"({"items":[1]})", R"({"items":[null]})", R"({"items":[["a"]]})",
        R"({"items":["a b"]})", R"({"items":[" "]})", R"({"items":[""]})", R"({"items":[]})",
        R"({"itemIds":["a"]})", R"({"items":["a"],"more":1})", R"({"items":["a\u0000"]})",
        R"({"items":["a\n"]})"}) {
    const HttpAnswer answer = post_json(items, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.body, shape_a("Bad Request")) << body;
  }
  EXPECT_EQ(batch({std::string(64, 'a')}).status, 201);
  EXPECT_EQ(batch({std::string(65, 'a')}).body, shape_a("Bad Request"));
  EXPECT_EQ(post_json(items, R"({"items":[1],"items":["a"]})").status, 201) << "the last counts";
}

TEST_F(DismissalEdges, WhatIsNoJsonIsRefusedBeforeAnythingElse) {
  for (const char* body :
       {"{bad", R"({"items":["a"]} x)", R"({"items":["a"],"__proto__":1})",
        R"({"items":["a"],"constructor":{"prototype":1}})", R"({"items":[{"__proto__":1}]})"}) {
    const HttpAnswer answer = post_json(items, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.body,
              shape_b("Body is not valid JSON but content-type is set to 'application/json'", 400))
        << body;
  }
  EXPECT_EQ(post_json("/v1/users/a.b/items", "").body,
            shape_b("Body cannot be empty when content-type is set to 'application/json'", 400));
}

TEST_F(DismissalEdges, JsonIsKnownByItsTypeHoweverThatIsWritten) {
  const std::string body = R"({"items":["\u0061bc"]})";
  for (const char* type :
       {"application/json", "application/json; charset=utf-8", "Application/JSON"}) {
    const HttpAnswer answer = json("POST", items, body, type);
    EXPECT_EQ(answer.status, 201) << type;
    EXPECT_EQ(member(answer, "itemId"), "abc");
  }
  EXPECT_EQ(json("POST", items, "\xef\xbb\xbf" + body).status, 201) << "behind a byte-order mark";
}

TEST_F(DismissalEdges, OtherTypesAreRefused) {
  for (const char* type : {"application/vnd.api+json", "application/xml", "multipart/form-data"}) {
    const HttpAnswer answer = json("POST", items, R"({"items":["a"]})", type);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.body, shape_b("Unsupported Media Type: " + std::string(type), 415));
  }
  EXPECT_EQ(send("POST", items, {}, R"({"items":["a"]})").body,
            shape_b("Unsupported Media Type: undefined", 415));
  EXPECT_EQ(json("POST", items, "hello", "text/plain").body, shape_a("Bad Request"));
}

TEST_F(DismissalEdges, AFormMayNameItems) {
  const HttpAnswer answer =
      json("POST", items, "items=a&items=b", "application/x-www-form-urlencoded");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(member(answer, "itemId"), "a,b");
  EXPECT_EQ(json("POST", items, "items=a", "application/x-www-form-urlencoded").body,
            shape_a("Bad Request"))
      << "one is no array";
}

TEST_F(DismissalEdges, ABatchWithoutBodyAndTypeIsNone) {
  EXPECT_EQ(post(items).body, shape_a("Bad Request"));
  EXPECT_EQ(bytes("POST " + items + " HTTP/1.1\r\n\r\n").body, shape_a("Bad Request"));
}

TEST_F(DismissalEdges, ABodyHasTenKibibytesAtMost) {
  const std::string body = R"({"items":["a"]})";
  EXPECT_EQ(post_json(items, body + std::string(10'240 - body.size(), ' ')).status, 201);
  const HttpAnswer refused = post_json(items, body + std::string(10'241 - body.size(), ' '));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(refused.body, shape_b("Request body is too large", 413));
  EXPECT_EQ(refused.header("connection"), "close");
}

TEST_F(DismissalEdges, AnOlderClientsBatchIsARestorationOfWhatIsNotThere) {
  EXPECT_EQ(post_json("/v1/users/u/items/batch", R"({"itemIds":["x"]})").body,
            shape_a(R"(Item with id "batch" not found)"));
}

TEST_F(DismissalEdges, WhatIsNoRequestIsAnsweredAndTheConnectionCloses) {
  const HttpAnswer answer = bytes("nonsense\r\n\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"error":"Bad Request","message":"Client Error","statusCode":400})");
  EXPECT_EQ(answer.header("content-type"), "application/json");
  EXPECT_EQ(answer.header("connection"), "close");
}

TEST_F(DismissalEdges, DetailsAreToldToThoseWhoAskForThem) {
  serve({.hide_validation_messages = false});
  EXPECT_EQ(post_json(items, R"({"items":[]})").body,
            shape_a("items array must contain at least 1 item"));
  EXPECT_EQ(batch(std::vector<std::string>(51, "a")).body,
            shape_a("items array must contain at most 50 items"));
  EXPECT_EQ(batch({"", std::string(65, 'a'), "a b", "c d"}).body,
            shape_a("each item ID must not be empty; each item ID must be at most 64 characters; "
                    "each item ID must contain only alphanumeric characters, dashes, and "
                    "underscores"));
  EXPECT_EQ(post_json(items, R"({"items":["a"],"more":1})").body,
            shape_a("property more should not exist"));
  EXPECT_EQ(post_json(items, R"({"items":7})").body, shape_a("items must be an array"));
}

TEST_F(DismissalEdges, UnknownMembersMayBeIgnored) {
  serve({.refuse_unknown_members = false});
  EXPECT_EQ(post_json(items, R"({"items":["a"],"more":1})").status, 201);
}

TEST_F(DismissalEdges, HealthIsThereForEverybody) {
  const HttpAnswer answer = get("/health?x=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"status":"ok","timestamp":"2024-01-15T10:00:00.000Z"})");
  EXPECT_EQ(send("HEAD", "/health").status, 200);
}

TEST_F(DismissalEdges, ARequestHasTheIdItsClientGaveOrOneOfItsOwn) {
  EXPECT_EQ(get(x, {{"x-request-id", "my-id"}}).header("x-request-id"), "my-id");
  const std::string made = get(x).header("x-request-id");
  EXPECT_THAT(made, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                          "[0-9a-f]{12}"));
  EXPECT_NE(get(x).header("x-request-id"), made);
  EXPECT_THAT(get(x, {{"x-request-id", std::string(201, 'a')}}).header("x-request-id").size(), 36U);
}

class DismissalFaults : public DismissalsOnEveryStorage {};
INSTANTIATE_TEST_SUITE_P(Tables, DismissalFaults,
                         testing::Values(DismissalStorage::embedded, DismissalStorage::remote),
                         storage_name);

TEST_P(DismissalFaults, AMissingTableIsTheServersErrorAndNamedInTheLog) {
  ASSERT_TRUE(database().delete_table({.table_name = "dismissible-items"}));
  std::mutex mutex;
  std::string logged;
  set_log_sink([&](const LogLine& line) {
    const std::lock_guard lock(mutex);
    logged.append(line.message);
    for (const LogField& field : line.fields) logged.append(" ").append(field.value);
  });
  for (const HttpAnswer& answer : {get("/v1/users/u/items/x"), remove("/v1/users/u/items/x"),
                                   post("/v1/users/u/items/x"), batch({"a"})}) {
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, shape_b("Internal server error", 500));
  }
  set_log_sink({});
  const std::lock_guard lock(mutex);
  EXPECT_THAT(logged, HasSubstr("dismissible-items"));
  EXPECT_THAT(logged, HasSubstr("DISMISSIBLE_STORAGE_DYNAMODB_TABLE_NAME"));
}

TEST_P(DismissalFaults, AnItemThatCannotBeReadIsAnErrorAndStaysAsItIs) {
  const Item bad{{"userId", "u"}, {"id", "x"}, {"createdAt", "never"}};
  ASSERT_TRUE(database().put_item({.table_name = "dismissible-items", .item = bad}));
  for (const HttpAnswer& answer : {get("/v1/users/u/items/x"), remove("/v1/users/u/items/x"),
                                   post("/v1/users/u/items/x"), batch({"x"})}) {
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body, shape_b("Internal server error", 500));
  }
  const auto stored = database().get_item(
      {.table_name = "dismissible-items", .key = Key{{"userId", "u"}, {"id", "x"}}});
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->item, bad);
}

}  // namespace
}  // namespace dynakeep::contract
