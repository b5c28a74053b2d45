// A request with any headers and target: looking at its signature refuses or accepts, and what we
// sign we accept. The input is a request as text: "METHOD TARGET", header lines, an empty line,
// body.

#include "http/signature.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"

using namespace dynakeep;
using namespace dynakeep::http;

namespace {

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

// Whether a parser of HTTP lets a field of that name through.
bool could_arrive(std::string_view name, std::string_view line) {
  return !name.empty() && line.find('\r') == std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
         });
}

HttpRequest to_request(std::string_view input) {
  HttpRequest request;
  const auto first = take_line(input);
  const auto space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = space == std::string_view::npos ? "/" : std::string(first.substr(space + 1));
  while (!input.empty()) {
    const auto line = take_line(input);
    if (line.empty()) break;
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos || !could_arrive(line.substr(0, colon), line)) continue;
    request.headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body = input;
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Time now{std::chrono::seconds(1440938160)};  // 2015-08-30T12:36:00Z, as in AWS's examples
  const Credentials credentials{.access_key_id = "AKIDEXAMPLE",
                                .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  const SecretKeys secrets{{credentials.access_key_id, credentials.secret_access_key}};

  auto request = to_request({reinterpret_cast<const char*>(data), size});
  const bool complete = check_signature_is_complete(request).has_value();
  const bool good = verify(request, secrets, "dynamodb", now).has_value();
  INVARIANT(complete || !good);

  // A request that carries the other form already is refused for carrying both.
  if (request.query().empty()) {
    request.headers.set("Host", "localhost");
    request.headers.remove("X-Amz-Content-Sha256");
    sign(request, credentials, {}, now);
    INVARIANT(verify(request, secrets, "dynamodb", now));
  }
  return 0;
}
