#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/result.h"

namespace dynakeep::support {

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
  std::string body = {};

  // Of the first header of that name, in lower case; empty if there is none.
  std::string header(std::string_view name) const;
};

// What a client sends with an operation, beside Host and Content-Length: a well-formed signature of
// nobody among it.
std::vector<std::pair<std::string, std::string>> operation_headers(std::string_view operation);

// A plain HTTP/1.1 client for tests: one keep-alive connection, blocking, opened again when the
// other side has closed it. Shares no code with the server. Not thread-safe.
class HttpClient {
 public:
  HttpClient(std::string host, std::uint16_t port) : host_(std::move(host)), port_(port) {}
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Any request. Host is added, and Content-Length as browsers do: with a body, and to methods that
  // expect one (POST, PUT, PATCH).
  Result<HttpAnswer> request(std::string_view method, std::string_view target,
                             const Headers& headers = {}, std::string_view body = {});
  // Bytes as they are, and the answer to them.
  Result<HttpAnswer> bytes(std::string_view request, bool head_only = false);
  // POST / of one DynamoDB operation.
  Result<HttpAnswer> operation(std::string_view name, std::string_view body);

 private:
  Result<void> connect();
  void close();
  Result<HttpAnswer> exchange(std::string_view request, bool head_only);
  Result<void> fill();

  std::string host_;
  std::uint16_t port_;
  int socket_ = -1;
  std::string unread_;
};

}  // namespace dynakeep::support
