#include "remote/credentials/instance.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "http/message.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

constexpr std::string_view role_folder = "/latest/meta-data/iam/security-credentials/";

Result<transport::Origin> find_endpoint(const Configuration& configuration) {
  if (const auto found = configuration.find("AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                            "ec2_metadata_service_endpoint")) {
    auto origin = transport::parse_origin(found->value);
    if (!origin) return found->refusal(origin.error().message());
    return origin;
  }
  const auto mode = configuration.find("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                       "ec2_metadata_service_endpoint_mode");
  if (!mode || http::equal_ignoring_case(mode->value, "ipv4")) {
    return transport::Origin{.host = "169.254.169.254"};
  }
  if (http::equal_ignoring_case(mode->value, "ipv6"))
    return transport::Origin{.host = "fd00:ec2::254"};
  return mode->refusal("neither IPv4 nor IPv6");
}

// Role names are more narrow, but this is what must not happen: another path, another request.
bool may_be_role(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
}

bool may_be_token(std::string_view text) {
  return !text.empty() && text.size() <= 4096 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of("\r\n")));
}

http::HttpRequest request_for(std::string_view target, const std::string& token) {
  http::HttpRequest request{.method = "GET", .target = std::string(target)};
  request.headers.add("X-aws-ec2-metadata-token", token);
  return request;
}

}  // namespace

Result<Finding> find_at_instance(const Configuration& configuration, const Reach& reach) {
  const auto disabled = configuration.variable("AWS_EC2_METADATA_DISABLED");
  if (disabled && http::equal_ignoring_case(disabled->value, "true")) {
    return Finding{.words = "AWS_EC2_METADATA_DISABLED is true"};
  }
  const transport::Origin endpoint = TRY(find_endpoint(configuration));
  const auto patience = std::chrono::seconds(
      TRY(configuration.find_count("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"))
          .value_or(1));
  const unsigned attempts = TRY(configuration.find_count("AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                                         "metadata_service_num_attempts"))
                                .value_or(1);
  const std::string name = "The instance metadata service " + to_string(endpoint);
  Whom whom{
      .transport = reach.direct,
      .origin = endpoint,
      .name = name,
      .deadline = reach.pacing.now() + std::min<std::chrono::milliseconds>(patience, reach.timeout),
      .attempts_max = attempts};

  http::HttpRequest token_request{.method = "PUT", .target = "/latest/api/token"};
  token_request.headers.add("X-aws-ec2-metadata-token-ttl-seconds", "21600");
  const auto token_answer = ask(whom, std::move(token_request), reach);
  if (!token_answer) return Finding{.words = token_answer.error().message()};
  if (token_answer->status != 200) {
    return Finding{.words = refusal(whom, *token_answer, "it gives no token").message()};
  }
  const std::string token = token_answer->body;
  if (!may_be_token(token)) {
    return Error(ErrorCode::unavailable, name + " gave something that is no token");
  }

  whom.deadline = reach.deadline();
  whom.attempts_max = 3;
  const auto roles = TRY(ask(whom, request_for(role_folder, token), reach));
  if (roles.status == 404) return Finding{.words = name + " knows no role of this instance"};
  if (roles.status != 200) return refusal(whom, roles);
  const std::string role = first_line(roles.body);
  if (role.empty()) return Finding{.words = name + " knows no role of this instance"};
  if (!may_be_role(role)) {
    return Error(ErrorCode::unavailable, name + " gave something that is no role's name");
  }

  const auto response = TRY(ask(whom, request_for(std::string(role_folder) + role, token), reach));
  if (response.status != 200) return refusal(whom, response);
  const auto fields = TRY(read_credentials_json(response.body, name));
  const auto code = fields.find("Code");
  if (code != fields.end() && code->second != "Success") {
    return Error(ErrorCode::access_denied,
                 name + " has no credentials for role " + role + ": " + in_one_line(code->second));
  }
  auto credentials = TRY(to_credentials(fields, "Token", Lifetime::ends, name));
  return Finding{.credentials = TRY(checked(std::move(credentials), name, reach.clock.now())),
                 .words = "the instance's role " + role};
}

}  // namespace dynakeep::remote
