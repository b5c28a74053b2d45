#include "services/dismissals/common_headers.h"

#include <algorithm>
#include <string_view>

namespace dynakeep::services::dismissals {

namespace {

constexpr std::string_view content_policy =
    "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"
    "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"
    "script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests";

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(all.empty() ? "" : ", ").append(text);
  return all;
}

bool holds(const std::vector<std::string>& texts, std::string_view wanted) {
  return std::find(texts.begin(), texts.end(), wanted) != texts.end();
}

}  // namespace

CommonHeaders::CommonHeaders(const DismissalSecurityHeaders& security, const DismissalCors& cors)
    : cors_(cors), any_origin_(holds(cors.origins, "*")) {
  if (!security.enabled) return;
  std::string transport = "max-age=" + std::to_string(security.hsts_max_age_s);
  if (security.hsts_include_subdomains) transport += "; includeSubDomains";
  if (security.hsts_preload) transport += "; preload";
  if (security.content_security_policy) {
    security_.emplace_back("Content-Security-Policy", content_policy);
  }
  if (security.cross_origin_embedder_policy) {
    security_.emplace_back("Cross-Origin-Embedder-Policy", "require-corp");
  }
  security_.insert(security_.end(), {{"Cross-Origin-Opener-Policy", "same-origin"},
                                     {"Cross-Origin-Resource-Policy", "same-origin"},
                                     {"Origin-Agent-Cluster", "?1"},
                                     {"Referrer-Policy", "no-referrer"},
                                     {"Strict-Transport-Security", transport},
                                     {"X-Content-Type-Options", "nosniff"},
                                     {"X-DNS-Prefetch-Control", "off"},
                                     {"X-Download-Options", "noopen"},
                                     {"X-Frame-Options", "SAMEORIGIN"},
                                     {"X-Permitted-Cross-Domain-Policies", "none"},
                                     {"X-XSS-Protection", "0"}});
}

void CommonHeaders::add_to(http::HttpResponse& answer, const http::HttpRequest& request) const {
  for (const auto& [name, value] : security_) answer.headers.add(name, value);
  if (!cors_.enabled) return;
  if (any_origin_) {
    answer.headers.add("Access-Control-Allow-Origin", "*");
  } else {
    answer.headers.add("Vary", "Origin");
    const auto origin = request.headers.find("origin");
    if (origin && holds(cors_.origins, *origin)) {
      answer.headers.add("Access-Control-Allow-Origin", *origin);
    }
  }
  if (cors_.credentials) answer.headers.add("Access-Control-Allow-Credentials", "true");
}

http::HttpResponse CommonHeaders::preflight(const http::HttpRequest& request) const {
  if (!request.headers.contains("origin") ||
      !request.headers.contains("access-control-request-method")) {
    http::HttpResponse answer{.status = 400, .body = "Invalid Preflight Request"};
    answer.headers.add("Content-Type", "text/plain");
    return answer;
  }
  http::HttpResponse answer{.status = 204};
  answer.headers.add("Access-Control-Allow-Methods", joined(cors_.methods));
  answer.headers.add("Access-Control-Allow-Headers", joined(cors_.allowed_headers));
  answer.headers.add("Access-Control-Max-Age", std::to_string(cors_.max_age_s));
  return answer;
}

}  // namespace dynakeep::services::dismissals
