#include "http/signature.h"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::http {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// The credentials and the moment of AWS's published test suite.
const Credentials credentials{.access_key_id = "AKIDEXAMPLE",
                              .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
const SecretKeys secrets{{credentials.access_key_id, credentials.secret_access_key}};
const Time moment = std::chrono::sys_days{std::chrono::August / 30 / 2015} + 12h + 36min;

using Fields = std::vector<std::pair<std::string, std::string>>;

HttpRequest make_request(std::string method, std::string target, const Fields& fields,
                         std::string body = {}) {
  HttpRequest request{
      .method = std::move(method), .target = std::move(target), .body = std::move(body)};
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

HttpRequest get_item() {
  return make_request("POST", "/",
                      {{"X-Amz-Target", "DynamoDB_20120810.GetItem"},
                       {"Content-Type", "application/x-amz-json-1.0"},
                       {"Host", "localhost:8000"}},
                      R"({"TableName":"Songs","Key":{"artist":{"S":"Nina"}}})");
}

HttpRequest signed_get_item(Time at = moment) {
  HttpRequest request = get_item();
  sign(request, credentials, {}, at);
  return request;
}

std::string signature_of(const HttpRequest& request) {
  const std::string authorization(request.headers.find("authorization").value_or(""));
  const auto at = authorization.find("Signature=");
  return at == std::string::npos ? "" : authorization.substr(at + 10);
}

Result<void> verify_at(const HttpRequest& request, Time now) {
  return verify(request, secrets, "dynamodb", now);
}

void expect_refused(const Result<void>& result, ErrorCode code, const std::string& message) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), code);
  EXPECT_EQ(result.error().message(), message);
}

// Changes one part of the Authorization header.
HttpRequest with_authorization(HttpRequest request, const std::string& from,
                               const std::string& to) {
  std::string authorization(request.headers.find("authorization").value_or(""));
  const auto at = authorization.find(from);
  EXPECT_NE(at, std::string::npos);
  authorization.replace(at, from.size(), to);
  request.headers.set("Authorization", authorization);
  return request;
}

// ---- signatures made by others ----

struct Vector {
  std::string name;
  std::string service;
  std::string region;
  HttpRequest request;
  std::string session_token;
  std::string signature;
};

void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }

std::vector<Vector> vectors() {
  const Fields example = {{"Host", "example.amazonaws.com"}};
  const auto suite = [&](std::string name, std::string method, std::string target,
                         const Fields& more, std::string body, std::string signature) {
    Fields fields = example;
    fields.insert(fields.end(), more.begin(), more.end());
    return Vector{std::move(name),
                  "service",
                  "us-east-1",
                  make_request(std::move(method), std::move(target), fields, std::move(body)),
                  "",
                  std::move(signature)};
  };
  HttpRequest empty = get_item();
  empty.body = "";
  HttpRequest with_letters = get_item();
  with_letters.body = "{\"Key\":{\"artist\":{\"S\":\"Bj\xc3\xb6rk\"}}}";
  return {
      // AWS's test suite for Signature Version 4.
      suite("get-vanilla", "GET", "/", {}, "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
      suite("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", {}, "",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
      suite("get-unreserved", "GET",
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", {}, "",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
      suite("get-utf8", "GET", "/\xe1\x88\xb4", {}, "",
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
      suite("get-vanilla-utf8-query", "GET", "/?\xe1\x88\xb4=bar", {}, "",
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
      suite("get-space", "GET", "/example space/", {}, "",
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
      suite("get-header-value-order", "GET", "/",
            {{"My-Header1", "value4"},
             {"My-Header1", "value1"},
             {"My-Header1", "value3"},
             {"My-Header1", "value2"}},
            "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
      suite("get-header-value-trim", "GET", "/",
            {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}}, "",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
      suite("get-slashes", "GET", "//", {}, "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
      suite("get-slash-dot-slash", "GET", "/./", {}, "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
      suite("get-relative-relative", "GET", "/example1/example2/../..", {}, "",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
      suite("post-vanilla", "POST", "/", {}, "",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
      suite("post-header-key-sort", "POST", "/", {{"My-Header1", "value1"}}, "",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
      suite("post-header-value-case", "POST", "/", {{"My-Header1", "VALUE1"}}, "",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
      suite("post-x-www-form-urlencoded", "POST", "/",
            {{"Content-Type", "application/x-www-form-urlencoded"}}, "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
      // The worked example of the IAM User Guide.
      {"ListUsers", "iam", "us-east-1",
       make_request("GET", "/?Action=ListUsers&Version=2010-05-08",
                    {{"Host", "iam.amazonaws.com"},
                     {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}),
       "", "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
      // Made by botocore 1.29.27.
      {"botocore GetItem", "dynamodb", "us-east-1", get_item(), "",
       "cf7e9d1437a6213f3fa6bf5d7f533bbdba5c708d2f0d945860e288ae4d4298ea"},
      {"botocore, no body", "dynamodb", "us-east-1", empty, "",
       "22f2219e6019c8249b4d385b549aadfc7d74422a81592f7fb16930984548fba6"},
      {"botocore, session token and letters past ASCII", "dynamodb", "eu-west-1", with_letters,
       "token/with+signs=", "98e546a91bee568c1adc12e34dd8b549bf89342725d6e2cf5f9ed14e6f858032"},
      {"botocore, path and query", "service", "us-east-1",
       make_request("POST", "/a%20b/../c/?b=2&a=1&a=0&empty=",
                    {{"Host", "example.com"}, {"X-Spaced", "  a   b  "}}, "x"),
       "", "4d08cf242bd4ae3d7541d2123f8e3e1dc34eeae9c70b0a1c8809b017154c08c8"},
  };
}

class PublishedSignature : public testing::TestWithParam<Vector> {};

TEST_P(PublishedSignature, IsTheOneWeMakeAndAccept) {
  const Vector& vector = GetParam();
  Credentials signer = credentials;
  signer.session_token = vector.session_token;
  HttpRequest request = vector.request;
  sign(request, signer, {.region = vector.region, .service = vector.service}, moment);
  EXPECT_EQ(signature_of(request), vector.signature);
  EXPECT_TRUE(verify(request, secrets, vector.service, moment));
}

INSTANTIATE_TEST_SUITE_P(Vectors, PublishedSignature, testing::ValuesIn(vectors()));

const std::string presigned_by_botocore =
    "/?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fdynamodb%2Faws4_request"
    "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host%3Bx-amz-target"
    "&X-Amz-Signature=190f799770df6b9b2ce241bf17bc3a60dd823b66be6463b871a2a59c8f4940ef";

HttpRequest unsigned_request() {
  return make_request("POST", "/",
                      {{"Host", "localhost:8000"}, {"X-Amz-Target", "DynamoDB_20120810.GetItem"}});
}

TEST(Presigning, MakesAndAcceptsWhatBotocoreMakes) {
  HttpRequest request = unsigned_request();
  presign(request, credentials, {}, moment, 900s);
  EXPECT_EQ(request.target, presigned_by_botocore);
  EXPECT_TRUE(verify_at(request, moment));
}

TEST(Presigning, IsGoodUntilItsOwnTimeIsOver) {
  HttpRequest request = unsigned_request();
  presign(request, credentials, {}, moment, 900s);
  EXPECT_TRUE(verify_at(request, moment + 15min));
  expect_refused(verify_at(request, moment + 15min + 1s), ErrorCode::invalid_signature,
                 "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
                 "(20150830T125101Z - 15 min.)");
  EXPECT_TRUE(verify_at(request, moment - 5min));
  EXPECT_FALSE(verify_at(request, moment - 5min - 1s));
}

TEST(Presigning, TakesATimeOfAtMostSevenDays) {
  for (const std::string expires : {"0", "604801", "-1", "1e3", "99999999999999999999"}) {
    HttpRequest request = unsigned_request();
    presign(request, credentials, {}, moment, 900s);
    request.target.replace(request.target.find("=900"), 4, "=" + expires);
    expect_refused(verify_at(request, moment), ErrorCode::invalid_signature,
                   "X-Amz-Expires must be between 1 and 604800 seconds, not '" + expires + "'.");
  }
}

TEST(Presigning, EveryByteOfTheTargetCounts) {
  HttpRequest request = unsigned_request();
  presign(request, credentials, {}, moment, 900s);
  for (std::size_t i = 0; i < request.target.size(); ++i) {
    HttpRequest changed = request;
    changed.target[i] = changed.target[i] == 'z' ? 'y' : 'z';
    EXPECT_FALSE(verify_at(changed, moment)) << changed.target;
  }
}

// ---- what is covered ----

TEST(Verifying, EveryByteOfTheRequestCounts) {
  const HttpRequest request = signed_get_item();
  ASSERT_TRUE(verify_at(request, moment));
  const auto flipped = [](std::string_view text, std::size_t at) {
    std::string changed(text);
    changed[at] = static_cast<char>(changed[at] ^ 1);
    return changed;
  };
  for (std::size_t i = 0; i < request.method.size(); ++i) {
    HttpRequest changed = request;
    changed.method = flipped(request.method, i);
    EXPECT_FALSE(verify_at(changed, moment)) << changed.method;
  }
  for (std::size_t i = 0; i < request.body.size(); ++i) {
    HttpRequest changed = request;
    changed.body = flipped(request.body, i);
    EXPECT_FALSE(verify_at(changed, moment)) << changed.body;
  }
  for (std::size_t field = 0; field < request.headers.size(); ++field) {
    for (std::size_t i = 0; i < request.headers[field].value.size(); ++i) {
      HttpRequest changed = request;
      changed.headers.clear();
      for (std::size_t j = 0; j < request.headers.size(); ++j) {
        const auto [name, value] = request.headers[j];
        changed.headers.add(name, field == j ? flipped(value, i) : std::string(value));
      }
      EXPECT_FALSE(verify_at(changed, moment)) << changed.headers.text();
    }
  }
}

TEST(Verifying, ABodyLongerOrShorterByOneByteIsRefused) {
  HttpRequest request = signed_get_item();
  request.body += ' ';
  EXPECT_FALSE(verify_at(request, moment));
  request.body.resize(request.body.size() - 2);
  EXPECT_FALSE(verify_at(request, moment));
}

TEST(Verifying, UnsignedHeadersMayBeAddedOnTheWay) {
  HttpRequest request = signed_get_item();
  request.headers.add("User-Agent", "aws-cli/2.9");
  request.headers.add("Connection", "keep-alive");
  EXPECT_TRUE(verify_at(request, moment));
}

TEST(Verifying, TheHashOfTheBodyCountsWhateverIsClaimed) {
  for (const std::string claimed :
       {"UNSIGNED-PAYLOAD", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
    HttpRequest request = get_item();
    request.headers.add("X-Amz-Content-Sha256", claimed);
    sign(request, credentials, {}, moment);
    EXPECT_TRUE(verify_at(request, moment));
    request.body = "{}";
    EXPECT_FALSE(verify_at(request, moment));
  }
}

TEST(Verifying, SigningAgainReplacesTheSignature) {
  HttpRequest request = signed_get_item();
  sign(request, credentials, {}, moment + 1h);
  EXPECT_TRUE(verify_at(request, moment + 1h));
  EXPECT_FALSE(verify_at(request, moment));
}

TEST(Verifying, ADateHeaderWillDo) {
  // With botocore's form of the header: the string to sign has the basic form all the same.
  HttpRequest request = signed_get_item();
  const std::string authorization(request.headers.find("authorization").value_or(""));
  HttpRequest dated = make_request("POST", "/", {{"Host", "localhost:8000"}});
  dated.headers.add("Date", "Sun, 30 Aug 2015 12:36:00 GMT");
  dated.headers.add("Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/dynamodb/"
                    "aws4_request, SignedHeaders=date;host, Signature=0");
  const auto refused = verify_at(dated, moment);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("AWS4-HMAC-SHA256\n20150830T123600Z\n"));
}

// ---- what is refused, and how ----

TEST(Refusal, NoSignatureIsAMissingToken) {
  expect_refused(verify_at(get_item(), moment), ErrorCode::missing_authentication_token,
                 "Request is missing Authentication Token");
  for (const std::string authorization : {"a", "AWS a:b", "Basic dXNlcjpwYXNz", "Bearer token"}) {
    HttpRequest request = get_item();
    request.headers.add("Authorization", authorization);
    expect_refused(check_signature_is_complete(request), ErrorCode::missing_authentication_token,
                   "Request is missing Authentication Token");
  }
}

TEST(Refusal, MissingPartsOfTheHeaderAreNamed) {
  HttpRequest request = get_item();
  request.headers.add("Authorization", "AWS4-HMAC-SHA256");
  expect_refused(
      check_signature_is_complete(request), ErrorCode::incomplete_signature,
      "Authorization header requires 'Credential' parameter. Authorization header requires "
      "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
      "Authorization=AWS4-HMAC-SHA256");
  request.headers.add("X-Amz-Date", "20150830T123600Z");
  request.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential=a");
  expect_refused(check_signature_is_complete(request), ErrorCode::incomplete_signature,
                 "Authorization header requires 'Signature' parameter. Authorization header "
                 "requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256 Credential=a");
  request.headers.set("Authorization",
                      "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c");
  EXPECT_TRUE(check_signature_is_complete(request));
}

TEST(Refusal, MissingPartsOfTheQueryAreNamed) {
  HttpRequest request = get_item();
  request.target = "/?X-Amz-Algorithm";
  expect_refused(
      check_signature_is_complete(request), ErrorCode::incomplete_signature,
      "AWS query-string parameters must include 'X-Amz-Algorithm'. AWS query-string parameters "
      "must include 'X-Amz-Credential'. AWS query-string parameters must include "
      "'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS "
      "query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters.");
  request.target = "/?X-Amz-Algorithm=a&X-Amz-Signature=b&X-Amz-Date=c";
  expect_refused(
      check_signature_is_complete(request), ErrorCode::incomplete_signature,
      "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters "
      "must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.");
}

TEST(Refusal, BothFormsAtOnceAreInvalid) {
  HttpRequest request = signed_get_item();
  request.target = "/?X-Amz-Algorithm=a";
  expect_refused(
      check_signature_is_complete(request), ErrorCode::invalid_signature,
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.");
}

TEST(Refusal, AnUnknownKeyIsAnUnrecognizedClient) {
  HttpRequest request = get_item();
  sign(request, {.access_key_id = "NOBODY", .secret_access_key = "secret"}, {}, moment);
  expect_refused(verify_at(request, moment), ErrorCode::unrecognized_client,
                 "The security token included in the request is invalid.");
}

TEST(Refusal, AnUnknownKeyComesBeforeAnOldDate) {
  HttpRequest request = get_item();
  sign(request, {.access_key_id = "NOBODY", .secret_access_key = "secret"}, {}, moment);
  const auto refused = verify_at(request, moment + 1h);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::unrecognized_client);
}

TEST(Refusal, AWrongSecretShowsWhatShouldHaveBeenSigned) {
  HttpRequest request = get_item();
  sign(request, {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "wrong"}, {}, moment);
  expect_refused(
      verify_at(request, moment), ErrorCode::invalid_signature,
      "The request signature we calculated does not match the signature you provided. Check your "
      "AWS Secret Access Key and signing method. Consult the service documentation for details."
      "\n\nThe Canonical String for this request should have been\n'POST\n/\n\n"
      "content-type:application/x-amz-json-1.0\nhost:localhost:8000\nx-amz-date:20150830T123600Z\n"
      "x-amz-target:DynamoDB_20120810.GetItem\n\ncontent-type;host;x-amz-date;x-amz-target\n"
      "50809ce9d6a8caa6c300f3ec5cd1ad97696abc1e8af4fb5c20852888bb83a967'\n\n"
      "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n"
      "20150830/us-east-1/dynamodb/aws4_request\n"
      "0964c9b87625a663084a96c60cbb090c5909afdb218912997d8a8764423bd9a0'\n");
}

TEST(Refusal, ClocksMayDifferByFiveMinutes) {
  const HttpRequest request = signed_get_item();
  EXPECT_TRUE(verify_at(request, moment + 5min));
  EXPECT_TRUE(verify_at(request, moment - 5min));
  expect_refused(verify_at(request, moment + 5min + 1s), ErrorCode::invalid_signature,
                 "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
                 "(20150830T124101Z - 5 min.)");
  expect_refused(verify_at(request, moment - 5min - 1s), ErrorCode::invalid_signature,
                 "Signature not yet current: 20150830T123600Z is still later than "
                 "20150830T123559Z (20150830T123059Z + 5 min.)");
}

TEST(Refusal, TheScopeMustFitTheServiceTheTerminatorAndTheDate) {
  const HttpRequest request = signed_get_item();
  expect_refused(verify_at(with_authorization(request, "/dynamodb/", "/s3/"), moment),
                 ErrorCode::invalid_signature,
                 "Credential should be scoped to correct service: 'dynamodb'. ");
  expect_refused(
      verify_at(with_authorization(request, "aws4_request", "aws5"), moment),
      ErrorCode::invalid_signature,
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. ");
  expect_refused(verify_at(with_authorization(request, "/20150830/", "/20150829/"), moment),
                 ErrorCode::invalid_signature,
                 "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                 "from HTTP: '20150829' != '20150830', from '20150830T123600Z'. ");
  expect_refused(verify_at(with_authorization(request, "/aws4_request", ""), moment),
                 ErrorCode::incomplete_signature,
                 "Credential must have exactly 5 slash-delimited elements, e.g. "
                 "keyid/date/region/service/term, got 'AKIDEXAMPLE/20150830/us-east-1/dynamodb'");
  EXPECT_TRUE(verify_at(signed_get_item(), moment));
}

TEST(Refusal, ADateMustBeReadable) {
  for (const std::string date : {"2015-08-30T12:36:00Z", "20151330T123600Z", "20150830T243600Z",
                                 "20150830T1236000", "now", "Sun, 30 Foo 2015 12:36:00 GMT"}) {
    HttpRequest request = signed_get_item();
    request.headers.set("X-Amz-Date", date);
    expect_refused(verify_at(request, moment), ErrorCode::incomplete_signature,
                   "Date must be in ISO-8601 'basic format'. Got '" + date +
                       "'. See http://en.wikipedia.org/wiki/ISO_8601");
  }
}

TEST(Refusal, HostAndTargetMustBeSigned) {
  const HttpRequest request = signed_get_item();
  expect_refused(verify_at(with_authorization(request, ";host;", ";"), moment),
                 ErrorCode::invalid_signature,
                 "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  expect_refused(verify_at(with_authorization(request, ";x-amz-target", ""), moment),
                 ErrorCode::invalid_signature,
                 "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(Refusal, OtherAlgorithmsAreNotSupported) {
  expect_refused(
      verify_at(with_authorization(signed_get_item(), "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
                moment),
      ErrorCode::incomplete_signature, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'.");
}

TEST(Refusal, ALineBreakAmongTheNamesOfSignedHeadersIsNoWayAround) {
  HttpRequest request = unsigned_request();
  presign(request, credentials, {}, moment, 900s);
  const std::string names = "host%3Bx-amz-target";
  request.target.replace(request.target.find(names), names.size(), names + "%0Ax");
  expect_refused(verify_at(request, moment), ErrorCode::invalid_signature,
                 "SignedHeaders must be header names with ';' between them.");
}

TEST(Verifying, KeysOfManySecretsDaysAndRegionsAreNotMixedUp) {
  // More than a thread keeps.
  for (int i = 0; i < 200; ++i) {
    const std::string id = "KEY" + std::to_string(i % 50);
    const std::string secret = "secret" + std::to_string(i % 50);
    const Time at = moment + std::chrono::days(i % 3);
    HttpRequest request = get_item();
    sign(request, {.access_key_id = id, .secret_access_key = secret},
         {.region = "region-" + std::to_string(i % 7)}, at);
    EXPECT_TRUE(verify(request, {{id, secret}}, "dynamodb", at));
    EXPECT_FALSE(verify(request, {{id, secret + "x"}}, "dynamodb", at));
  }
}

TEST(HttpDate, IsReadInItsOneForm) {
  EXPECT_EQ(parse_http_date("Sun, 30 Aug 2015 12:36:00 GMT"),
            Time{std::chrono::sys_days{std::chrono::year{2015} / 8 / 30}} + std::chrono::hours(12) +
                std::chrono::minutes(36));
  for (const std::string_view other :
       {"", "Sun, 30 Aug 2015 12:36:00 UTC", "Sunday, 30-Aug-15 12:36:00 GMT",
        "Sun, 31 Feb 2015 12:36:00 GMT", "Sun, 30 aug 2015 12:36:00 GMT"}) {
    EXPECT_FALSE(parse_http_date(other)) << other;
  }
}

}  // namespace
}  // namespace dynakeep::http
