#include "healthcheck.h"

#include <array>
#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "complain.h"

namespace dynakeep::app {

namespace {

constexpr int patience_seconds = 3;

struct Target {
  std::string host = {};
  std::string port = "80";
  std::string path = "/health";
};

// "http://host:port", with or without a path; IPv6 in brackets.
bool parse_url(const std::string& url, Target& target) {
  const std::string scheme = "http://";
  if (!url.starts_with(scheme)) return false;
  const auto slash = url.find('/', scheme.size());
  const std::string authority = url.substr(scheme.size(), slash - scheme.size());
  if (slash != std::string::npos && slash + 1 < url.size()) target.path = url.substr(slash);
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  target.host = authority.substr(0, colon);
  if (colon != std::string::npos) target.port = authority.substr(colon + 1);
  if (target.host.starts_with('[') && target.host.ends_with(']')) {
    target.host = target.host.substr(1, target.host.size() - 2);
  }
  return !target.host.empty() && !target.port.empty();
}

// The answer to GET; empty if there is none in time.
std::string ask(const Target& target) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found) != 0) return {};
  std::string answer;
  for (const addrinfo* at = found; at != nullptr && answer.empty(); at = at->ai_next) {
    const int socket = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) continue;
    const timeval patience{.tv_sec = patience_seconds, .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const std::string request = "GET " + target.path + " HTTP/1.1\r\nHost: " + target.host +
                                "\r\nConnection: close\r\n\r\n";
    if (::connect(socket, at->ai_addr, at->ai_addrlen) == 0 &&
        ::send(socket, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size())) {
      std::array<char, 1024> buffer;
      ssize_t count = 0;
      while ((count = ::recv(socket, buffer.data(), buffer.size(), 0)) > 0) {
        answer.append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
    ::close(socket);
  }
  ::freeaddrinfo(found);
  return answer;
}

int check(const std::string& url) {
  Target target;
  if (!parse_url(url, target)) {
    return complain(exit_misused, "'" + url + "' is not of the form http://HOST:PORT");
  }
  const std::string answer = ask(target);
  if (!answer.starts_with("HTTP/1.1 200 ")) {
    return complain(exit_failed, answer.empty()
                                     ? "no answer from " + url
                                     : url + " answers " + answer.substr(0, answer.find('\r')));
  }
  const auto body = answer.find("\r\n\r\n");
  std::cout << (body == std::string::npos ? "" : answer.substr(body + 4)) << "\n";
  return exit_done;
}

}  // namespace

void add_healthcheck(CLI::App& program, int& exit_code) {
  auto url = std::make_shared<std::string>("http://127.0.0.1:8000");
  CLI::App* command = program.add_subcommand(
      "healthcheck", "Ask a server how it is; ends with 0 if it is well, 1 if not");
  command
      ->add_option("url", *url,
                   "Where it serves; with a path, what to ask instead of /health, as in\n"
                   "http://127.0.0.1:3000/readyz")
      ->capture_default_str()
      ->type_name("URL");
  command->callback([url, &exit_code] { exit_code = check(*url); });
}

}  // namespace dynakeep::app
