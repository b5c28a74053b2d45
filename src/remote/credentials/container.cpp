#include "remote/credentials/container.h"

#include <algorithm>
#include <string>
#include <utility>

#include "http/message.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

constexpr std::size_t token_bytes_max = std::size_t{32} << 10;

Error refusal_of_setting(std::string message) {
  return {ErrorCode::invalid_argument, std::move(message)};
}

bool may_be_asked(const transport::Origin& origin) {
  if (origin.secure || transport::is_loopback(origin)) return true;
  return origin.host == "169.254.170.2" || origin.host == "169.254.170.23" ||
         http::equal_ignoring_case(origin.host, "fd00:ec2::23");
}

// Empty if there is none.
Result<std::string> authorization(const base::Environment& environment) {
  std::string token = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  std::string where = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
  if (const auto path = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    auto text = TRY(environment.file(*path, token_bytes_max));
    if (!text) {
      return refusal_of_setting("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + *path +
                                " does not exist");
    }
    token = std::move(*text);
    where = *path;
    // An editor's last line break is no part of the token; one within it would be another header.
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  }
  const bool may_be_sent =
      std::all_of(token.begin(), token.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!may_be_sent) return refusal_of_setting(where + " holds what cannot be a header's value");
  return token;
}

}  // namespace

Result<Finding> find_at_container(const base::Environment& environment, const Reach& reach) {
  const auto relative = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) {
    return Finding{.words = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set"};
  }
  auto url = transport::parse_url(relative ? "http://169.254.170.2" + *relative : *full);
  // A "relative" URI of "@host" or ":80" would make another host of ours.
  if (relative && (!relative->starts_with('/') || !url)) {
    return refusal_of_setting("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is no path");
  }
  if (!url) {
    return refusal_of_setting("AWS_CONTAINER_CREDENTIALS_FULL_URI: " + url.error().message());
  }
  if (!may_be_asked(url->origin)) {
    return refusal_of_setting("AWS_CONTAINER_CREDENTIALS_FULL_URI: " + to_string(url->origin) +
                              " is neither https nor an address of this machine's container host");
  }

  http::HttpRequest request{.method = "GET", .target = url->target};
  request.headers.add("Accept", "application/json");
  if (const std::string token = TRY(authorization(environment)); !token.empty()) {
    request.headers.add("Authorization", token);
  }
  const std::string name = "The container's endpoint " + to_string(url->origin);
  const Whom whom{
      .transport = reach.direct, .origin = url->origin, .name = name, .deadline = reach.deadline()};
  const auto response = TRY(ask(whom, std::move(request), reach));
  if (response.status != 200) return refusal(whom, response);
  const auto fields = TRY(read_credentials_json(response.body, name));
  auto credentials = TRY(to_credentials(fields, "Token", Lifetime::ends, name));
  return Finding{.credentials = TRY(checked(std::move(credentials), name, reach.clock.now())),
                 .words = "the container's endpoint"};
}

}  // namespace dynakeep::remote
