#include "server/request_handler.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/signature.h"
#include "server/unused_database.h"

namespace dynakeep::server {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

class TwoTables final : public UnusedDatabase {
 public:
  Result<ListTablesResult> list_tables(const ListTablesRequest&) override {
    ++asked;
    return ListTablesResult{.table_names = {"Albums", "Songs"}};
  }
  int asked = 0;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

const std::pair<std::string, std::string> json{"Content-Type", "application/x-amz-json-1.0"};
const std::pair<std::string, std::string> list_tables{"X-Amz-Target",
                                                      "DynamoDB_20120810.ListTables"};
const std::pair<std::string, std::string> any_date{"X-Amz-Date", "20260101T000000Z"};
const std::pair<std::string, std::string> any_signature{
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=b"};

const std::string unknown_as_xml = "<UnknownOperationException/>\n";

std::string fault(const std::string& type) {
  return R"({"__type":"com.amazon.coral.service#)" + type + R"("})";
}

class EndpointTest : public testing::Test {
 protected:
  http::HttpResponse answer(std::string method, std::string target, const Fields& fields,
                            std::string body = {}) {
    http::HttpRequest request{
        .method = std::move(method), .target = std::move(target), .body = std::move(body)};
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    return handler_.answer(request);
  }
  http::HttpResponse post(const Fields& fields, std::string body = "{}") {
    return answer("POST", "/", fields, std::move(body));
  }
  void expect_fault(const http::HttpResponse& response, const std::string& body) {
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(response.body, body);
    EXPECT_EQ(database_.asked, 0);
  }

  TwoTables database_;
  RequestHandler handler_{database_, {}};
};

// The plainest CRC-32 (ISO 3309) there is.
std::uint32_t crc32_bit_by_bit(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFF;
  for (const char byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~sum;
}

using Endpoint = EndpointTest;

TEST_F(Endpoint, AnswersAnOperation) {
  const auto response = post({json, list_tables, any_date, any_signature});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"TableNames":["Albums","Songs"]})");
  EXPECT_EQ(response.headers.find("content-type"), "application/x-amz-json-1.0");
  EXPECT_THAT(std::string(response.headers.find("x-amzn-RequestId").value_or("")),
              MatchesRegex("[0-9A-Z]{52}"));
  EXPECT_EQ(response.headers.find("x-amz-crc32"), std::to_string(crc32_bit_by_bit(response.body)));
}

TEST_F(Endpoint, AnswersInTheContentTypeOfTheRequest) {
  for (const auto& [asked, given] :
       Fields{{"application/json", "application/json"},
              {"application/json; charset=utf-8", "application/json"},
              {"Application/X-Amz-Json-1.0 ;a=b", "application/x-amz-json-1.0"},
              {"application/x-amz-json-1.1", "application/x-amz-json-1.1"}}) {
    const auto response = post({{"Content-Type", asked}, list_tables, any_date, any_signature});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.find("content-type"), given);
  }
}

TEST_F(Endpoint, KnowsNoContentTypeButJson) {
  for (const Fields& fields :
       {Fields{list_tables, any_date, any_signature},
        Fields{{"Content-Type", "text/plain"}, list_tables, any_date, any_signature},
        Fields{{"Content-Type", "application/jsonx"}, list_tables, any_date, any_signature}}) {
    const auto response = post(fields);
    EXPECT_EQ(response.status, 404);
    EXPECT_EQ(response.body, unknown_as_xml);
    EXPECT_EQ(response.headers.find("x-amz-crc32"), "3552371480");
  }
}

TEST_F(Endpoint, SaysHowItIs) {
  for (const std::string target : {"/", "/health", "/?a=b"}) {
    const auto response = answer("GET", target, {});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "healthy: dynamodb.us-east-1.amazonaws.com ");
    EXPECT_EQ(response.headers.find("x-amz-crc32"), "3128867991");
  }
}

TEST_F(Endpoint, KnowsNoOtherMethodsAndPages) {
  for (const auto& [method, target] :
       Fields{{"GET", "/other"}, {"HEAD", "/"}, {"PUT", "/"}, {"DELETE", "/"}, {"OPTIONS", "/"}}) {
    const auto response = answer(method, target, {json, list_tables, any_date, any_signature});
    EXPECT_EQ(response.status, 404) << method;
    EXPECT_EQ(response.body, unknown_as_xml);
  }
}

TEST_F(Endpoint, LetsPagesOfOtherOriginsIn) {
  const std::pair<std::string, std::string> origin{"Origin", "http://example.com"};
  const auto preflight = answer("OPTIONS", "/",
                                {origin,
                                 {"Access-Control-Request-Method", "POST"},
                                 {"Access-Control-Request-Headers", "x-amz-target"}});
  EXPECT_EQ(preflight.status, 200);
  EXPECT_EQ(preflight.body, "");
  EXPECT_EQ(preflight.headers.find("access-control-allow-origin"), "*");
  EXPECT_EQ(preflight.headers.find("access-control-allow-methods"), "POST");
  EXPECT_EQ(preflight.headers.find("access-control-allow-headers"), "x-amz-target");
  EXPECT_EQ(preflight.headers.find("access-control-max-age"), "172800");

  const auto response = post({json, list_tables, any_date, any_signature, origin});
  EXPECT_EQ(response.headers.find("access-control-allow-origin"), "*");
  EXPECT_FALSE(post({json, list_tables, any_date, any_signature})
                   .headers.contains("access-control-allow-origin"));
}

TEST_F(Endpoint, KnowsOnlyTheOperationsOfThisVersion) {
  for (const std::string target :
       {"DynamoDB_20120810.Nope", "DynamoDB_20120810.listTables", "DynamoDB_20120810.ListTables ",
        "DynamoDB_20120810.", "DynamoDB_20120810", "DynamoDB_20111205.ListTables", "ListTables", "",
        "DynamoDB_20120810.ListTables.ListTables", "DynamoDB_20120810ListTables"}) {
    expect_fault(post({json, {"X-Amz-Target", target}, any_date, any_signature}),
                 fault("UnknownOperationException"));
  }
  expect_fault(post({json, any_date, any_signature}), fault("UnknownOperationException"));
}

TEST_F(Endpoint, AskedForNothingAtAllKnowsNoSuchOperation) {
  const auto response = post({}, "");
  expect_fault(response, fault("UnknownOperationException"));
  EXPECT_EQ(response.headers.find("content-type"), "application/json");
}

TEST_F(Endpoint, RefusesBodiesThatAreNotJson) {
  for (const std::string body : {"", "{\"a", "nonsense", "{} {}", "\xff"}) {
    expect_fault(post({json, list_tables, any_date, any_signature}, body),
                 fault("SerializationException"));
  }
}

// One row, one thing put right.
TEST_F(Endpoint, RefusesInDynamoDbsOrder) {
  EXPECT_EQ(post({{"Content-Type", "text/plain"}}, "nonsense").status, 404);
  expect_fault(post({json}, "nonsense"), fault("SerializationException"));
  expect_fault(post({json}), fault("UnknownOperationException"));
  expect_fault(post({json}, ""), fault("UnknownOperationException"));
  expect_fault(post({json, list_tables}, "nonsense"), fault("SerializationException"));
  const std::string missing_token =
      R"({"__type":"com.amazon.coral.service#MissingAuthenticationTokenException",)"
      R"("message":"Request is missing Authentication Token"})";
  expect_fault(post({json, list_tables}), missing_token);
  expect_fault(post({json, list_tables}, ""), missing_token);
  expect_fault(post({json, list_tables, any_date, any_signature}, ""),
               fault("SerializationException"));
  EXPECT_EQ(post({json, list_tables, any_date, any_signature}).status, 200);
}

TEST_F(Endpoint, QuotesWhatItCannotRead) {
  const std::string authorization = "AWS4-HMAC-SHA256 \"quoted\\";
  const auto response = post({json, list_tables, any_date, {"Authorization", authorization}});
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"(Authorization=AWS4-HMAC-SHA256 \"quoted\\")"));
  const auto no_text = post({json, list_tables, any_date, {"Authorization", "AWS4-\xff"}});
  EXPECT_EQ(no_text.body, fault("IncompleteSignatureException"));
}

TEST_F(Endpoint, NoTwoRequestsHaveOneId) {
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) {
    ids.emplace(answer("GET", "/", {}).headers.find("x-amzn-RequestId").value_or(""));
  }
  EXPECT_EQ(ids.size(), 1'000U);
}

TEST_F(Endpoint, AWriteThatTheDiskLostIsAServerError) {
  const auto held =
      post({{"Content-Type", "application/json"}, list_tables, any_date, any_signature});
  const auto response = handler_.not_durable(held, Error::internal("disk full"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("InternalServerError"));
  EXPECT_EQ(response.headers.find("content-type"), "application/json");
}

// ---- with access keys ----

class GuardedTest : public EndpointTest {
 protected:
  GuardedTest() : guarded_(database_, {.secrets = {{"AKIDEXAMPLE", "secret"}}, .clock = &clock_}) {}

  http::HttpResponse ask(const std::string& secret, std::string body = "{}") {
    http::HttpRequest request{.method = "POST", .target = "/", .body = std::move(body)};
    for (const auto& [name, value] : {json, list_tables}) request.headers.add(name, value);
    request.headers.add("Host", "localhost:8000");
    http::sign(request, {.access_key_id = "AKIDEXAMPLE", .secret_access_key = secret}, {},
               clock_.now());
    clock_.advance(delay_);
    return guarded_.answer(request);
  }

  ManualClock clock_;
  std::chrono::seconds delay_ = 0s;
  RequestHandler guarded_;
};

using Guarded = GuardedTest;

TEST_F(Guarded, LetsHoldersOfTheSecretIn) {
  EXPECT_EQ(ask("secret").status, 200);
  EXPECT_EQ(database_.asked, 1);
}

TEST_F(Guarded, KeepsOthersOut) {
  const auto response = ask("guessed");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body,
              HasSubstr(R"({"__type":"com.amazon.coral.service#InvalidSignatureException",)"
                        R"("message":"The request signature we calculated does not match)"));
  EXPECT_EQ(database_.asked, 0);
}

TEST_F(Guarded, KeepsOldRequestsOut) {
  delay_ = 301s;
  const auto response = ask("secret");
  EXPECT_THAT(response.body, HasSubstr("Signature expired: "));
  EXPECT_EQ(database_.asked, 0);
}

}  // namespace
}  // namespace dynakeep::server
