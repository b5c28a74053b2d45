#include "transport/tls.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

#include "transport/connect.h"
#include "transport/pooled_transport.h"
#include "transport/scripted_server.h"

namespace dynakeep::transport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

Deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
Deadline some_time() { return in(20s); }

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

struct Identity {
  Key key = {};
  Certificate certificate = {};
};

struct Wishes {
  std::string names = "DNS:localhost,IP:127.0.0.1";
  long from_seconds = -60;  // from now
  long to_seconds = 600;
  const Identity* issuer = nullptr;  // null: itself
  bool is_authority = false;
};

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  ASSERT_NE(extension, nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Identity make_identity(const Wishes& wishes = {}) {
  static long serial = 1;
  Identity made{.key = Key(EVP_EC_gen("P-256"), EVP_PKEY_free),
                .certificate = Certificate(X509_new(), X509_free)};
  X509* const certificate = made.certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), wishes.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate), wishes.to_seconds);
  X509_set_pubkey(certificate, made.key.get());
  const std::string name = "test " + std::to_string(serial++);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  const Identity& issuer = wishes.issuer == nullptr ? made : *wishes.issuer;
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get()));
  if (wishes.is_authority) {
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add_extension(certificate, NID_subject_alt_name, wishes.names);
  }
  EXPECT_GT(X509_sign(certificate, issuer.key.get(), EVP_sha256()), 0);
  return made;
}

// A PEM file of a certificate, gone at the end.
class Bundle {
 public:
  explicit Bundle(const Identity& trusted) {
    path_ = testing::TempDir() + "dynakeep_bundle_XXXXXX";
    const int descriptor = ::mkstemp(path_.data());
    FILE* const file = ::fdopen(descriptor, "w");
    PEM_write_X509(file, trusted.certificate.get());
    std::fclose(file);
  }
  ~Bundle() { ::unlink(path_.c_str()); }
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The server's end of a connection through TLS.
class TlsPeer {
 public:
  TlsPeer(SSL_CTX* context, Peer& peer) : peer_(peer), connected_(SSL_new(context), SSL_free) {
    SSL_set_fd(connected_.get(), peer.descriptor());
    accepted_ = SSL_accept(connected_.get()) == 1;
  }

  bool accepted() const { return accepted_; }
  int number() const { return peer_.number(); }
  bool resumed() const { return SSL_session_reused(connected_.get()) == 1; }
  std::string server_name() const {
    const char* const name = SSL_get_servername(connected_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }

  std::string read_request() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    const auto length_at = received_.find("Content-Length: ");
    const std::size_t whole = end + 4 + std::stoul(received_.substr(length_at + 16));
    while (received_.size() < whole && receive()) {
    }
    std::string request = received_.substr(0, whole);
    received_.erase(0, whole);
    return request;
  }

  void send(std::string_view bytes) {
    if (!bytes.empty()) SSL_write(connected_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  void answer(std::string_view body, std::string_view more_lines = {}) {
    send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_lines) + "\r\n" + std::string(body));
  }
  void say_goodbye() { SSL_shutdown(connected_.get()); }
  void close() { peer_.close(); }  // without a goodbye

 private:
  bool receive() {
    std::array<char, 16384> buffer;
    const int count = SSL_read(connected_.get(), buffer.data(), sizeof buffer);
    if (count > 0) received_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }

  Peer& peer_;
  std::shared_ptr<SSL> connected_;
  bool accepted_ = false;
  std::string received_;
};

using TlsScript = std::function<void(TlsPeer&)>;

void echo(TlsPeer& peer) {
  for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
    peer.answer(request.substr(request.find("\r\n\r\n") + 4));
  }
}

class TlsServer {
 public:
  explicit TlsServer(const Identity& identity, TlsScript script = echo, int version_max = 0)
      : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free), script_(std::move(script)) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("t"), 1);
    if (version_max != 0) {
      SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context_.get(), version_max);
      SSL_CTX_set_cipher_list(context_.get(), "DEFAULT:@SECLEVEL=0");
    }
    server_ = std::make_unique<ScriptedServer>([this](Peer& peer) {
      // For the server's thread alone: the client must do without.
      sigset_t pipe;
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      TlsPeer secured(context_.get(), peer);
      if (secured.accepted()) script_(secured);
    });
  }

  Origin origin(const std::string& host = "localhost") const {
    return {.secure = true, .host = host, .port = server_->port()};
  }
  int connections() const { return server_->connections(); }

 private:
  std::shared_ptr<SSL_CTX> context_;
  const TlsScript script_;
  std::unique_ptr<ScriptedServer> server_;
};

http::HttpRequest post(const std::string& body) {
  return {.method = "POST", .target = "/", .body = body};
}

std::unique_ptr<Transport> trusting(const Identity& identity) {
  const Bundle bundle(identity);
  auto made = make_pooled_transport({.ca_bundle = bundle.path()});
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

// What a request to the server fails with, of a client that trusts one certificate.
std::string refusal(Transport& client, const Origin& origin) {
  const auto answered = client.send(origin, post("secret"), some_time());
  EXPECT_FALSE(answered);
  if (answered) return {};
  EXPECT_EQ(answered.error().code(), ErrorCode::unavailable);
  EXPECT_FALSE(answered.error().outcome_unknown());
  EXPECT_THAT(answered.error().message(), Not(HasSubstr("\n")));
  return answered.error().message();
}

TEST(Tls, CarriesRequestsToWhoIsTrusted) {
  const Identity authority = make_identity({.is_authority = true});
  const Identity identity = make_identity({.issuer = &authority});
  for (const int version : {0, TLS1_2_VERSION}) {
    TlsServer server(identity, echo, version);
    const auto client = trusting(authority);
    for (const std::string& body : {std::string("one"), std::string(3'000'000, 'x'),
                                    std::string(16'384, 'y'), std::string()}) {
      const auto answered = client->send(server.origin(), post(body), some_time());
      ASSERT_TRUE(answered) << answered.error();
      EXPECT_EQ(answered->body, body);
    }
    EXPECT_EQ(server.connections(), 1);
  }
}

TEST(Tls, ChecksNamesAndAddressesAndSaysTheNameItWants) {
  const Identity identity = make_identity();
  std::mutex mutex;
  std::vector<std::string> names;
  TlsServer server(identity, [&](TlsPeer& peer) {
    {
      const std::lock_guard lock(mutex);
      names.push_back(peer.server_name());
    }
    echo(peer);
  });
  const auto client = trusting(identity);
  EXPECT_TRUE(client->send(server.origin("localhost"), post(""), some_time()));
  EXPECT_TRUE(client->send(server.origin("127.0.0.1"), post(""), some_time()));
  EXPECT_THAT(names, ElementsAre("localhost", ""));
}

TEST(Tls, RefusesACertificateForAnotherHost) {
  const Identity named = make_identity({.names = "DNS:other.example,IP:127.0.0.2"});
  TlsServer server(named);
  const auto client = trusting(named);
  EXPECT_THAT(refusal(*client, server.origin("localhost")),
              testing::StartsWith("the certificate of localhost is not for localhost: "));
  EXPECT_THAT(refusal(*client, server.origin("127.0.0.1")),
              testing::StartsWith("the certificate of 127.0.0.1 is not for 127.0.0.1: "));
  // A name for an address would be a promise that nobody checked.
  const Identity mistaken = make_identity({.names = "DNS:127.0.0.1"});
  TlsServer other(mistaken);
  EXPECT_THAT(refusal(*trusting(mistaken), other.origin("127.0.0.1")), HasSubstr("is not for"));
}

TEST(Tls, RefusesACertificateThatIsNotValidNow) {
  const Identity expired = make_identity({.from_seconds = -600, .to_seconds = -60});
  TlsServer server(expired);
  EXPECT_THAT(refusal(*trusting(expired), server.origin()),
              testing::StartsWith("the certificate of localhost has expired: "));
  const Identity early = make_identity({.from_seconds = 300});
  TlsServer early_server(early);
  EXPECT_THAT(refusal(*trusting(early), early_server.origin()),
              testing::StartsWith("the certificate of localhost is not valid yet: "));
}

TEST(Tls, RefusesACertificateThatNobodyTrustedVouchesFor) {
  const Identity authority = make_identity({.is_authority = true});
  const Identity stranger = make_identity({.issuer = &authority});
  const Identity self_signed = make_identity();
  TlsServer self_signed_server(self_signed);
  TlsServer stranger_server(stranger);
  const auto client = trusting(make_identity());
  EXPECT_THAT(refusal(*client, self_signed_server.origin()),
              testing::StartsWith("the certificate of localhost is self-signed: "));
  EXPECT_THAT(refusal(*client, stranger_server.origin()), HasSubstr("that is not trusted here"));

  auto by_system = make_pooled_transport();
  ASSERT_TRUE(by_system);
  EXPECT_THAT(refusal(**by_system, self_signed_server.origin()), HasSubstr("is self-signed"));
}

TEST(Tls, TrustsACertificateThatIsNamedWithoutItsIssuer) {
  const Identity authority = make_identity({.is_authority = true});
  const Identity identity = make_identity({.issuer = &authority});
  TlsServer server(identity);
  EXPECT_TRUE(trusting(identity)->send(server.origin(), post(""), some_time()));
}

TEST(Tls, RefusesVersionsThatAreNotSafe) {
  const Identity identity = make_identity();
  TlsServer server(identity, echo, TLS1_1_VERSION);
  EXPECT_THAT(refusal(*trusting(identity), server.origin()), HasSubstr("1.2 or later"));
}

TEST(Tls, SaysThatAPlainServerIsNone) {
  ScriptedServer server([](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.wait_until_closed();
  });
  Origin origin = server.origin();
  origin.secure = true;
  EXPECT_THAT(refusal(*trusting(make_identity()), origin), HasSubstr("is it http://"));

  ScriptedServer closing([](Peer&) {});
  origin.port = closing.port();
  EXPECT_THAT(refusal(*trusting(make_identity()), origin), HasSubstr("no TLS connection: "));
}

TEST(Tls, DoesNotWaitForAHandshakeForEver) {
  ScriptedServer server([](Peer& peer) { peer.wait_until_closed(); });
  Origin origin = server.origin();
  origin.secure = true;
  auto client = make_pooled_transport({.connect_timeout = 30ms});
  ASSERT_TRUE(client);
  const auto answered = (*client)->send(origin, post(""), some_time());
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error().code(), ErrorCode::timed_out);
  EXPECT_FALSE(answered.error().outcome_unknown());
}

TEST(Tls, ResumesTheSessionOnTheNextConnection) {
  const Identity identity = make_identity();
  for (const int version : {0, TLS1_2_VERSION}) {
    std::vector<bool> resumed;
    TlsServer server(
        identity,
        [&](TlsPeer& peer) {
          resumed.push_back(peer.resumed());
          peer.read_request();
          peer.answer("", "Connection: close\r\n");
        },
        version);
    const auto client = trusting(identity);
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(client->send(server.origin(), post(""), some_time()));
    }
    EXPECT_THAT(resumed, ElementsAre(false, true, true)) << version;
  }
}

TEST(Tls, NoticesThatAnIdleConnectionWasClosed) {
  const Identity identity = make_identity();
  for (const bool politely : {false, true}) {
    std::latch closed(1);
    TlsServer server(identity, [&](TlsPeer& peer) {
      peer.read_request();
      peer.answer("ok");
      if (peer.number() > 0) return (void)peer.read_request();
      if (politely) {
        // Goodbye, and not gone: the end is in the bytes alone.
        peer.say_goodbye();
        closed.count_down();
        peer.read_request();
      } else {
        peer.close();
        closed.count_down();
      }
    });
    const auto client = trusting(identity);
    ASSERT_TRUE(client->send(server.origin(), post(""), some_time()));
    closed.wait();
    const auto answered = client->send(server.origin(), post(""), some_time());
    ASSERT_TRUE(answered) << answered.error();
    EXPECT_EQ(server.connections(), 2);
  }
}

TEST(Tls, TakesNoAnswerThatSomebodyMayHaveCutOff) {
  const Identity identity = make_identity();
  for (const bool politely : {false, true}) {
    TlsServer server(identity, [&](TlsPeer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\n\r\nwithout a length");
      if (politely) peer.say_goodbye();
    });
    const auto answered = trusting(identity)->send(server.origin(), post(""), some_time());
    EXPECT_EQ(answered.has_value(), politely);
    if (politely) continue;
    EXPECT_EQ(answered.error().code(), ErrorCode::unavailable);
    EXPECT_TRUE(answered.error().outcome_unknown());
  }
}

// Passes bytes on between two sockets until either is closed.
void relay(int left, int right) {
  std::array<pollfd, 2> ends = {{{.fd = left, .events = POLLIN, .revents = 0},
                                 {.fd = right, .events = POLLIN, .revents = 0}}};
  std::array<char, 16384> buffer;
  while (::poll(ends.data(), ends.size(), -1) > 0) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (ends[i].revents == 0) continue;
      const auto count = ::recv(ends[i].fd, buffer.data(), buffer.size(), 0);
      if (count <= 0) return;
      ::send(ends[1 - i].fd, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
    }
  }
}

TEST(Tls, GoesThroughATunnelOfTheProxy) {
  const Identity identity = make_identity();
  TlsServer server(identity);
  std::string received;
  ScriptedServer proxy([&](Peer& peer) {
    received = peer.read_head();
    Resolver resolver;
    Origin origin = server.origin("127.0.0.1");
    const auto onward = connect_to(origin, resolver, some_time());
    ASSERT_TRUE(onward) << onward.error();
    peer.send("HTTP/1.0 200 Connection established\r\n\r\n");
    relay(peer.descriptor(), onward->get());
  });
  const Bundle bundle(identity);
  TransportOptions options{.ca_bundle = bundle.path()};
  options.proxies.secure = {.origin = proxy.origin(), .authorization = "Basic dXNlcjo="};
  const auto client = make_pooled_transport(options);
  ASSERT_TRUE(client);
  for (const std::string body : {"one", "two"}) {
    const auto answered = (*client)->send(server.origin(), post(body), some_time());
    ASSERT_TRUE(answered) << answered.error();
    EXPECT_EQ(answered->body, body);
  }
  EXPECT_EQ(proxy.connections(), 1);
  const std::string name = "localhost:" + std::to_string(server.origin().port);
  EXPECT_EQ(received, "CONNECT " + name + " HTTP/1.1\r\nHost: " + name +
                          "\r\nProxy-Authorization: Basic dXNlcjo=\r\n\r\n");
}

TEST(Tls, KnowsThatNothingWasSentWhereAProxyDoesNotConnect) {
  for (const auto& [answer, word] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            "USER:PASSWORD"},
           {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno", "answered 502"},
           {"HTTP/1.1 200 OK\r\n\r\nmore than asked for", "does not connect"},
           {"", "without an answer"},
           {"SSH-2.0\r\n\r\n", "not HTTP"}}) {
    ScriptedServer proxy([&](Peer& peer) {
      peer.read_head();
      peer.send(answer);
    });
    TransportOptions options;
    options.proxies.secure = {.origin = proxy.origin()};
    const auto client = make_pooled_transport(options);
    const std::string message =
        refusal(**client, {.secure = true, .host = "db.invalid", .port = 443});
    EXPECT_THAT(message, testing::StartsWith("https://db.invalid by the proxy http://127.0.0.1:"));
    EXPECT_THAT(message, HasSubstr(word));
  }
}

TEST(Tls, SaysWhatIsWrongWithABundle) {
  const auto missing = make_pooled_transport({.ca_bundle = "/nonexistent/bundle.pem"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(missing.error().message(),
            "the ca_bundle /nonexistent/bundle.pem cannot be used: No such file or directory");
  const auto empty = make_pooled_transport({.ca_bundle = "/dev/null"});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace dynakeep::transport
