#include "clients/collections_client.h"

#include <deque>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_pacing.h"
#include "clients/scripted_transport.h"

namespace dynakeep::clients {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* ours =
    R"({"history":1,"restore":1,"purge":1,"preconditions":1,"paging":1,"batch":1,"watch":1})";
constexpr const char* posts =
    R"({"meta":{"application":"test-app","user":"user-1","collection":"c1","version":100},)"
    R"("name":"posts"})";
constexpr const char* hello =
    R"({"meta":{"user":"user-1","collection":"c1","entry":"e1","version":200,"revision":3},)"
    R"("name":"hello","value":{"n":1.50,"a":2}})";

std::string list_of(std::initializer_list<std::string_view> items) {
  std::string list = "[";
  for (const std::string_view item : items) list.append(list.size() > 1 ? "," : "").append(item);
  return list + "]";
}

Error lost(ErrorCode code = ErrorCode::unavailable) {
  return Error(code, "127.0.0.1:1: the connection was lost").set_outcome_unknown(true);
}

// A client on a server that says what the test has it say, in that order.
class CollectionsClientTest : public testing::Test {
 protected:
  CollectionsClientTest() { connect({}); }

  void connect(CollectionsClientOptions options) {
    if (options.base_url.empty()) options.base_url = "http://127.0.0.1:1";
    if (options.api_key.empty()) options.api_key = "my-api-key";
    auto transport = std::make_unique<ScriptedTransport>(
        [this](const http::HttpRequest& request) -> Result<http::HttpResponse> {
          if (answers_.empty()) {
            ADD_FAILURE() << "not expected: " << request.method << " " << request.target;
            return answer_of(500);
          }
          auto answer = std::move(answers_.front());
          answers_.pop_front();
          return answer;
        });
    transport_ = transport.get();
    client_ = make_collections_client(options, std::move(transport), pacing_, clock_).value();
  }
  ~CollectionsClientTest() override { EXPECT_THAT(answers_, IsEmpty()) << "not asked for"; }

  void will_fail(Error error) { answers_.emplace_back(std::move(error)); }
  void will_answer(int status, std::string body = {}, const HeaderList& headers = {}) {
    answers_.emplace_back(answer_of(status, std::move(body), headers));
  }
  // The client has asked what the server can do.
  void on_our_server() {
    will_answer(200, ours);
    ASSERT_TRUE(client().capabilities());
    transport_->requests.clear();
  }
  void on_dynamodb_minis() {
    will_answer(200);
    ASSERT_TRUE(client().capabilities());
    transport_->requests.clear();
  }

  CollectionsClient& client() { return *client_; }
  RemoteCollection collection() { return client().collection("user-1", "c1"); }
  // As a list has it.
  RemoteEntry known_entry() {
    will_answer(200, list_of({hello}));
    auto entries = collection().get().value();
    transport_->requests.clear();
    return entries.front();
  }
  std::vector<std::string> lines() const { return transport_->lines(); }
  const std::string& body() const { return transport_->requests.back().body; }
  std::string header(std::string_view name) const {
    return std::string(transport_->requests.back().headers.find(name).value_or("(none)"));
  }

  base::ManualPacing pacing_;
  ManualClock clock_;
  ScriptedTransport* transport_ = nullptr;

 private:
  std::deque<Result<http::HttpResponse>> answers_;
  std::optional<CollectionsClient> client_;
};

// ---- where requests go ----

TEST_F(CollectionsClientTest, GoesToApiRelativeToTheBaseUrl) {
  const std::pair<const char*, const char*> bases[] = {
      {"http://127.0.0.1:3000", "/api"},        {"http://127.0.0.1:3000/", "/api"},
      {"http://127.0.0.1:3000/api", "/api"},    {"http://127.0.0.1:3000/prefix/", "/prefix/api"},
      {"http://127.0.0.1:3000/prefix", "/api"}, {"http://127.0.0.1:3000/a/b/api?x=1/2", "/a/b/api"},
      {"https://[::1]/p/q", "/p/api"},
  };
  for (const auto& [base_url, path] : bases) {
    connect({.base_url = base_url});
    will_answer(200, "[]");
    ASSERT_TRUE(client().get());
    EXPECT_THAT(lines(),
                ElementsAre(std::string("GET ") + path + "/collection?filter=latest&view=full"))
        << base_url;
  }
  EXPECT_EQ(transport_->origin.host, "::1");
  EXPECT_TRUE(transport_->origin.secure);
  EXPECT_EQ(header("host"), "[::1]");
}

TEST_F(CollectionsClientTest, RefusesOptionsThatMakeNoSense) {
  for (const CollectionsClientOptions& options : std::initializer_list<CollectionsClientOptions>{
           {.base_url = "", .api_key = "k"},
           {.base_url = "localhost:3000", .api_key = "k"},
           {.base_url = "http://user:secret@localhost", .api_key = "k"},
           {.base_url = "http://localhost", .api_key = ""},
           {.base_url = "http://localhost", .api_key = "a\r\nb"},
           {.base_url = "http://localhost", .api_key = "k", .timeout = 0ms},
           {.base_url = "http://localhost", .api_key = "k", .attempts_max = 0},
           {.base_url = "http://localhost", .api_key = "k", .proxy = "nonsense://x"},
           {.base_url = "http://localhost", .api_key = "k", .ca_bundle = "/nonexistent"}}) {
    const auto made = CollectionsClient::create(options);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), ErrorCode::invalid_argument) << made.error();
    EXPECT_THAT(made.error().message(), Not(HasSubstr("secret")));
  }
}

TEST_F(CollectionsClientTest, EncodesWhatIsInPathsAndQueries) {
  will_answer(200, "[]");
  ASSERT_TRUE(
      client().get_by_user("Jürgen / #1?", {.filter = VersionFilter::current, .name = "a&b=c d"}));
  EXPECT_THAT(lines(),
              ElementsAre("GET /api/user/J%C3%BCrgen%20%2F%20%231%3F/collection?filter=current&"
                          "view=full&name=a%26b%3Dc%20d"));
  EXPECT_FALSE(client().get_by_user(""));
}

TEST_F(CollectionsClientTest, HasAKeyForEachInstance) {
  will_answer(200, "[]");
  ASSERT_TRUE(client().get());
  EXPECT_EQ(header("x-api-key"), "my-api-key");
  const CollectionsClient other = client().with_key("other-key").value();
  will_answer(200, "[]");
  ASSERT_TRUE(other.get());
  EXPECT_EQ(header("x-api-key"), "other-key");
  will_answer(200, "[]");
  ASSERT_TRUE(client().get());
  EXPECT_EQ(header("x-api-key"), "my-api-key");
}

// ---- create and add ----

TEST_F(CollectionsClientTest, CreatesInOneRequestWhereTheServerCan) {
  on_our_server();
  will_answer(200, posts, {{"X-Version", "100"}, {"X-Revision", "7"}});
  const RemoteCollection made = client().create("user-1", {.name = "posts \"1\""}).value();
  EXPECT_THAT(lines(), ElementsAre("POST /api/user/user-1/collection?ifAbsent=true"));
  EXPECT_EQ(body(), R"({"name":"posts \"1\""})");
  EXPECT_EQ(made.id(), "c1");
  EXPECT_EQ(made.application(), "test-app");
  EXPECT_EQ(made.name(), "posts");
  EXPECT_EQ(made.version(), 100);
  EXPECT_EQ(made.revision(), 7);
}

TEST_F(CollectionsClientTest, TakesTheIdFromLocationWhereThereIsNoBody) {
  on_our_server();
  will_answer(201, "", {{"Location", "/elsewhere/api/user/user-1/collection/c1/entry/e%311"}});
  will_answer(200, list_of({hello}));
  ASSERT_TRUE(collection().add({.value = "1"}));
  EXPECT_THAT(lines(),
              ElementsAre("POST /api/user/user-1/collection/c1/entry",
                          "GET /api/user/user-1/collection/c1/entry/e11?filter=current&view=full"));
}

TEST_F(CollectionsClientTest, ListsAndComparesOnDynamodbMinisServer) {
  on_dynamodb_minis();
  constexpr const char* drafts =
      R"({"meta":{"application":"a","user":"user-1","collection":"c2","version":50},)"
      R"("name":"drafts"})";
  constexpr const char* again =
      R"({"meta":{"application":"a","user":"user-1","collection":"c3","version":300},)"
      R"("name":"posts"})";
  will_answer(200, list_of({drafts}));
  will_answer(201);
  will_answer(200, list_of({drafts, posts, again}));
  EXPECT_EQ(client().create("user-1", {.name = "posts"}).value().id(), "c1");  // the oldest
  EXPECT_THAT(lines(), ElementsAre("GET /api/user/user-1/collection?filter=latest&view=full",
                                   "POST /api/user/user-1/collection",
                                   "GET /api/user/user-1/collection?filter=latest&view=full"));
  will_answer(200, list_of({drafts, posts, again}));
  EXPECT_EQ(client().create("user-1", {.name = "posts"}).value().id(), "c1");
  will_answer(201);
  will_answer(200, list_of({drafts, posts, again}));
  EXPECT_EQ(client().create_another("user-1", {.name = "posts"}).value().id(), "c3");  // the newest

  constexpr const char* other =
      R"({"meta":{"user":"user-1","collection":"c1","entry":"e2","version":201},"name":"hello",)"
      R"("value":5})";
  will_answer(201);
  will_answer(200, list_of({hello, other}));
  EXPECT_EQ(collection().add({.name = "hello", .value = R"({"a":2, "n":1.50})"}).value().id(),
            "e1");
  will_answer(200, list_of({hello, other}));
  EXPECT_EQ(collection().get_or_add({.name = "hello", .value = "7"}).value().id(), "e1");
}

TEST_F(CollectionsClientTest, SaysThatSomethingWasCreatedThoughItCannotBeFound) {
  on_dynamodb_minis();
  will_answer(201);
  will_answer(200, "[]");
  const auto made = collection().add({.value = "1"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::not_found);
  EXPECT_TRUE(made.error().outcome_unknown());
}

TEST_F(CollectionsClientTest, CreatesNothingOnACondition) {
  EXPECT_EQ(client().create("u", {.name = "n"}, {.if_live = true}).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(collection().add({.value = "1"}, {.if_match = StateTag{}}).error().code(),
            ErrorCode::invalid_argument);
}

TEST_F(CollectionsClientTest, SendsNoValueThatIsNoJson) {
  on_our_server();
  for (const char* text : {"{", R"({"a":1},"name":"x")", "", "nul"}) {
    EXPECT_EQ(collection().add({.name = "n", .value = text}).error().code(),
              ErrorCode::invalid_argument)
        << text;
    EXPECT_EQ(known_entry().update({.value = text}).error().code(), ErrorCode::invalid_argument);
  }
  will_answer(201, hello);
  ASSERT_TRUE(
      collection().add({.name = "n", .value = R"({"b": 1.50, "a": 12345678901234567890})"}));
  EXPECT_EQ(body(), R"({"name":"n","value":{"b": 1.50, "a": 12345678901234567890}})");
}

// ---- reading ----

TEST_F(CollectionsClientTest, ReadsEntriesWithTheirDigits) {
  const RemoteEntry entry = known_entry();
  EXPECT_EQ(entry.id(), "e1");
  EXPECT_EQ(entry.collection_id(), "c1");
  EXPECT_EQ(entry.version(), 200);
  EXPECT_EQ(entry.revision(), 3);
  ASSERT_NE(entry.value(), nullptr);
  EXPECT_EQ(entry.value()->to_text(), R"({"n":1.50,"a":2})");
  EXPECT_FALSE(entry.is_deleted());
}

TEST_F(CollectionsClientTest, FetchesAnEntryByItsNameOrItsId) {
  on_our_server();
  const std::string path = "GET /api/user/user-1/collection/c1/entry";
  will_answer(200, list_of({hello}));
  EXPECT_EQ(collection().fetch_entry("hello").value().id(), "e1");
  EXPECT_THAT(lines(), ElementsAre(path + "?filter=latest&view=full&name=hello"));

  // A list of a server that does not filter by name; then the id.
  transport_->requests.clear();
  will_answer(200, list_of({hello}));
  will_answer(200, list_of({hello}));
  EXPECT_EQ(collection().fetch_entry("e1").value().id(), "e1");
  EXPECT_THAT(lines(), ElementsAre(path + "?filter=latest&view=full&name=e1",
                                   path + "/e1?filter=latest&view=full"));

  // What looks like an id is tried as one first.
  const std::string id = "01ea4da3-e618-4f5b-9171-3c4907d850b6";
  transport_->requests.clear();
  will_answer(404);
  will_answer(200, "[]");
  EXPECT_EQ(collection().fetch_entry(id).error().code(), ErrorCode::not_found);
  EXPECT_THAT(lines(), ElementsAre(path + "/" + id + "?filter=latest&view=full",
                                   path + "?filter=latest&view=full&name=" + id));
  EXPECT_EQ(collection().fetch_entry("").error().code(), ErrorCode::invalid_argument);
}

TEST_F(CollectionsClientTest, TakesNoEntryWhoseIdOnlySharesTheSlug) {
  on_our_server();
  will_answer(200, "[]");
  will_answer(200, list_of({hello}));
  EXPECT_EQ(collection().fetch_entry("e/1").error().code(), ErrorCode::not_found);
}

TEST_F(CollectionsClientTest, AsksDynamodbMinisServerForAllVersionsOfWhatMayBeDeleted) {
  on_dynamodb_minis();
  RemoteEntry entry = collection().entry("e1");
  will_answer(
      200,
      list_of({R"({"meta":{"user":"user-1","collection":"c1","entry":"e1","version":1}})", hello}));
  ASSERT_TRUE(entry.refresh());
  EXPECT_THAT(lines(),
              ElementsAre("GET /api/user/user-1/collection/c1/entry/e1?filter=all&view=full"));
  EXPECT_EQ(entry.version(), 200);
}

TEST_F(CollectionsClientTest, GoesThroughPages) {
  will_answer(200, list_of({hello}), {{"X-Next-Cursor", "abc"}});
  const EntryPage page = collection().get_page({.limit = 1}).value();
  EXPECT_EQ(page.next_cursor, "abc");
  will_answer(200, "[]");
  EXPECT_EQ(collection().get_page({.limit = 1, .cursor = "abc"}).value().next_cursor, "");
  EXPECT_THAT(lines(), Contains(EndsWith("filter=latest&view=full&limit=1&cursor=abc")));
  EXPECT_EQ(collection().get_page({.limit = 1001}).error().code(), ErrorCode::invalid_argument);
}

TEST_F(CollectionsClientTest, TakesNoAnswerThatMakesNoSense) {
  for (const char* body : {"", "<html>", "{}", "[1]", R"([{"meta":{}}])", R"([{"name":"x"}])",
                           R"([{"meta":{"user":"u","collection":"c","version":"1"}}])"}) {
    will_answer(200, body);
    const auto got = client().get();
    ASSERT_FALSE(got) << body;
    EXPECT_EQ(got.error().code(), ErrorCode::unavailable) << got.error();
    EXPECT_THAT(got.error().message(), HasSubstr("GET /api/collection"));
  }
}

// ---- writing ----

TEST_F(CollectionsClientTest, ChangesTheObjectOnceTheServerHasDoneIt) {
  RemoteEntry entry = known_entry();
  on_our_server();
  will_answer(500);
  EXPECT_FALSE(entry.update({.name = "new", .value = "2"}));
  EXPECT_EQ(entry.name(), "hello");
  EXPECT_EQ(entry.version(), 200);

  will_answer(200, "", {{"X-Version", "300"}, {"X-Revision", "4"}});
  ASSERT_TRUE(entry.update({.name = "new"}));
  EXPECT_EQ(body(), R"({"name":"new"})");
  EXPECT_EQ(entry.name(), "new");
  EXPECT_EQ(entry.value()->to_text(), R"({"n":1.50,"a":2})");
  EXPECT_EQ(entry.version(), 300);
  EXPECT_EQ(entry.revision(), 4);

  will_answer(200,
              R"({"meta":{"user":"user-1","collection":"c1","entry":"e1","version":300,)"
              R"("deletedAt":"2023-11-14T22:13:20.000Z"},"name":"new"})",
              {{"X-Version", "300"}});
  ASSERT_TRUE(entry.destroy());
  EXPECT_EQ(entry.deleted_at(), "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(entry.tag(), (StateTag{.version = 300, .deleted = true}));
}

TEST_F(CollectionsClientTest, SendsDynamodbMinisServerWhatItWouldForget) {
  RemoteEntry entry = known_entry();
  on_dynamodb_minis();
  will_answer(200);
  ASSERT_TRUE(entry.update({.name = "new"}));
  EXPECT_EQ(body(), R"({"name":"new","value":{"n":1.50,"a":2}})");
  EXPECT_EQ(entry.version(), 0);  // it did not tell
  will_answer(200, list_of({hello}));
  will_answer(200);
  ASSERT_TRUE(collection().entry("e1").update({.value = "[]"}));
  EXPECT_EQ(body(), R"({"name":"hello","value":[]})");
}

TEST_F(CollectionsClientTest, ClearsANameAndSendsTheValueAlong) {
  RemoteEntry entry = known_entry();
  on_our_server();
  will_answer(200, "", {{"X-Version", "300"}});
  ASSERT_TRUE(entry.update({.clear_name = true}));
  EXPECT_EQ(body(), R"({"name":null,"value":{"n":1.50,"a":2}})");
  EXPECT_FALSE(entry.has_name());
}

TEST_F(CollectionsClientTest, SendsConditionsAndWhoAndWhy) {
  RemoteEntry entry = known_entry();
  on_our_server();
  will_answer(200, "", {{"X-Version", "300"}});
  ASSERT_TRUE(entry.update(
      {.value = "2"},
      {.if_match = entry.tag(), .idempotency_key = "k1", .actor = "alice", .comment = "größer"}));
  EXPECT_EQ(header("if-match"), "\"200\"");
  EXPECT_EQ(header("idempotency-key"), "k1");
  EXPECT_EQ(header("x-actor"), "alice");
  EXPECT_EQ(header("x-comment"), "größer");
  will_answer(200, "", {{"X-Version", "300"}});
  ASSERT_TRUE(entry.destroy({.if_live = true}));
  EXPECT_EQ(header("if-match"), "*");
  for (const CollectionsWrite& write :
       std::initializer_list<CollectionsWrite>{{.if_match = StateTag{}, .if_live = true},
                                               {.idempotency_key = ""},
                                               {.idempotency_key = std::string(129, 'x')},
                                               {.idempotency_key = "a b"},
                                               {.comment = "a\r\nx-api-key: b"}}) {
    EXPECT_EQ(entry.update({.value = "2"}, write).error().code(), ErrorCode::invalid_argument);
  }
}

TEST_F(CollectionsClientTest, WritesNothingConditionalToAServerThatWouldPassItOver) {
  RemoteEntry entry = known_entry();
  on_dynamodb_minis();
  for (const CollectionsWrite& write : std::initializer_list<CollectionsWrite>{
           {.if_match = entry.tag()}, {.if_live = true}, {.idempotency_key = "k"}}) {
    const auto updated = entry.update({.name = "n", .value = "2"}, write);
    EXPECT_EQ(updated.error().code(), ErrorCode::unsupported);
    EXPECT_FALSE(updated.error().outcome_unknown());
  }
  EXPECT_EQ(entry.merge(R"({"n":2})").error().code(), ErrorCode::unsupported);
  EXPECT_EQ(collection().get({.at = 5}).error().code(), ErrorCode::unsupported);
  EXPECT_THAT(lines(), IsEmpty());

  // Another server of the same name may be of another kind.
  pacing_.advance(61s);
  will_answer(200, ours);
  will_answer(200);
  const auto updated = entry.update({.name = "n", .value = "2"}, {.if_match = entry.tag()});
  EXPECT_EQ(updated.error().code(), ErrorCode::unsupported);
  EXPECT_TRUE(updated.error().outcome_unknown());
  EXPECT_EQ(entry.name(), "hello");
}

TEST_F(CollectionsClientTest, TellsTheStateThatStandsInTheWay) {
  RemoteEntry entry = known_entry();
  on_our_server();
  will_answer(412, "Error: Its state is not the one that was asked for", {{"ETag", "\"250.d\""}});
  const auto updated = entry.update({.value = "2"}, {.if_match = entry.tag()});
  ASSERT_FALSE(updated);
  EXPECT_EQ(updated.error().code(), ErrorCode::precondition_failed);
  EXPECT_EQ(updated.error().message(),
            "PUT /api/user/user-1/collection/c1/entry/e1: 412 Precondition Failed: Its state is "
            "not the one that was asked for");
  const auto said = server_answer(updated.error());
  ASSERT_TRUE(said);
  EXPECT_EQ(said->status, 412);
  EXPECT_EQ(said->request, "PUT /api/user/user-1/collection/c1/entry/e1");
  EXPECT_EQ(said->state, (StateTag{.version = 250, .deleted = true}));
}

// ---- errors ----

TEST_F(CollectionsClientTest, TellsWhatEachStatusMeans) {
  const std::pair<int, ErrorCode> statuses[] = {
      {301, ErrorCode::unavailable},         {400, ErrorCode::invalid_argument},
      {401, ErrorCode::access_denied},       {403, ErrorCode::access_denied},
      {404, ErrorCode::not_found},           {405, ErrorCode::unsupported},
      {409, ErrorCode::write_conflict},      {410, ErrorCode::gone},
      {413, ErrorCode::invalid_argument},    {415, ErrorCode::invalid_argument},
      {428, ErrorCode::precondition_failed}, {500, ErrorCode::internal_server_error},
      {501, ErrorCode::unsupported}};
  for (const auto& [status, code] : statuses) {
    will_answer(status, R"({"error":"x","message":"what is wrong"})",
                {{"Location", "http://other/"}});
    const auto got = client().get();
    EXPECT_EQ(got.error().code(), code) << status;
    EXPECT_EQ(server_answer(got.error())->status, status);
    EXPECT_THAT(got.error().message(), HasSubstr("what is wrong"));
    EXPECT_FALSE(got.error().outcome_unknown()) << status;
  }
}

TEST_F(CollectionsClientTest, HasTheKeyInNoError) {
  will_answer(400, "Error: bad my-api-key, my-api-key");
  const Error bad = client().get({.name = "my-api-key"}).error();
  EXPECT_THAT(bad.message(), Not(HasSubstr("my-api-key")));
  EXPECT_EQ(server_answer(bad)->body, "Error: bad ***, ***");
  EXPECT_THAT(server_answer(bad)->request, Not(HasSubstr("my-api-key")));
}

TEST_F(CollectionsClientTest, KeepsOnlySoMuchOfAnAnswer) {
  will_answer(400, std::string(20'000, 'x'));
  EXPECT_EQ(server_answer(client().get().error())->body.size(), std::size_t{16} << 10);
  will_answer(400, std::string((16 << 10) - 1, 'x') + "\xc3\xa9");
  EXPECT_EQ(server_answer(client().get().error())->body.size(), (std::size_t{16} << 10) - 1);
  will_answer(400, "\xff\xfe");
  EXPECT_EQ(server_answer(client().get().error())->body, "");
}

// ---- trying again ----

TEST_F(CollectionsClientTest, ReadsAgainWhatFailsInPassing) {
  will_fail(lost());
  will_answer(503);
  will_answer(502);
  will_answer(200, "[]");
  EXPECT_TRUE(client().get());
  EXPECT_THAT(pacing_.waits, ElementsAre(25ms, 50ms, 100ms));
  for (int i = 0; i < 4; ++i) will_answer(504);
  EXPECT_EQ(client().get().error().code(), ErrorCode::unavailable);
}

TEST_F(CollectionsClientTest, DoesNotReadAgainWhatWouldFailAgain) {
  for (const int status : {400, 401, 404, 409, 500}) {
    will_answer(status);
    EXPECT_FALSE(client().get());
  }
  will_fail(Error(ErrorCode::limit_exceeded, "its answer is larger than is taken"));
  EXPECT_EQ(client().get().error().code(), ErrorCode::limit_exceeded);
  EXPECT_THAT(pacing_.waits, IsEmpty());
}

TEST_F(CollectionsClientTest, WaitsAsLongAsTheServerAsks) {
  connect({.timeout = 100s});
  clock_.set(Time(std::chrono::seconds(784'111'777)));  // Sun, 06 Nov 1994 08:49:37 GMT
  will_answer(429, "", {{"Retry-After", "2"}});
  will_answer(503, "", {{"Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT"}});
  will_answer(200, "[]");
  EXPECT_TRUE(client().get());
  EXPECT_THAT(pacing_.waits, ElementsAre(2s, 10s));
  // Not longer than the call may take: then it may as well end now.
  will_answer(503, "", {{"Retry-After", "600"}});
  EXPECT_EQ(client().get().error().code(), ErrorCode::unavailable);
  EXPECT_THAT(pacing_.waits, testing::SizeIs(2));
}

TEST_F(CollectionsClientTest, SendsAgainOnlyWritesThatMayBeDoneTwice) {
  RemoteEntry entry = known_entry();
  on_our_server();
  // Neither an update without condition, nor a new entry, nor a restore.
  will_fail(lost());
  EXPECT_TRUE(entry.update({.value = "2"}).error().outcome_unknown());
  will_answer(503);
  EXPECT_TRUE(collection().add({.value = "2"}).error().outcome_unknown());
  will_fail(lost(ErrorCode::timed_out));
  EXPECT_TRUE(entry.restore(VersionReference::revision(1)).error().outcome_unknown());
  EXPECT_THAT(pacing_.waits, IsEmpty());

  // But if it is certain that nothing was begun.
  will_fail(Error(ErrorCode::unavailable, "connection refused"));
  will_answer(429);
  will_answer(200, "", {{"X-Version", "300"}});
  EXPECT_TRUE(entry.update({.value = "2"}));

  // A condition, a key, or a name make it safe.
  will_fail(lost());
  will_answer(200, "", {{"X-Version", "301"}});
  EXPECT_TRUE(entry.update({.value = "2"}, {.if_match = entry.tag()}));
  will_answer(502);
  will_answer(201, hello);
  EXPECT_TRUE(collection().add({.value = "2"}, {.idempotency_key = "k"}));
  will_fail(lost());
  will_answer(200, hello);
  EXPECT_TRUE(collection().get_or_add({.name = "hello", .value = "2"}));
}

TEST_F(CollectionsClientTest, SaysWhenNobodyKnowsWhetherAWriteWasDone) {
  RemoteEntry entry = known_entry();
  on_our_server();
  // The first attempt may have made the second one fail.
  will_fail(lost());
  will_answer(412, "", {{"ETag", "\"201\""}});
  const auto updated = entry.update({.value = "2"}, {.if_match = entry.tag()});
  EXPECT_EQ(updated.error().code(), ErrorCode::precondition_failed);
  EXPECT_TRUE(updated.error().outcome_unknown());
  EXPECT_EQ(entry.version(), 200);
}

TEST_F(CollectionsClientTest, ADeleteThatFindsNothingLeftHasSucceeded) {
  RemoteEntry entry = known_entry();
  on_our_server();
  will_fail(lost());
  will_answer(404);
  ASSERT_TRUE(entry.destroy());
  EXPECT_TRUE(entry.is_deleted());

  entry = known_entry();
  will_fail(lost());
  will_answer(412, "", {{"ETag", "\"200.d\""}});
  EXPECT_TRUE(entry.destroy({.if_match = entry.tag()}));

  entry = known_entry();
  will_fail(lost());
  will_answer(412, "", {{"ETag", "\"201\""}});
  EXPECT_FALSE(entry.destroy({.if_match = entry.tag()}));
  EXPECT_FALSE(entry.is_deleted());
  will_answer(404);
  EXPECT_EQ(entry.destroy().error().code(), ErrorCode::not_found);
}

TEST_F(CollectionsClientTest, HasADeadlineForEachCall) {
  const auto now = pacing_.now();
  connect({.timeout = 30s, .attempt_timeout = 10s});
  will_answer(200, "[]");
  ASSERT_TRUE(client().get());
  EXPECT_EQ(transport_->last_deadline - now, 10s);
  will_answer(200, "[]");
  ASSERT_TRUE(client().get({.timeout = 3s}));
  EXPECT_EQ(transport_->last_deadline - now, 3s);
  EXPECT_EQ(client().get({.timeout = 0s}).error().code(), ErrorCode::invalid_argument);
  // Waiting that was asked for comes on top.
  will_answer(200, R"({"changes":[],"next":7})");
  ASSERT_TRUE(collection().changes(5, {.wait = 40s}));
  EXPECT_EQ(transport_->last_deadline - now, 50s);
}

// ---- history ----

TEST_F(CollectionsClientTest, ReadsHistory) {
  on_our_server();
  const std::string path = "GET /api/user/user-1/collection/c1/entry/e1/version";
  const RemoteEntry entry = collection().entry("e1");
  will_answer(200,
              R"({"versions":[{"version":200,"revision":2,"createdAt":"…","current":true,)"
              R"("by":"ci","message":"why","restoredFrom":100,"name":"n","value":1},)"
              R"({"version":100,"revision":null,"current":false,"deletedAt":"x"}],"next":"abc"})");
  const HistoryPage page = entry.history({.limit = 2, .from = 1, .values = false}).value();
  EXPECT_THAT(lines(), ElementsAre(path + "?order=desc&limit=2&from=1&values=false"));
  EXPECT_EQ(page.next_cursor, "abc");
  ASSERT_EQ(page.versions.size(), 2u);
  EXPECT_EQ(page.versions[0].comment, "why");
  EXPECT_EQ(page.versions[0].restored_from, 100);
  EXPECT_TRUE(page.versions[0].is_newest);
  EXPECT_EQ(page.versions[1].revision, std::nullopt);

  transport_->requests.clear();
  for (const auto version : {VersionReference::number(7), VersionReference::revision(2),
                             VersionReference::first(), VersionReference::last()}) {
    will_answer(200, R"({"version":7})");
    EXPECT_EQ(entry.version(version).value().version, 7);
  }
  will_answer(200, list_of({hello}));
  EXPECT_EQ(entry.at(250).value().version, 200);
  EXPECT_THAT(lines(), ElementsAre(path + "/7", path + "/r2", path + "/first", path + "/last",
                                   "GET /api/user/user-1/collection/c1/entry/e1?filter=latest&"
                                   "view=full&at=250"));
  will_answer(410, R"({"error":"gone","message":"What there was has been purged"})");
  EXPECT_EQ(entry.version(VersionReference::number(1)).error().code(), ErrorCode::gone);
}

TEST_F(CollectionsClientTest, MakesHistoryOfWhatDynamodbMinisServerHas) {
  on_dynamodb_minis();
  const std::string all = list_of(
      {R"({"meta":{"user":"u","collection":"c1","entry":"e1","version":100},"name":"a","value":1})",
       R"({"meta":{"user":"u","collection":"c1","entry":"e1","version":200},"name":"a","value":2})",
       R"({"meta":{"user":"u","collection":"c1","entry":"e1","version":300,"deletedAt":)"
       R"("1970-01-01T00:00:00.400Z"},"name":"b","value":2})"});
  const RemoteEntry entry = collection().entry("e1");
  const auto versions_of = [](const HistoryPage& page) {
    std::vector<Millis> versions;
    for (const VersionRecord& each : page.versions) versions.push_back(each.version);
    return versions;
  };
  will_answer(200, all);
  EXPECT_THAT(versions_of(entry.history().value()), ElementsAre(300, 200, 100));
  will_answer(200, all);
  EXPECT_THAT(versions_of(entry.history({.ascending = true, .from = 200}).value()),
              ElementsAre(200, 300));
  will_answer(200, all);
  EXPECT_EQ(entry.version(VersionReference::revision(2)).value().version, 200);
  will_answer(200, all);
  EXPECT_TRUE(entry.version(VersionReference::last()).value().is_newest);
  will_answer(200, all);
  EXPECT_EQ(entry.version(VersionReference::number(150)).error().code(), ErrorCode::not_found);
  will_answer(200, all);
  EXPECT_EQ(entry.at(399).value().deleted_at, std::nullopt);
  will_answer(200, all);
  EXPECT_EQ(entry.at(400).error().code(), ErrorCode::not_found);  // deleted by then
  will_answer(200, all);
  will_answer(200, all);
  will_answer(200, all);
  const VersionDifference difference = entry.diff().value();
  EXPECT_EQ(difference.names, (std::pair<std::string, std::string>("a", "b")));
  EXPECT_EQ(difference.patch, "[]");
}

TEST_F(CollectionsClientTest, RestoresAndPurges) {
  RemoteEntry entry = known_entry();
  on_our_server();
  will_answer(200,
              R"({"version":300,"revision":4,"current":true,"restoredFrom":100,"name":"old",)"
              R"("value":1})",
              {{"X-Version", "300"}});
  ASSERT_TRUE(entry.restore(VersionReference::number(100)));
  EXPECT_EQ(body(), R"({"version":100})");
  EXPECT_EQ(entry.name(), "old");
  EXPECT_EQ(entry.tag(), (StateTag{.version = 300}));
  will_answer(200, R"({"version":7})");
  will_answer(200, R"({"version":301,"revision":5})");
  ASSERT_TRUE(entry.restore(VersionReference::first()));
  EXPECT_EQ(body(), R"({"version":7})");

  will_answer(200, R"({"purged":2,"kept":1,"floor":200})");
  const PurgeReport report =
      entry.purge({.versions = {1, 2}, .dry_run = true, .if_match = std::vector{entry.tag()}})
          .value();
  EXPECT_EQ(body(), R"({"versions":[1,2],"dryRun":true})");
  EXPECT_EQ(header("if-match"), "\"301\"");
  EXPECT_EQ(report.purged, 2u);
  EXPECT_EQ(report.floor, 200);

  will_answer(200, R"({"restored":1,"deleted":2,"unchanged":3,"failed":["e9"]})");
  RemoteCollection all = collection();
  EXPECT_THAT(all.restore_with_entries(250).value().failed, ElementsAre("e9"));
  EXPECT_EQ(body(), R"({"entries":true,"at":250})");
}

TEST_F(CollectionsClientTest, SaysWhatDynamodbMinisServerCannotDo) {
  RemoteEntry entry = known_entry();
  on_dynamodb_minis();
  will_answer(200);
  EXPECT_EQ(entry.restore().error().code(), ErrorCode::unsupported);
  will_answer(200);
  EXPECT_EQ(entry.purge({.keep_last = 1}).error().code(), ErrorCode::unsupported);
  will_answer(200);
  EXPECT_EQ(collection().batch({BatchOperation::remove("e1")}, true).error().code(),
            ErrorCode::unsupported);
  will_answer(200);
  EXPECT_EQ(collection().changes(0).error().code(), ErrorCode::unsupported);
}

// ---- batches and changes ----

TEST_F(CollectionsClientTest, SendsABatchAndTellsItsOutcomes) {
  will_answer(409, R"({"results":[{"status":424},{"status":409,"entry":"e1","error":"conflict",)"
                   R"("message":"others were in the way"},{"status":424,"entry":"e2"},)"
                   R"({"status":424,"entry":"e3"}]})");
  const BatchResult result =
      collection()
          .batch({BatchOperation::create({.name = "new", .value = "[1]"}),
                  BatchOperation::update("e1", {.value = "2"}).if_match(200),
                  BatchOperation::remove("e2"),
                  BatchOperation::restore("e3", VersionReference::revision(2))},
                 true, {.comment = "why"})
          .value();
  EXPECT_EQ(body(),
            R"({"atomic":true,"operations":[{"op":"create","name":"new","value":[1]},)"
            R"({"op":"update","entry":"e1","value":2,"ifMatch":200},{"op":"delete","entry":"e2"},)"
            R"({"op":"restore","entry":"e3","revision":2}]})");
  EXPECT_FALSE(result.is_done);
  ASSERT_EQ(result.outcomes.size(), 4u);
  EXPECT_EQ(result.outcomes[1].error, "conflict");
  EXPECT_EQ(result.outcomes[2].status, 424);

  will_answer(200, R"({"results":[{"status":201,"entry":"e5","version":9}]})");
  const BatchResult done =
      collection().batch({BatchOperation::create({.value = "1"})}, false).value();
  EXPECT_TRUE(done.is_done);
  EXPECT_EQ(done.outcomes.front().version, 9);
  will_answer(412, R"({"error":"precondition_failed","message":"no"})");
  EXPECT_EQ(collection().batch({BatchOperation::remove("e1")}, true).error().code(),
            ErrorCode::precondition_failed);
  will_answer(200, R"({"results":[]})");
  EXPECT_TRUE(collection().batch({BatchOperation::remove("e1")}, true).error().outcome_unknown());
  EXPECT_EQ(collection().batch({}, true).error().code(), ErrorCode::invalid_argument);
}

TEST_F(CollectionsClientTest, WaitsForChanges) {
  will_answer(200, R"({"changes":[)" + std::string(hello) + R"(],"next":205})");
  const RemoteChanges changes = collection().changes(100, {.limit = 10, .wait = 30s}).value();
  EXPECT_THAT(lines(), ElementsAre("GET /api/user/user-1/collection/c1/changes?since=100&limit=10&"
                                   "view=full&wait=30"));
  EXPECT_EQ(changes.next, 205);
  EXPECT_EQ(changes.entries.at(0).name(), "hello");
  EXPECT_EQ(collection().changes(0, {.wait = 61s}).error().code(), ErrorCode::invalid_argument);
}

TEST_F(CollectionsClientTest, CopiesOfAHandleAreIndependent) {
  RemoteEntry entry = known_entry();
  const RemoteEntry before = entry;
  on_our_server();
  will_answer(200, "", {{"X-Version", "300"}});
  ASSERT_TRUE(entry.update({.name = "new"}));
  EXPECT_EQ(before.name(), "hello");
  RemoteEntry other = collection().entry("e9");
  other = before;
  EXPECT_EQ(other.id(), "e1");
  EXPECT_EQ(other.version(), 200);
}

}  // namespace
}  // namespace dynakeep::clients
