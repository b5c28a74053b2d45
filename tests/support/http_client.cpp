#include "support/http_client.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "wire/operations.h"

namespace dynakeep::support {

namespace {

Error trouble(const std::string& what) { return {ErrorCode::unavailable, what}; }

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> operation_headers(std::string_view operation) {
  const wire::Operation* known = wire::find_operation(operation);
  const std::string_view service = known == nullptr ? wire::target_prefix : known->service;
  return {{"Content-Type", "application/x-amz-json-1.0"},
          {"X-Amz-Target", std::string(service) + '.' + std::string(operation)},
          {"X-Amz-Date", "20260101T000000Z"},
          {"Authorization",
           "AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/dynamodb/aws4_request, "
           "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" +
               std::string(64, '0')}};
}

std::string HttpAnswer::header(std::string_view name) const {
  for (const auto& [each, value] : headers) {
    if (each == name) return value;
  }
  return {};
}

HttpClient::~HttpClient() { close(); }

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  unread_.clear();
}

Result<void> HttpClient::connect() {
  close();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(port_);
  if (const int failure = ::getaddrinfo(host_.c_str(), port.c_str(), &hints, &found)) {
    return trouble(host_ + ": " + ::gai_strerror(failure));
  }
  for (auto* address = found; address != nullptr && socket_ < 0; address = address->ai_next) {
    socket_ = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ >= 0 && ::connect(socket_, address->ai_addr, address->ai_addrlen) != 0) close();
  }
  ::freeaddrinfo(found);
  if (socket_ < 0) return trouble("cannot connect to " + host_ + ":" + port);
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const timeval patience{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return {};
}

Result<void> HttpClient::fill() {
  char buffer[65536];
  ssize_t got = 0;
  do {
    got = ::recv(socket_, buffer, sizeof buffer, 0);
  } while (got < 0 && errno == EINTR);  // a process that was stopped for a while goes on
  if (got == 0) return trouble("the connection was closed");
  if (got < 0) return trouble(std::strerror(errno));
  unread_.append(buffer, static_cast<std::size_t>(got));
  return {};
}

Result<HttpAnswer> HttpClient::exchange(std::string_view request, bool head_only) {
  while (!request.empty()) {
    const auto sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return trouble(std::strerror(errno));
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  std::size_t head_end = std::string::npos;
  while ((head_end = unread_.find("\r\n\r\n")) == std::string::npos) TRY(fill());
  const auto head = unread_.substr(0, head_end + 2);
  unread_.erase(0, head_end + 4);

  HttpAnswer answer;
  if (head.rfind("HTTP/1.1 ", 0) != 0) return trouble("not HTTP/1.1: " + head);
  answer.status = std::atoi(head.c_str() + 9);
  for (auto at = head.find("\r\n") + 2; at < head.size();) {
    const auto end = head.find("\r\n", at);
    const auto line = head.substr(at, end - at);
    const auto colon = line.find(':');
    auto value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    answer.headers.emplace_back(lower(line.substr(0, colon)), std::move(value));
    at = end + 2;
  }
  std::size_t length = 0;
  bool chunked = false;
  bool last = false;
  for (const auto& [name, value] : answer.headers) {
    if (name == "content-length") length = std::strtoul(value.c_str(), nullptr, 10);
    if (name == "transfer-encoding") chunked = lower(value) == "chunked";
    if (name == "connection") last = lower(value) == "close";
  }
  if (head_only) {
    if (last) close();
    return answer;
  }
  while (chunked) {
    std::size_t line_end = std::string::npos;
    while ((line_end = unread_.find("\r\n")) == std::string::npos) TRY(fill());
    length = std::strtoul(unread_.c_str(), nullptr, 16);
    unread_.erase(0, line_end + 2);
    while (unread_.size() < length + 2) TRY(fill());
    answer.body.append(unread_, 0, length);
    unread_.erase(0, length + 2);
    chunked = length > 0;
    length = 0;
  }
  while (unread_.size() < length) TRY(fill());
  answer.body.append(unread_, 0, length);
  unread_.erase(0, length);
  if (last) close();
  return answer;
}

Result<HttpAnswer> HttpClient::request(std::string_view method, std::string_view target,
                                       const Headers& headers, std::string_view body) {
  std::string request = std::string(method) + " " + std::string(target) +
                        " HTTP/1.1\r\nHost: " + host_ + ":" + std::to_string(port_) + "\r\n";
  if (!body.empty() || method.starts_with('P')) {
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  for (const auto& [header, value] : headers) request += header + ": " + value + "\r\n";
  return bytes(request + "\r\n" + std::string(body), method == "HEAD");
}

Result<HttpAnswer> HttpClient::bytes(std::string_view request, bool head_only) {
  const bool reused = socket_ >= 0;
  if (!reused) TRY(connect());
  auto answer = exchange(request, head_only);
  if (!answer && reused) {
    // The other side may have closed the idle connection.
    TRY(connect());
    answer = exchange(request, head_only);
  }
  if (!answer) close();
  return answer;
}

Result<HttpAnswer> HttpClient::operation(std::string_view name, std::string_view body) {
  return request("POST", "/", operation_headers(name), body);
}

}  // namespace dynakeep::support
