#include "transport/response_parser.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace dynakeep::transport {
namespace {

using State = ResponseParser::State;
using Refusal = ResponseParser::Refusal;

// Puts all bytes, as a connection does; returns how many were left.
std::size_t put_all(ResponseParser& parser, std::string_view bytes) {
  while (!bytes.empty() && parser.state() != State::complete && parser.state() != State::failed) {
    const std::size_t taken = parser.put(bytes);
    if (taken == 0) break;
    bytes.remove_prefix(taken);
  }
  return bytes.size();
}

Refusal refusal_of(std::string_view bytes, const http::MessageLimits& limits = {}) {
  ResponseParser parser(limits);
  put_all(parser, bytes);
  EXPECT_EQ(parser.state() == State::failed, parser.refusal() != Refusal::none) << bytes;
  return parser.refusal();
}

TEST(ResponseParser, ReadsAResponse) {
  ResponseParser parser({});
  EXPECT_EQ(put_all(parser,
                    "HTTP/1.1 400 Bad Request\r\nContent-Length: 5\r\nX-Amz-Crc32:  7 "
                    "\r\n\r\nhelloHTTP"),
            4U);
  ASSERT_EQ(parser.state(), State::complete);
  EXPECT_TRUE(parser.keep_alive());
  const http::HttpResponse response = parser.take();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.find("x-amz-crc32"), "7");
  EXPECT_EQ(response.body, "hello");
}

TEST(ResponseParser, ReadsTheSameWhereverTheBytesAreCut) {
  const std::string simple = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  const std::string chunked =
      "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nhel\r\n2;name=value\r\nlo\r\n0\r\nLate: field\r\n\r\n";
  const std::string endless = "HTTP/1.0 200 \r\nServer: old\r\n\r\nhello";
  for (const std::string& whole : {simple, chunked, endless}) {
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      for (std::size_t second = cut; second <= whole.size(); ++second) {
        ResponseParser parser({});
        std::string held;
        for (const std::string& part :
             {whole.substr(0, cut), whole.substr(cut, second - cut), whole.substr(second)}) {
          held += part;
          held = held.substr(held.size() - put_all(parser, held));
        }
        ASSERT_EQ(parser.finish(), whole == endless);
        ASSERT_EQ(parser.state(), State::complete) << cut << " " << second << whole;
        ASSERT_EQ(held, "");
        const http::HttpResponse response = parser.take();
        ASSERT_EQ(response.status, 200);
        ASSERT_EQ(response.body, "hello");
        ASSERT_FALSE(response.headers.contains("late"));
        ASSERT_FALSE(response.headers.contains("a"));
      }
    }
  }
}

TEST(ResponseParser, PassesOverInterimResponses) {
  ResponseParser parser({});
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: a\r\nContent-Length: 9\r\n\r\n";
  EXPECT_EQ(put_all(parser, interim + interim + "HTTP/1.1 204 No Content\r\n\r\n"), 0U);
  ASSERT_EQ(parser.state(), State::complete);
  EXPECT_EQ(parser.status(), 204);
  EXPECT_EQ(parser.take().headers.size(), 0U);
  EXPECT_EQ(refusal_of("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Refusal::malformed);
}

TEST(ResponseParser, KnowsWhichResponsesHaveNoBody) {
  for (const auto& [method, head] : std::vector<std::pair<std::string, std::string>>{
           {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"},
           {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
           {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
           {"POST", "HTTP/1.1 204 No Content\r\n\r\n"},
           {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
           {"CONNECT", "HTTP/1.1 200 Connection established\r\n\r\n"}}) {
    ResponseParser parser({});
    parser.expect_answer_to(method);
    EXPECT_EQ(put_all(parser, head + "next"), 4U) << head;
    EXPECT_EQ(parser.state(), State::complete) << head;
    EXPECT_TRUE(parser.keep_alive());
  }
  ResponseParser parser({});
  parser.expect_answer_to("CONNECT");
  EXPECT_EQ(put_all(parser, "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno"), 0U);
  EXPECT_EQ(parser.take().body, "no");
}

TEST(ResponseParser, ReadsABodyWithoutALengthUntilTheConnectionIsClosed) {
  ResponseParser parser({});
  put_all(parser, "HTTP/1.1 200 OK\r\n\r\nhel");
  put_all(parser, "lo");
  EXPECT_EQ(parser.state(), State::body);
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_TRUE(parser.finish());
  EXPECT_EQ(parser.take().body, "hello");

  // Where a length was announced, the end before it is none.
  for (const std::string cut : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
                                "HTTP/1.1 200 OK\r\nA: b\r\n", ""}) {
    ResponseParser cut_short({});
    put_all(cut_short, cut);
    EXPECT_FALSE(cut_short.finish()) << cut;
  }
}

TEST(ResponseParser, KnowsWhichConnectionStays) {
  const auto stays = [](const std::string& version, const std::string& field) {
    ResponseParser parser({});
    put_all(parser, "HTTP/" + version + " 200 OK\r\nContent-Length: 0\r\n" + field + "\r\n");
    EXPECT_EQ(parser.state(), State::complete);
    return parser.keep_alive();
  };
  EXPECT_TRUE(stays("1.1", ""));
  EXPECT_FALSE(stays("1.1", "Connection: close\r\n"));
  EXPECT_FALSE(stays("1.0", ""));
  EXPECT_TRUE(stays("1.0", "Connection: keep-alive\r\n"));
}

TEST(ResponseParser, RefusesWhatIsNoHttp) {
  for (const std::string bytes :
       {"hello\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 \x01\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n", "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "\x15\x03\x03\x00\x02\x02\x28"}) {
    EXPECT_EQ(refusal_of(bytes), Refusal::malformed) << bytes;
  }
}

TEST(ResponseParser, RefusesWhatIsPastTheLimits) {
  const http::MessageLimits limits{.header_bytes_max = 100, .body_bytes_max = 10};
  const std::string line = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(refusal_of(line + "Content-Length: 11\r\n\r\n", limits), Refusal::body_too_long);
  EXPECT_EQ(refusal_of(line + "Content-Length: 10\r\n\r\n0123456789", limits), Refusal::none);
  EXPECT_EQ(refusal_of(line + "\r\n0123456789", limits), Refusal::none);
  EXPECT_EQ(refusal_of(line + "\r\n01234567890", limits), Refusal::body_too_long);
  EXPECT_EQ(refusal_of(line + "Transfer-Encoding: chunked\r\n\r\nb\r\n", limits),
            Refusal::body_too_long);
  EXPECT_EQ(refusal_of(line + "A: " + std::string(100, 'a') + "\r\n\r\n", limits),
            Refusal::head_too_long);
}

}  // namespace
}  // namespace dynakeep::transport
