#include "server/request_parser.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::server {
namespace {

using State = RequestParser::State;

const std::string simple =
    "POST /path?query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nX-Amz-Target:  T \r\n\r\n"
    "hello";

// Puts all bytes, as a connection does; returns how many were left.
std::size_t put_all(RequestParser& parser, std::string_view bytes) {
  while (!bytes.empty() && parser.state() != State::complete && parser.state() != State::failed) {
    const std::size_t taken = parser.put(bytes);
    if (taken == 0 && parser.state() != State::complete) break;
    bytes.remove_prefix(taken);
  }
  return bytes.size();
}

int status_of(std::string_view bytes, const RequestLimits& limits = {}) {
  RequestParser parser(limits);
  put_all(parser, bytes);
  return parser.state() == State::failed ? parser.failed_status() : 200;
}

TEST(RequestParser, ReadsARequest) {
  RequestParser parser({});
  EXPECT_EQ(put_all(parser, simple + "GET"), 3U);
  ASSERT_EQ(parser.state(), State::complete);
  EXPECT_EQ(parser.request().method, "POST");
  EXPECT_EQ(parser.request().target, "/path?query");
  EXPECT_EQ(parser.request().headers.find("x-amz-target"), "T");
  EXPECT_EQ(parser.request().body, "hello");
  EXPECT_EQ(parser.content_length(), 5U);
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, ReadsTheSameWhereverTheBytesAreCut) {
  const std::string chunked =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
      "3\r\nhel\r\n2;name=value\r\nlo\r\n0\r\nLate: field\r\n\r\n";
  for (const std::string& whole : {simple, chunked}) {
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      for (std::size_t second = cut; second <= whole.size(); ++second) {
        RequestParser parser({});
        std::string held;
        for (const std::string& part :
             {whole.substr(0, cut), whole.substr(cut, second - cut), whole.substr(second)}) {
          held += part;
          held = held.substr(held.size() - put_all(parser, held));
        }
        ASSERT_EQ(parser.state(), State::complete) << cut << " " << second;
        ASSERT_EQ(parser.request().body, "hello");
        ASSERT_FALSE(parser.request().headers.contains("late"));
        ASSERT_EQ(held, "");
      }
    }
  }
}

TEST(RequestParser, ReadsOneRequestAfterTheOther) {
  RequestParser parser({});
  std::string bytes = simple + "\r\n" + simple + "GET /b HTTP/1.0\r\n\r\n";
  std::vector<std::string> targets;
  while (!bytes.empty()) {
    bytes = bytes.substr(bytes.size() - put_all(parser, bytes));
    ASSERT_EQ(parser.state(), State::complete);
    targets.push_back(parser.request().target + " " + parser.request().body);
    parser.next();
    EXPECT_EQ(parser.state(), State::head);
  }
  EXPECT_EQ(targets, (std::vector<std::string>{"/path?query hello", "/path?query hello", "/b "}));
}

TEST(RequestParser, KnowsWhoseConnectionStays) {
  const auto stays = [](const std::string& version, const std::string& field) {
    RequestParser parser({});
    put_all(parser, "GET / HTTP/" + version + "\r\n" + field + "\r\n");
    EXPECT_EQ(parser.state(), State::complete);
    EXPECT_EQ(parser.is_http_1_0(), version == "1.0");
    return parser.keep_alive();
  };
  EXPECT_TRUE(stays("1.1", ""));
  EXPECT_FALSE(stays("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(stays("1.0", ""));
  EXPECT_TRUE(stays("1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestParser, TakesTheAbsoluteFormForItsPath) {
  for (const auto& [sent, taken] :
       std::vector<std::pair<std::string, std::string>>{{"http://localhost:8000/a?b", "/a?b"},
                                                        {"HTTP://localhost", "/"},
                                                        {"http://localhost?b", "?b"},
                                                        {"/http://x", "/http://x"},
                                                        {"*", "*"}}) {
    RequestParser parser({});
    put_all(parser, "OPTIONS " + sent + " HTTP/1.1\r\n\r\n");
    EXPECT_EQ(parser.request().target, taken);
  }
}

TEST(RequestParser, RefusesWhatIsNoHttp) {
  for (const std::string bytes :
       {"hello\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n",
        "GET / HTTP/1.1\r\n continued: a\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\x01\r\n\r\n",
        "GET / HTTP/1.1\r\na : b\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\na: b\rc\r\n\r\n",
        "GET / HTTP/1.1\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 2\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nspaced name: a\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"}) {
    EXPECT_EQ(status_of(bytes), 400) << bytes;
  }
}

TEST(RequestParser, RefusesAtTheFirstWrongByteOfALine) {
  EXPECT_EQ(status_of("\x16"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\n"), 400);
}

TEST(RequestParser, RefusesLengthsThatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 5\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"),
            400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                      "Content-Length: 5\r\n\r\n"),
            400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n"),
            400);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"), 200);
}

TEST(RequestParser, RefusesABodyPastTheLimitAsSoonAsItIsAnnounced) {
  const RequestLimits limits{.body_bytes_max = 10};
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", limits), 200);
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", limits), 413);
  const std::string huge(100, '9');
  EXPECT_EQ(status_of("POST / HTTP/1.1\r\nContent-Length: " + huge + "\r\n\r\n", limits), 413);
  const std::string chunked =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n";
  EXPECT_EQ(status_of(chunked + "2\r\n89\r\n0\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of(chunked + "3\r\n", limits), 413);
}

TEST(RequestParser, RefusesAHeadPastTheLimitHoweverItComes) {
  const RequestLimits limits{.header_bytes_max = 1000};
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(status_of(line + "a: " + std::string(900, 'x') + "\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of(line + "a: " + std::string(1100, 'x') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(status_of(line + "a: " + std::string(1100, 'x'), limits), 431);
  EXPECT_EQ(status_of("GET /" + std::string(1100, 'x'), limits), 431);

  RequestParser parser(limits);
  std::string held = line;
  for (int i = 0; i < 200 && parser.state() == State::head; ++i) {
    held += "name: value\r\n";
    held = held.substr(held.size() - put_all(parser, held));
  }
  ASSERT_EQ(parser.state(), State::failed);
  EXPECT_EQ(parser.failed_status(), 431);
}

TEST(RequestParser, RefusesEndlessExtensionsAndTrailersOfChunks) {
  const RequestLimits limits{.header_bytes_max = 1000};
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of(head + "1;" + std::string(1100, 'x'), limits), 431);
  EXPECT_EQ(status_of(head + "0\r\nlate: " + std::string(1100, 'x'), limits), 431);
}

TEST(RequestParser, GivesTheMemoryOfALargeRequestBack) {
  RequestParser parser({});
  const std::string body(1'000'000, 'x');
  put_all(parser, "POST / HTTP/1.1\r\nX-Long: " + std::string(40'000, 'x') +
                      "\r\nContent-Length: 1000000\r\n\r\n" + body);
  ASSERT_EQ(parser.state(), State::complete);
  ASSERT_EQ(parser.request().body, body);
  parser.next();
  EXPECT_LT(parser.request().body.capacity(), 20'000U);
  EXPECT_LT(parser.request().headers.capacity_bytes(), 20'000U);
}

}  // namespace
}  // namespace dynakeep::server
