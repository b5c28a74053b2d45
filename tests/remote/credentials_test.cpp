// Credentials from every source over real sockets: what answers is a fake on loopback, which
// refuses, stalls and talks nonsense as well. The unit tests beside the code have the fine points.

#include "dynakeep/credentials.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "remote/remote_server.h"
#include "transport/scripted_server.h"

extern "C" char** environ;  // POSIX leaves the declaration to the program

namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using transport::Peer;
using transport::ScriptedServer;

// The process's environment without anything of AWS's, until the test is over.
class CleanEnvironment {
 public:
  CleanEnvironment() {
    std::vector<std::string> names;
    for (char** at = environ; *at != nullptr; ++at) {
      const std::string_view entry(*at);
      if (entry.starts_with("AWS_")) names.emplace_back(entry.substr(0, entry.find('=')));
    }
    for (const std::string& name : names) unsetenv(name.c_str());
    set("AWS_CONFIG_FILE", "/dev/null");
    set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    set("AWS_EC2_METADATA_DISABLED", "true");
  }
  ~CleanEnvironment() {
    for (const std::string& name : set_) unsetenv(name.c_str());
  }
  CleanEnvironment(const CleanEnvironment&) = delete;
  CleanEnvironment& operator=(const CleanEnvironment&) = delete;

  void set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }

 private:
  std::vector<std::string> set_;
};

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    std::string name = (std::filesystem::temp_directory_path() / "dynakeep-XXXXXX").string();
    const int descriptor = mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    close(descriptor);
    path_ = name;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What the fake does when it is asked for credentials.
enum class Manner {
  good,
  stumbles_once,  // a fault first, then good
  refuses,
  fails,
  stalls,
  closes,
  babbles,   // neither JSON nor XML
  floods,    // ten megabytes
  omits,     // no secret
  outdated,  // credentials that have expired
};

constexpr std::string_view secret = "THE/SECRET";

// Instance metadata, container endpoint and STS at once, on loopback. The credentials it gives are
// numbered.
class FakeServices {
 public:
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void behave(Manner manner) { manner_ = manner; }
  int questions() const { return questions_; }  // for credentials
  int connections() const { return server_.connections(); }
  // Of the first such question, once it has its answer.
  std::string first_line() const {
    const std::lock_guard lock(mutex_);
    return first_line_;
  }

 private:
  void play(Peer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      if (request.starts_with("PUT /latest/api/token")) {
        peer.answer("METATOKEN");
      } else if (request.starts_with("GET /latest/meta-data/iam/security-credentials/ ")) {
        answer_if(request.find("METATOKEN") != std::string::npos, peer, "my-role");
      } else if (!hand_out(peer, request)) {
        return;
      }
    }
  }

  static void answer_if(bool right, Peer& peer, const std::string& body) {
    right ? peer.answer(body) : peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  }

  // False: the connection is of no more use.
  bool hand_out(Peer& peer, const std::string& request) {
    const int number = ++questions_;
    const bool to_sts = request.starts_with("POST ");
    if (number == 1) {
      const std::lock_guard lock(mutex_);
      first_line_ = request.substr(0, request.find('\r'));
    }
    const auto refuse = [&peer](std::string_view status) {
      const std::string body =
          "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error>"
          "</ErrorResponse>";
      peer.send("HTTP/1.1 " + std::string(status) +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
      return true;
    };
    switch (manner_.load()) {
      case Manner::stumbles_once:
        if (number == 1) return refuse("503 Service Unavailable");
        break;
      case Manner::refuses:
        return refuse("403 Forbidden");
      case Manner::fails:
        return refuse("500 Internal Server Error");
      case Manner::stalls:
        peer.wait_without_reading();
        return false;
      case Manner::closes:
        return false;
      case Manner::babbles:
        peer.answer("<html>" + std::string(secret));
        return true;
      case Manner::floods:
        peer.answer(std::string(std::size_t{10} << 20, 'x'));
        return true;
      default:
        break;
    }
    const bool whole = manner_ != Manner::omits;
    const std::string expiration =
        manner_ == Manner::outdated ? "2001-01-01T00:00:00Z" : "2023-11-14T23:13:20Z";
    const std::string key = "AK" + std::to_string(number);
    if (to_sts) {
      const bool signed_one = request.find("\r\nAuthorization: AWS4-") != std::string::npos;
      const bool web = request.find("Action=AssumeRoleWithWebIdentity") != std::string::npos;
      EXPECT_NE(signed_one, web);
      const std::string action = web ? "AssumeRoleWithWebIdentity" : "AssumeRole";
      peer.answer("<" + action + "Response><" + action + "Result><Credentials><AccessKeyId>" + key +
                  "</AccessKeyId>" +
                  (whole ? "<SecretAccessKey>" + std::string(secret) + "</SecretAccessKey>" : "") +
                  "<SessionToken>T</SessionToken><Expiration>" + expiration +
                  "</Expiration></Credentials></" + action + "Result></" + action + "Response>");
    } else {
      peer.answer(R"({"Code":"Success","AccessKeyId":")" + key + R"(",)" +
                  (whole ? R"("SecretAccessKey":")" + std::string(secret) + R"(",)" : "") +
                  R"("Token":"T","Expiration":")" + expiration + R"("})");
    }
    return true;
  }

  std::atomic<Manner> manner_ = Manner::good;
  std::atomic<int> questions_ = 0;
  mutable std::mutex mutex_;
  std::string first_line_;  // guarded by mutex_
  ScriptedServer server_{[this](Peer& peer) { play(peer); }};
};

enum class Source { role, web_identity, container, instance };

class CredentialsOverSockets : public testing::TestWithParam<Source> {
 protected:
  CredentialsOverSockets() {
    switch (GetParam()) {
      case Source::role:
        environment_.set("AWS_CONFIG_FILE", config_.path());
        environment_.set("AWS_ENDPOINT_URL_STS", services_.url());
        break;
      case Source::web_identity:
        environment_.set("AWS_WEB_IDENTITY_TOKEN_FILE", token_.path());
        environment_.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
        environment_.set("AWS_ENDPOINT_URL_STS", services_.url());
        break;
      case Source::container:
        environment_.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", services_.url() + "/credentials");
        environment_.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "TOKEN-OF-THE-CONTAINER");
        break;
      case Source::instance:
        environment_.set("AWS_EC2_METADATA_DISABLED", "false");
        environment_.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", services_.url());
        environment_.set("AWS_METADATA_SERVICE_TIMEOUT", "20");  // a busy machine may take long
        break;
    }
  }

  std::shared_ptr<CredentialsProvider> provider(std::chrono::milliseconds timeout = 20s) const {
    return default_credentials({.timeout = timeout, .clock = &clock_});
  }

  // The error of a provider that never had any, in one line without a secret.
  Error refusal(Manner manner, std::chrono::milliseconds timeout = 20s) {
    services_.behave(manner);
    const auto found = provider(timeout)->credentials();
    EXPECT_FALSE(found);
    if (found) return Error::internal("none");
    EXPECT_THAT(found.error().message(),
                AllOf(Not(HasSubstr("\n")), Not(HasSubstr(std::string(secret))),
                      Not(HasSubstr("TOKEN-OF-THE"))));
    EXPECT_FALSE(found.error().outcome_unknown());
    return found.error();
  }

  bool is_sts() const { return GetParam() == Source::role || GetParam() == Source::web_identity; }

  ManualClock clock_;  // 2023-11-14T22:13:20Z
  FakeServices services_;
  TemporaryFile token_{"TOKEN-OF-THE-PROVIDER"};
  TemporaryFile config_{
      "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = default\n"
      "aws_access_key_id = AKSOURCE\naws_secret_access_key = SOURCE/SECRET\n"};
  CleanEnvironment environment_;
};

INSTANTIATE_TEST_SUITE_P(Sources, CredentialsOverSockets,
                         testing::Values(Source::role, Source::web_identity, Source::container,
                                         Source::instance),
                         [](const auto& each) -> std::string {
                           switch (each.param) {
                             case Source::role:
                               return "Role";
                             case Source::web_identity:
                               return "WebIdentity";
                             case Source::container:
                               return "Container";
                             case Source::instance:
                               return "Instance";
                           }
                           return "";
                         });

TEST_P(CredentialsOverSockets, AreFetchedKeptAndFetchedAgainBeforeTheyExpire) {
  const auto kept = provider();
  EXPECT_EQ(services_.questions(), 0);
  const auto first = kept->credentials().value();
  EXPECT_EQ(first.access_key_id, "AK1");
  EXPECT_EQ(first.secret_access_key, secret);
  EXPECT_EQ(first.session_token, "T");
  EXPECT_EQ(first.expires_at, clock_.now() + 1h);
  EXPECT_EQ(kept->credentials()->access_key_id, "AK1");
  clock_.advance(45min);
  EXPECT_EQ(kept->credentials()->access_key_id, "AK2");
  EXPECT_EQ(services_.questions(), 2);
}

TEST_P(CredentialsOverSockets, AreUsedToTheirEndWhileTheSourceRefuses) {
  const auto kept = provider();
  EXPECT_EQ(kept->credentials()->access_key_id, "AK1");
  services_.behave(Manner::refuses);
  clock_.advance(59min);
  EXPECT_EQ(kept->credentials()->access_key_id, "AK1");
  clock_.advance(1min);
  const auto expired = kept->credentials();
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().code(), ErrorCode::access_denied);
}

TEST_P(CredentialsOverSockets, AreFetchedOnceForAllThreads) {
  const auto kept = provider();
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&kept, &right] {
      const auto found = kept->credentials();
      if (found && found->access_key_id == "AK1") ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 64);
  EXPECT_EQ(services_.questions(), 1);
}

TEST_P(CredentialsOverSockets, AreAskedForAgainAfterAFault) {
  services_.behave(Manner::stumbles_once);
  EXPECT_EQ(provider()->credentials()->access_key_id, "AK2");
}

TEST_P(CredentialsOverSockets, AreRefusedInOneLine) {
  const Error refused = refusal(Manner::refuses);
  EXPECT_EQ(refused.code(), ErrorCode::access_denied);
  EXPECT_THAT(refused.message(),
              HasSubstr(is_sts() ? "answered 403: AccessDenied: not you" : "answered 403"));
  const Error failed = refusal(Manner::fails);
  EXPECT_EQ(failed.code(), ErrorCode::unavailable);
  EXPECT_THAT(failed.message(), HasSubstr("answered 500"));
}

TEST_P(CredentialsOverSockets, AreNotWaitedForBeyondTheTimeout) {
  const auto begin = std::chrono::steady_clock::now();
  const Error stalled = refusal(Manner::stalls, 1s);
  EXPECT_EQ(stalled.code(), ErrorCode::timed_out);
  EXPECT_THAT(stalled.message(), HasSubstr("did not answer"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);
  EXPECT_EQ(refusal(Manner::closes).code(), ErrorCode::unavailable);
}

TEST_P(CredentialsOverSockets, AreNotTakenFromAnAnswerThatMakesNoSense) {
  const Error babble = refusal(Manner::babbles);
  EXPECT_EQ(babble.code(), ErrorCode::unavailable);
  EXPECT_THAT(babble.message(), HasSubstr(is_sts() ? "that is no XML" : "that is no JSON object"));
  EXPECT_EQ(refusal(Manner::floods).code(), ErrorCode::unavailable);
  const Error incomplete = refusal(Manner::omits);
  EXPECT_EQ(incomplete.code(), ErrorCode::unavailable);
  EXPECT_THAT(incomplete.message(), HasSubstr("without SecretAccessKey"));
  const Error outdated = refusal(Manner::outdated);
  EXPECT_EQ(outdated.code(), ErrorCode::access_denied);
  EXPECT_THAT(outdated.message(), HasSubstr("expired at 2001-01-01T00:00:00Z"));
}

TEST(DefaultCredentials, OfAChainOfRolesAreBoundedInTime) {
  ManualClock clock;
  FakeServices services;
  services.behave(Manner::stalls);
  std::string config = "[profile r0]\naws_access_key_id = A\naws_secret_access_key = s\n";
  for (int i = 1; i < 7; ++i) {
    config += "[profile r" + std::to_string(i) + "]\nrole_arn = arn:" + std::to_string(i) +
              "\nsource_profile = r" + std::to_string(i - 1) + "\n";
  }
  const TemporaryFile file(config);
  CleanEnvironment environment;
  environment.set("AWS_CONFIG_FILE", file.path());
  environment.set("AWS_ENDPOINT_URL_STS", services.url());
  const auto begin = std::chrono::steady_clock::now();
  const auto found =
      default_credentials({.profile = "r6", .timeout = 200ms, .clock = &clock})->credentials();
  EXPECT_EQ(found.error().code(), ErrorCode::timed_out);
  // The first that stalls ends it.
  EXPECT_EQ(services.questions(), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);

  services.behave(Manner::good);
  EXPECT_EQ(default_credentials({.profile = "r6", .timeout = 20s, .clock = &clock})
                ->credentials()
                ->access_key_id,
            "AK7");
}

TEST(DefaultCredentials, OfARoleAreAskedForByTheProxyAndOfAContainerAreNot) {
  ManualClock clock;
  FakeServices proxy;
  const TemporaryFile token("TOKEN");
  CleanEnvironment environment;
  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", token.path());
  environment.set("AWS_ROLE_ARN", "arn:aws:iam::1:role/r");
  environment.set("AWS_ENDPOINT_URL_STS", "http://sts.example");
  const DefaultCredentialsOptions options{.timeout = 1s, .proxy = proxy.url(), .clock = &clock};
  EXPECT_EQ(default_credentials(options)->credentials()->access_key_id, "AK1");
  EXPECT_EQ(proxy.first_line(), "POST http://sts.example/ HTTP/1.1");

  environment.set("AWS_WEB_IDENTITY_TOKEN_FILE", "");
  environment.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/credentials");
  EXPECT_FALSE(default_credentials(options)->credentials());  // there is no such host here
  EXPECT_EQ(proxy.connections(), 1);
}

TEST(DefaultCredentials, AreNoneOnAMachineWithoutAny) {
  ManualClock clock;
  CleanEnvironment environment;
  environment.set("AWS_EC2_METADATA_DISABLED", "false");
  const auto closed = ScriptedServer::port_of(ScriptedServer::listen_somewhere());
  environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT",
                  "http://127.0.0.1:" + std::to_string(closed));
  const auto found = default_credentials({.clock = &clock})->credentials();
  EXPECT_EQ(found.error().code(), ErrorCode::access_denied);
  EXPECT_THAT(found.error().message(),
              AllOf(HasSubstr("No credentials found: AWS_ACCESS_KEY_ID is not set; "),
                    HasSubstr("The instance metadata service http://127.0.0.1:"),
                    HasSubstr("did not answer")));
}

TEST(DefaultCredentials, SignWhatARemoteDatabaseSends) {
  CleanEnvironment environment;
  const TemporaryFile config(
      "[default]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKP\","
      "\"SecretAccessKey\":\"right\"}'\n");
  environment.set("AWS_CONFIG_FILE", config.path());
  const support::RemoteServer server({.access_keys = {{"AKP", "right"}}});
  RemoteOptions options = server.reach();
  options.credentials.reset();
  const auto database = connect_remote(options).value();
  EXPECT_TRUE(database->create_table(support::simple_table("Songs")));

  environment.set("AWS_ACCESS_KEY_ID", "AKP");
  environment.set("AWS_SECRET_ACCESS_KEY", "wrong");
  const auto refused = connect_remote(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_signature);
}

TEST(DefaultCredentials, AreInventedForAServerOnThisMachineWithoutAskingTheInstance) {
  FakeServices services;
  CleanEnvironment environment;
  environment.set("AWS_EC2_METADATA_DISABLED", "false");
  environment.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", services.url());
  const support::RemoteServer server;
  RemoteOptions options = server.reach();
  options.credentials.reset();
  const auto database = connect_remote(options).value();
  EXPECT_TRUE(database->create_table(support::simple_table("Songs")));
  EXPECT_EQ(services.connections(), 0);
}

}  // namespace
}  // namespace dynakeep
