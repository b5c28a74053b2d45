#include "remote/credentials/sts.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "http/percent_encoding.h"
#include "http/signature.h"
#include "remote/amazon_endpoint.h"
#include "remote/credentials/finding.h"
#include "remote/credentials/xml.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

constexpr std::size_t token_file_bytes_max = std::size_t{64} << 10;

using Texts = std::map<std::string, std::string, std::less<>>;

// The regions whose "legacy" endpoint is the global one.
constexpr std::array legacy_regions = {
    "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
    "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2"};

class Form {
 public:
  explicit Form(std::string_view action) : body_("Version=2011-06-15") { add("Action", action); }

  void add(std::string_view name, std::string_view value) {
    body_.append(1, '&').append(name).append(1, '=');
    http::append_percent_encoded(body_, value);
  }

  http::HttpRequest request() && {
    http::HttpRequest request{.method = "POST", .target = "/", .body = std::move(body_)};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    return request;
  }

 private:
  std::string body_;
};

Form form_for(std::string_view action, const Role& role, const Clock& clock) {
  Form form(action);
  form.add("RoleArn", role.arn);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch();
  form.add("RoleSessionName", role.session_name.empty()
                                  ? "dynakeep-" + std::to_string(seconds.count())
                                  : role.session_name);
  if (role.duration_seconds) form.add("DurationSeconds", std::to_string(*role.duration_seconds));
  return form;
}

std::string text_at(const Texts& texts, std::string_view path) {
  const auto found = texts.find(path);
  return found == texts.end() ? std::string() : found->second;
}

// "AccessDenied: User … is not authorized", without anything of what we keep secret, which a server
// that is not STS might say back to us.
std::string words_of_error(const http::HttpResponse& response,
                           std::initializer_list<std::string_view> secrets) {
  const auto texts = read_xml_texts(response.body);
  if (!texts) return {};
  std::string code = in_one_line(text_at(*texts, "ErrorResponse/Error/Code"));
  const std::string message = in_one_line(text_at(*texts, "ErrorResponse/Error/Message"));
  for (const std::string_view secret : secrets) {
    // The message is cut, so it may hold the beginning only.
    constexpr std::size_t telling = 12;
    const auto beginning = secret.substr(0, telling);
    if (beginning.empty()) continue;
    if (code.find(beginning) != std::string::npos) return {};
    if (message.find(beginning) != std::string::npos) return code;
  }
  if (code.empty() || message.empty()) return code + message;
  return code + ": " + message;
}

bool is_busy(const http::HttpResponse& response) {
  if (response.status != 400 && response.status != 403) return false;
  const auto texts = read_xml_texts(response.body);
  if (!texts) return false;
  const std::string code = text_at(*texts, "ErrorResponse/Error/Code");
  return code == "Throttling" || code == "ThrottlingException" || code == "RequestLimitExceeded" ||
         code == "IDPCommunicationError";
}

// Asks STS, and reads the credentials in the answer to `action`.
Result<Credentials> exchange(std::string_view action, const Role& role, http::HttpRequest request,
                             std::initializer_list<std::string_view> secrets, const Sts& sts,
                             const Reach& reach) {
  const std::string name =
      "STS (" + to_string(sts.origin) + "), asked for role " + in_one_line(role.arn) + ",";
  const Whom whom{
      .transport = reach.outside, .origin = sts.origin, .name = name, .deadline = reach.deadline()};
  const auto response = TRY(ask(whom, std::move(request), reach, is_busy));
  if (response.status != 200) return refusal(whom, response, words_of_error(response, secrets));

  const auto texts = read_xml_texts(response.body);
  if (!texts) return Error(texts.error().code(), name + " gave " + texts.error().message());
  const std::string at =
      std::string(action) + "Response/" + std::string(action) + "Result/Credentials/";
  CredentialsFields fields;
  for (const std::string_view field :
       {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}) {
    if (auto text = text_at(*texts, at + std::string(field)); !text.empty()) {
      fields.emplace(field, std::move(text));
    }
  }
  return checked(TRY(to_credentials(fields, "SessionToken", Lifetime::ends, name)), name,
                 reach.clock.now());
}

}  // namespace

Result<Sts> find_sts(const Configuration& configuration, std::string_view region) {
  Sts sts;
  std::optional<Setting> found = configuration.find_region();
  if (!region.empty()) found = Setting{std::string(region), "The region"};
  if (found && found->value != "local") sts.region = found->value;
  if (auto configured = TRY(configuration.find_endpoint("sts"))) {
    sts.origin = std::move(*configured);
    return sts;
  }

  const AmazonEndpointKind kind{
      .fips = TRY(configuration.find_flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")),
      .dual_stack =
          TRY(configuration.find_flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"))};
  auto origin = amazon_endpoint("sts", sts.region, kind);
  if (!origin) return found ? found->refusal(origin.error().message()) : origin.error();
  sts.origin = std::move(*origin);

  const auto which = configuration.find("AWS_STS_REGIONAL_ENDPOINTS", "sts_regional_endpoints");
  if (!which || which->value == "regional") return sts;
  if (which->value != "legacy") return which->refusal("neither regional nor legacy");
  if (!kind.fips && !kind.dual_stack &&
      std::find(legacy_regions.begin(), legacy_regions.end(), sts.region) != legacy_regions.end()) {
    sts.origin.host = "sts.amazonaws.com";
    sts.region = "us-east-1";
  }
  return sts;
}

Result<Credentials> assume_role(const Role& role, const Credentials& source, const Sts& sts,
                                const Reach& reach) {
  Form form = form_for("AssumeRole", role, reach.clock);
  if (!role.external_id.empty()) form.add("ExternalId", role.external_id);
  http::HttpRequest request = std::move(form).request();
  request.headers.add("Host", transport::host_and_port(sts.origin));
  http::sign(request, source, {.region = sts.region, .service = "sts"}, reach.clock.now());
  return exchange("AssumeRole", role, std::move(request),
                  {source.secret_access_key, source.session_token}, sts, reach);
}

Result<Credentials> assume_role_with_web_identity(const Role& role, const std::string& token_file,
                                                  const base::Environment& environment,
                                                  const Sts& sts, const Reach& reach) {
  const auto text = TRY(environment.file(token_file, token_file_bytes_max));
  if (!text) {
    return Error(ErrorCode::invalid_argument,
                 "The web identity token file " + token_file + " does not exist");
  }
  std::string_view token(*text);
  const auto first = token.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    return Error(ErrorCode::access_denied,
                 "The web identity token file " + token_file + " is empty");
  }
  token = token.substr(first, token.find_last_not_of(" \t\r\n") - first + 1);

  Form form = form_for("AssumeRoleWithWebIdentity", role, reach.clock);
  form.add("WebIdentityToken", token);
  return exchange("AssumeRoleWithWebIdentity", role, std::move(form).request(), {token}, sts,
                  reach);
}

}  // namespace dynakeep::remote
