#include "server/request_parser.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/invariant.h"

namespace dynakeep::server {

namespace {

namespace beast_http = boost::beast::http;
using BeastString = boost::beast::string_view;
using boost::beast::error_code;

constexpr std::size_t kept_bytes_max = std::size_t{16} << 10;

std::string_view view(BeastString text) { return {text.data(), text.size()}; }

// "http://host/path" -> "/path"; what is no absolute form stays.
std::string_view origin_form(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (!http::equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return target;
  const auto path = target.find_first_of("/?", scheme.size());
  if (path == std::string_view::npos) return "/";
  return target.substr(path);
}

// Fills a request that outlives it. Beast's parser is good for one message and cheap to make.
class Filler final : public beast_http::basic_parser<true> {
 public:
  explicit Filler(http::HttpRequest& request) : request_(request) {}

  bool expects_continue() const { return expects_continue_; }
  bool is_http_1_0() const { return version_ == 10; }

 private:
  void on_request_impl(beast_http::verb, BeastString method, BeastString target, int version,
                       error_code&) override {
    version_ = version;
    request_.method.assign(method.data(), method.size());
    request_.target = origin_form(view(target));
  }

  void on_field_impl(beast_http::field field, BeastString name, BeastString value,
                     error_code&) override {
    // Fields behind a chunked body come too late: who signed the head did not mean them.
    if (is_header_done()) return;
    request_.headers.add(view(name), view(value));
    if (field == beast_http::field::expect &&
        http::equal_ignoring_case(view(value), "100-continue")) {
      expects_continue_ = true;
    }
  }

  // Beast asks for it of all its parsers; this one meets requests only.
  void on_response_impl(int, BeastString, int, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length) request_.body.reserve(static_cast<std::size_t>(*length));
  }
  std::size_t on_body_impl(BeastString bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, BeastString, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastString bytes, error_code&) override {
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

  http::HttpRequest& request_;
  int version_ = 11;
  bool expects_continue_ = false;
};

int status_of(const error_code& error) {
  if (error == beast_http::error::header_limit) return 431;
  if (error == beast_http::error::body_limit) return 413;
  return 400;
}

}  // namespace

struct RequestParser::Implementation {
  explicit Implementation(const RequestLimits& request_limits) : limits(request_limits) { begin(); }

  void begin() {
    request.method.clear();
    request.target.clear();
    request.headers.clear();
    request.body.clear();
    if (request.body.capacity() > kept_bytes_max) request.body.shrink_to_fit();
    if (request.target.capacity() > kept_bytes_max) request.target.shrink_to_fit();
    if (request.headers.capacity_bytes() > kept_bytes_max) {
      http::Headers fresh;
      std::swap(request.headers, fresh);  // assigned to, a string would keep its memory
    }
    filler.emplace(request);
    filler->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    filler->body_limit(limits.body_bytes_max);
    state = State::head;
    taken_bytes = 0;
  }

  void fail(int status) {
    state = State::failed;
    failed_status = status;
  }

  const RequestLimits limits;
  http::HttpRequest request;
  std::optional<Filler> filler;
  State state = State::head;
  int failed_status = 0;
  std::uint64_t taken_bytes = 0;
};

RequestParser::RequestParser(const RequestLimits& limits)
    : it_(std::make_unique<Implementation>(limits)) {}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::put(std::string_view bytes) {
  INVARIANT(it_->state == State::head || it_->state == State::body);
  std::size_t skipped = 0;
  if (is_fresh()) {
    // RFC 7230, 3.5: empty lines before a request are to be ignored.
    while (bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
    if (bytes.substr(skipped) == "\r" || skipped == bytes.size()) return skipped;
  }
  error_code error;
  const std::size_t used = it_->filler->put(
      boost::asio::const_buffer(bytes.data() + skipped, bytes.size() - skipped), error);
  it_->taken_bytes += used;
  const bool in_head = !it_->filler->is_header_done();
  if (error && error != beast_http::error::need_more) {
    it_->fail(status_of(error));
  } else if ((it_->state == State::head && it_->taken_bytes > it_->limits.header_bytes_max) ||
             (used == 0 && bytes.size() > it_->limits.header_bytes_max)) {
    // Beast counts what it gets at once, but a client may send one field at a time; and it does not
    // count what stands between chunks.
    it_->fail(431);
  } else if (it_->filler->is_done()) {
    it_->state = State::complete;
  } else if (!in_head) {
    it_->state = State::body;
  }
  return skipped + used;
}

RequestParser::State RequestParser::state() const { return it_->state; }
int RequestParser::failed_status() const { return it_->failed_status; }
bool RequestParser::is_fresh() const { return it_->taken_bytes == 0; }
const http::HttpRequest& RequestParser::request() const { return it_->request; }

std::optional<std::uint64_t> RequestParser::content_length() const {
  const auto length = it_->filler->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

bool RequestParser::expects_continue() const { return it_->filler->expects_continue(); }
bool RequestParser::keep_alive() const { return it_->filler->keep_alive(); }
bool RequestParser::is_http_1_0() const { return it_->filler->is_http_1_0(); }

void RequestParser::next() { it_->begin(); }

}  // namespace dynakeep::server
