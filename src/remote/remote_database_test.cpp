#include "remote/remote_database.h"

#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/manual_pacing.h"
#include "wire/error_json.h"
#include "wire/message_json.h"

namespace dynakeep::remote {
namespace {

using base::ManualPacing;

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Answer = Result<http::HttpResponse>;

// Gives the answers it was told, one a request, and keeps the requests.
class ScriptedTransport final : public transport::Transport {
 public:
  explicit ScriptedTransport(std::vector<Answer> answers) : answers_(std::move(answers)) {}

  Answer send(const transport::Origin& to, const http::HttpRequest& request,
              transport::Deadline deadline) override {
    origins.push_back(to);
    requests.push_back(request);
    deadlines.push_back(deadline);
    if (requests.size() > answers_.size()) {
      ADD_FAILURE() << "a request that the test does not expect: " << request.body;
      return Error(ErrorCode::unavailable, "no answer");
    }
    return answers_[requests.size() - 1];
  }

  std::vector<transport::Origin> origins = {};
  std::vector<http::HttpRequest> requests = {};
  std::vector<transport::Deadline> deadlines = {};

 private:
  std::vector<Answer> answers_;
};

// Gives the credentials it was told, the last one again and again.
class ScriptedCredentials final : public CredentialsProvider {
 public:
  explicit ScriptedCredentials(std::vector<Result<Credentials>> given) : given_(std::move(given)) {}

  Result<Credentials> credentials() override {
    ++asked;
    return given_[std::min(asked, given_.size()) - 1];
  }
  void refused(const Credentials& credentials) override {
    keys_refused.push_back(credentials.access_key_id);
  }

  std::size_t asked = 0;
  std::vector<std::string> keys_refused = {};

 private:
  std::vector<Result<Credentials>> given_;
};

const Credentials key_a{.access_key_id = "A", .secret_access_key = "a"};
const Credentials key_b{.access_key_id = "B", .secret_access_key = "b", .session_token = "t"};

Answer ok(std::string body = "{}") { return http::HttpResponse{.body = std::move(body)}; }
Answer status(int status, std::string body = "") {
  return http::HttpResponse{.status = status, .body = std::move(body)};
}
Answer refusal(const std::string& exception, const std::string& message = "m") {
  return status(400, R"({"__type":"x#)" + exception + R"(","message":")" + message + R"("})");
}
Answer lost() {
  return Error(ErrorCode::unavailable, "the connection was lost").set_outcome_unknown(true);
}
Answer never_sent() { return Error(ErrorCode::unavailable, "connection refused"); }
Answer with_header(Answer answer, std::string_view name, std::string_view value) {
  answer->headers.add(name, value);
  return answer;
}

// A remote database whose endpoint answers as told.
struct Remote {
  explicit Remote(std::vector<Answer> answers, std::vector<Result<Credentials>> given = {key_a},
                  RetryOptions retry = {})
      : provider(std::make_shared<ScriptedCredentials>(std::move(given))) {
    auto owned = std::make_unique<ScriptedTransport>(std::move(answers));
    transport = owned.get();
    database = std::make_unique<RemoteDatabase>(
        RemoteParts{.endpoint = {.host = "db.example.com", .port = 8000},
                    .region = "eu-west-1",
                    .credentials = provider,
                    .transport = std::move(owned),
                    .retry = retry,
                    .clock = &clock,
                    .pacing = &pacing});
  }

  std::size_t sent() const { return transport->requests.size(); }
  // Nothing if the last request was signed well by the key at the time.
  std::string complaint_about_signature(const Credentials& key, Time now) const {
    const auto verified = http::verify(
        transport->requests.back(), {{key.access_key_id, key.secret_access_key}}, "dynamodb", now);
    return verified ? "" : verified.error().message();
  }

  ManualClock clock;
  ManualPacing pacing;
  std::shared_ptr<ScriptedCredentials> provider;
  ScriptedTransport* transport = nullptr;
  std::unique_ptr<RemoteDatabase> database;
};

const GetItemRequest a_get{.table_name = "T", .key = Key{{"k", "x"}}};
const PutItemRequest a_put{.table_name = "T", .item = Item{{"k", "x"}}};
const UpdateItemRequest an_increment{.table_name = "T",
                                     .key = Key{{"k", "x"}},
                                     .update_expression = "SET n = n + :one",
                                     .expression_attribute_values = Item{{":one", 1}}};
const TransactWriteItemsRequest a_transaction{
    .transact_items = std::vector<TransactWriteItem>{
        {.put = TransactPut{.table_name = "T", .item = Item{{"k", "x"}}}}}};

std::string token_in(const http::HttpRequest& request) {
  const std::string before = "\"ClientRequestToken\":\"";
  const auto at = request.body.find(before);
  if (at == std::string::npos) return "";
  const auto from = at + before.size();
  return request.body.substr(from, request.body.find('"', from) - from);
}

// ---- one attempt ----

TEST(RemoteDatabase, SendsASignedOperationAndReadsItsResult) {
  Remote remote({ok(R"({"Item":{"k":{"S":"x"},"n":{"N":"1"}}})")});
  const auto result = remote.database->get_item(a_get);
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(*result->item, (Item{{"k", "x"}, {"n", 1}}));

  const http::HttpRequest& request = remote.transport->requests.at(0);
  EXPECT_EQ(remote.transport->origins.at(0).host, "db.example.com");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.headers.find("host"), "db.example.com:8000");
  EXPECT_EQ(request.headers.find("x-amz-target"), "DynamoDB_20120810.GetItem");
  EXPECT_EQ(request.headers.find("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(request.body, R"({"TableName":"T","Key":{"k":{"S":"x"}}})");
  EXPECT_THAT(std::string(*request.headers.find("authorization")),
              HasSubstr("/eu-west-1/dynamodb/"));
  EXPECT_EQ(remote.complaint_about_signature(key_a, remote.clock.now()), "");
}

TEST(RemoteDatabase, SendsTheTokenOfTemporaryCredentials) {
  Remote remote({ok()}, {key_b});
  ASSERT_TRUE(remote.database->get_item(a_get));
  EXPECT_EQ(remote.transport->requests.at(0).headers.find("x-amz-security-token"), "t");
  EXPECT_EQ(remote.complaint_about_signature(key_b, remote.clock.now()), "");
}

TEST(RemoteDatabase, ReturnsAnErrorAsTheServiceSaidIt) {
  Remote remote({status(
      400, wire::encode_error(Error::conditional_check_failed().set_item(Item{{"k", "x"}})))});
  const auto result = remote.database->put_item(a_put);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().is_condition_failure());
  EXPECT_FALSE(result.error().outcome_unknown());
  ASSERT_NE(result.error().item(), nullptr);
  EXPECT_EQ(*result.error().item(), (Item{{"k", "x"}}));
}

TEST(RemoteDatabase, DoesNotSendWhatCannotBeWritten) {
  Remote remote({});
  const auto request =
      wire::decode_message<PutItemRequest>(R"({"TableName":"T","Item":{"k":{"N":"twelve"}}})");
  const auto result = remote.database->put_item(request.value());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::validation);
  EXPECT_EQ(remote.sent(), 0U);
}

TEST(RemoteDatabase, SaysThatAWriteWithAnUnreadableAnswerMayHaveBeenDone) {
  Remote remote({ok("<html>"), ok("<html>")});
  const auto put = remote.database->put_item(a_put);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::internal_server_error);
  EXPECT_TRUE(put.error().outcome_unknown());
  EXPECT_THAT(put.error().message(), HasSubstr("http://db.example.com:8000 answered PutItem"));
  EXPECT_FALSE(remote.database->get_item(a_get).error().outcome_unknown());
}

TEST(RemoteDatabase, LooksForNothingInAnAnswerThatSaysNothing) {
  Remote remote({ok(""), ok("{}"), ok(R"("")")});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(remote.database->tag_resource({.resource_arn = "a"}));
}

TEST(RemoteDatabase, HasNothingToWaitForToBeDurable) {
  Remote remote({});
  bool done = false;
  remote.database->when_durable(7, [&done](const Result<void>& result) { done = bool(result); });
  EXPECT_TRUE(done);
}

// ---- lost answers ----

TEST(RemoteDatabase, ReadsAgainWhenAnAnswerWasLost) {
  Remote remote({lost(), status(500), ok()});
  EXPECT_TRUE(remote.database->get_item(a_get));
  EXPECT_EQ(remote.sent(), 3U);
}

TEST(RemoteDatabase, KnowsTheOutcomeOfAReadInAnyCase) {
  Remote remote({lost(), lost(), lost()});
  const auto result = remote.database->get_item(a_get);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(result.error().outcome_unknown());
}

TEST(RemoteDatabase, PutsAgainWhenAnAnswerWasLost) {
  Remote remote({lost(), status(502), ok()});
  EXPECT_TRUE(remote.database->put_item(a_put));
  EXPECT_EQ(remote.sent(), 3U);
}

TEST(RemoteDatabase, SaysThatAConditionThatFailsAfterALostAnswerMayHaveFailedByItself) {
  Remote remote({lost(), refusal("ConditionalCheckFailedException")});
  const auto result = remote.database->put_item(a_put);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().is_condition_failure());
  EXPECT_TRUE(result.error().outcome_unknown());
}

TEST(RemoteDatabase, SaysAfterALostAnswerThatTheOutcomeIsUnknownWhateverCameLater) {
  Remote remote({lost(), never_sent(), refusal("ThrottlingException")});
  const auto result = remote.database->put_item(a_put);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::throttling);
  EXPECT_TRUE(result.error().outcome_unknown());
}

TEST(RemoteDatabase, DoesNotIncrementTwice) {
  for (const Answer& answer : {lost(), status(500), status(503), status(504, "<html>"),
                               Answer(Error(ErrorCode::timed_out, "").set_outcome_unknown(true))}) {
    Remote remote({answer});
    const auto result = remote.database->update_item(an_increment);
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().outcome_unknown()) << result.error();
    EXPECT_EQ(remote.sent(), 1U);
  }
}

TEST(RemoteDatabase, IncrementsAgainIfTheFirstCannotHaveBeenDone) {
  for (const Answer& answer : {never_sent(), refusal("ProvisionedThroughputExceededException"),
                               status(503, R"({"__type":"x#ServiceUnavailable"})"),
                               Answer(Error(ErrorCode::timed_out, "no connection in time"))}) {
    Remote remote({answer, ok()});
    EXPECT_TRUE(remote.database->update_item(an_increment));
    EXPECT_EQ(remote.sent(), 2U);
  }
}

TEST(RemoteDatabase, SaysThatTheOutcomeIsKnownIfNoAttemptWasSentWhole) {
  Remote remote({never_sent(), refusal("ThrottlingException"), never_sent()});
  const auto result = remote.database->update_item(an_increment);
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().outcome_unknown());
}

// ---- transactions ----

TEST(RemoteDatabase, SendsOneTokenWithAllAttemptsOfATransaction) {
  Remote remote({lost(), lost(), ok(), ok()});
  ASSERT_TRUE(remote.database->transact_write_items(a_transaction));
  ASSERT_TRUE(remote.database->transact_write_items(a_transaction));
  std::vector<std::string> tokens;
  for (const auto& request : remote.transport->requests) tokens.push_back(token_in(request));
  EXPECT_EQ(tokens.at(0).size(), 36U);
  EXPECT_EQ(tokens.at(1), tokens.at(0));
  EXPECT_EQ(tokens.at(2), tokens.at(0));
  EXPECT_NE(tokens.at(3), tokens.at(0));
  EXPECT_THAT(remote.transport->requests.at(0).body, HasSubstr(R"(","TransactItems":[{"Put")"));
}

TEST(RemoteDatabase, LeavesTheCallersTokenAsItIs) {
  Remote remote({ok()});
  auto request = a_transaction;
  request.client_request_token = "mine";
  ASSERT_TRUE(remote.database->transact_write_items(request));
  EXPECT_EQ(token_in(remote.transport->requests.at(0)), "mine");
}

TEST(RemoteDatabase, MakesATokenForAnEmptyTransactionToo) {
  Remote remote({refusal("ValidationException")});
  EXPECT_FALSE(remote.database->transact_write_items({}));
  EXPECT_THAT(remote.transport->requests.at(0).body, HasSubstr("\"ClientRequestToken\":\""));
  EXPECT_TRUE(remote.transport->requests.at(0).body.ends_with("\"}"));
}

// Answers nothing, and takes its time for it.
class SlowTransport final : public transport::Transport {
 public:
  explicit SlowTransport(ManualPacing& pacing) : pacing_(pacing) {}
  Answer send(const transport::Origin&, const http::HttpRequest&, transport::Deadline) override {
    ++sent;
    pacing_.advance(4min);
    return lost();
  }
  int sent = 0;

 private:
  ManualPacing& pacing_;
};

TEST(RemoteDatabase, DoesNotTrustATokenThatTheServiceMayHaveForgotten) {
  ManualPacing pacing;
  auto owned = std::make_unique<SlowTransport>(pacing);
  const SlowTransport& transport = *owned;
  RemoteDatabase database({.credentials = std::make_shared<ScriptedCredentials>(
                               std::vector<Result<Credentials>>{key_a}),
                           .transport = std::move(owned),
                           .retry = {.attempts_max = 100, .total_timeout = 10h},
                           .pacing = &pacing});
  const auto result = database.transact_write_items(a_transaction);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().outcome_unknown());
  EXPECT_EQ(transport.sent, 3);
}

// ---- the clock ----

TEST(RemoteDatabase, SetsItsClockByTheServiceAndSignsAgain) {
  const Time at_the_service = Time{std::chrono::seconds{1'700'000'000}} + 2h;  // 2023-11-15
  const std::string date = "Wed, 15 Nov 2023 00:13:20 GMT";
  Remote remote(
      {with_header(refusal("InvalidSignatureException", "Signature expired"), "Date", date), ok(),
       ok()});
  EXPECT_TRUE(remote.database->put_item(a_put));
  EXPECT_EQ(remote.complaint_about_signature(key_a, at_the_service), "");
  // From the first attempt on, and with the time that passes here.
  remote.clock.advance(1h);
  EXPECT_TRUE(remote.database->put_item(a_put));
  EXPECT_EQ(remote.complaint_about_signature(key_a, at_the_service + 1h), "");
  EXPECT_EQ(remote.sent(), 3U);
  EXPECT_TRUE(remote.pacing.waits.empty());
}

TEST(RemoteDatabase, DoesNotBlameTheClockForAWrongSignature) {
  Remote remote({with_header(
      refusal("InvalidSignatureException", "It does not match.\\nThe Canonical String: secret"),
      "Date", "Tue, 14 Nov 2023 22:13:20 GMT")});
  const auto result = remote.database->put_item(a_put);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::invalid_signature);
  EXPECT_EQ(result.error().message(), "It does not match.");
  EXPECT_EQ(remote.sent(), 1U);
}

TEST(RemoteDatabase, SetsItsClockOnceACall) {
  const std::string date = "Wed, 15 Nov 2023 00:13:20 GMT";
  const Answer skewed = with_header(refusal("InvalidSignatureException"), "Date", date);
  Remote remote({skewed, skewed}, {key_a}, {.attempts_max = 9});
  EXPECT_FALSE(remote.database->put_item(a_put));
  EXPECT_EQ(remote.sent(), 2U);
}

// ---- credentials ----

TEST(RemoteDatabase, AsksForCredentialsOnceAndKeepsThem) {
  Remote remote({ok(), ok(), ok()});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(remote.database->get_item(a_get));
  EXPECT_EQ(remote.provider->asked, 1U);
}

TEST(RemoteDatabase, SendsNothingWithoutCredentials) {
  Remote remote({}, {Error(ErrorCode::access_denied, "no credentials here")});
  const auto result = remote.database->get_item(a_get);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::access_denied);
  EXPECT_EQ(remote.provider->asked, 1U);
}

TEST(RemoteDatabase, AsksForOtherCredentialsOnceTheirTokenHasExpired) {
  Remote remote({refusal("ExpiredTokenException"), ok()}, {key_a, key_b});
  EXPECT_TRUE(remote.database->put_item(a_put));
  EXPECT_EQ(remote.complaint_about_signature(key_b, remote.clock.now()), "");
  EXPECT_THAT(remote.provider->keys_refused, ElementsAre("A"));
  EXPECT_TRUE(remote.pacing.waits.empty());
}

TEST(RemoteDatabase, GivesUpIfThereAreNoOtherCredentials) {
  Remote remote({refusal("UnrecognizedClientException", "unknown key")});
  const auto result = remote.database->put_item(a_put);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::unrecognized_client);
  EXPECT_EQ(result.error().message(), "unknown key");
  EXPECT_EQ(remote.provider->asked, 2U);
}

TEST(RemoteDatabase, AsksForOtherCredentialsOnceACall) {
  Remote remote({refusal("ExpiredTokenException"), refusal("ExpiredTokenException")},
                {key_a, key_b}, {.attempts_max = 9});
  EXPECT_FALSE(remote.database->put_item(a_put));
  EXPECT_EQ(remote.provider->asked, 2U);
}

TEST(RemoteDatabase, RefusesCredentialsThatWouldBreakAHeader) {
  for (const Credentials& bad :
       {Credentials{.access_key_id = "A\r\nX: y", .secret_access_key = "a"},
        Credentials{.access_key_id = "A", .secret_access_key = "a", .session_token = "t\n"},
        Credentials{.access_key_id = "A"}}) {
    Remote remote({}, {bad});
    const auto result = remote.database->get_item(a_get);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), ErrorCode::access_denied);
  }
}

// ---- waiting ----

TEST(RemoteDatabase, WaitsAsLongAsTheServiceAsks) {
  Remote remote({with_header(refusal("ThrottlingException"), "x-amz-retry-after", "1234"),
                 with_header(refusal("ThrottlingException"), "x-amz-retry-after", "soon"), ok()});
  EXPECT_TRUE(remote.database->get_item(a_get));
  EXPECT_THAT(remote.pacing.waits, ElementsAre(1234ms, 50ms));
}

TEST(RemoteDatabase, TellsTheTransportWhenEachAttemptMustBeDone) {
  Remote remote({never_sent(), ok()}, {key_a}, {.attempt_timeout = 7s});
  const transport::Deadline began = remote.pacing.now();
  EXPECT_TRUE(remote.database->get_item(a_get));
  EXPECT_EQ(remote.transport->deadlines.at(0) - began, 7s);
  EXPECT_EQ(remote.transport->deadlines.at(1) - began, 7s + 25ms);
}

// ---- what only engines of ours know ----

GetItemRequest get_with_point() {
  GetItemRequest request = a_get;
  request.want_stream_point = true;
  return request;
}

TEST(Extensions, AreNotSentToWhoDidNotAnnounceThem) {
  Remote remote({ok(), ok()});
  EXPECT_TRUE(remote.database->get_item(get_with_point()));
  EXPECT_TRUE(remote.database->get_records({.shard_iterator = "i", .wait = 20s}));
  for (const http::HttpRequest& request : remote.transport->requests) {
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      EXPECT_FALSE(request.headers[i].name.starts_with("x-engine")) << request.headers[i].name;
    }
  }
  EXPECT_EQ(remote.database->admin(), nullptr);
}

TEST(Extensions, ASnapshotIsNotPassedOver) {
  Remote remote({});
  const auto scanned = remote.database->scan({.table_name = "T", .snapshot = SnapshotUse::begin()});
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().code(), ErrorCode::unsupported);
  EXPECT_EQ(remote.sent(), 0u);
}

TEST(Extensions, TravelInHeaders) {
  Remote remote(
      {with_header(with_header(ok(), "X-Engine-Position", "7"), "x-engine-stream-arn", "arn"),
       with_header(ok(R"({"Count":0,"ScannedCount":0})"), "x-engine-snapshot", "t1")});
  remote.database->set_capabilities({.positions = true, .snapshots = true});
  const auto got = remote.database->get_item(get_with_point()).value();
  EXPECT_EQ(got.stream_point, (StreamPoint{.stream_arn = "arn", .position = "7"}));
  EXPECT_EQ(remote.transport->requests[0].headers.find("x-engine-want-position"), "1");
  const auto scanned =
      remote.database->scan({.table_name = "T", .snapshot = SnapshotUse::begin()}).value();
  EXPECT_EQ(scanned.snapshot, "t1");
  EXPECT_EQ(remote.transport->requests[1].headers.find("x-engine-snapshot"), "begin");
  EXPECT_EQ(remote.complaint_about_signature(key_a, remote.clock.now()), "");
}

TEST(Extensions, AWaitIsAddedToTheTimeThatACallMayTake) {
  Remote remote({ok(R"({"Records":[]})"), ok(R"({"Records":[]})")});
  remote.database->set_capabilities({.long_poll = true});
  EXPECT_TRUE(remote.database->get_records({.shard_iterator = "i"}));
  EXPECT_TRUE(remote.database->get_records({.shard_iterator = "i", .wait = 15s}));
  EXPECT_EQ(remote.transport->requests[1].headers.find("x-engine-wait-ms"), "15000");
  EXPECT_EQ(remote.transport->deadlines[1] - remote.transport->deadlines[0], 15s);
}

TEST(Extensions, AnEngineIsToldWhatToDoOnce) {
  Remote remote({lost()});
  remote.database->set_capabilities({.positions = true});
  ASSERT_NE(remote.database->admin(), nullptr);
  const auto told = remote.database->admin()->roll_shards({.stream_arn = "arn"});
  ASSERT_FALSE(told);
  EXPECT_TRUE(told.error().outcome_unknown());
  EXPECT_EQ(remote.transport->requests[0].headers.find("x-amz-target"), "EngineAdmin_1.RollShards");
  EXPECT_EQ(remote.transport->requests[0].body, R"({"StreamArn":"arn"})");
}

}  // namespace
}  // namespace dynakeep::remote
