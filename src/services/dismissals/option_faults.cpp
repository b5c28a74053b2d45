#include "services/dismissals/option_faults.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "http/message_parser.h"
#include "http/percent_encoding.h"
#include "services/jwt/token_options.h"

namespace dynakeep::services::dismissals {

namespace {

class Faults {
 public:
  void note(std::string_view variable, std::string rule) {
    found_.push_back({variable, std::move(rule)});
  }
  void expect(bool holds, std::string_view variable, std::string_view rule) {
    if (!holds) note(variable, std::string(rule));
  }
  void add(std::vector<OptionFault> others) {
    std::move(others.begin(), others.end(), std::back_inserter(found_));
  }
  std::vector<OptionFault> take() { return std::move(found_); }

 private:
  std::vector<OptionFault> found_;
};

bool are_header_values(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [](const std::string& text) { return http::is_field_value(text); });
}

// "docs", "swagger/docs": segments that stand for themselves in a URL.
bool is_plain_path(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.ends_with('/')) return false;
  return path.find("//") == std::string_view::npos &&
         std::all_of(path.begin(), path.end(),
                     [](char c) { return c == '/' || http::is_unreserved(c); });
}

void check_cors(const DismissalCors& cors, Faults& faults) {
  if (!cors.enabled) return;
  faults.expect(!cors.origins.empty(), "CORS_ORIGINS",
                "origins must not be empty when CORS is enabled");
  faults.expect(are_header_values(cors.origins), "CORS_ORIGINS", "may not hold line breaks");
  faults.expect(are_header_values(cors.methods), "CORS_METHODS", "may not hold line breaks");
  faults.expect(are_header_values(cors.allowed_headers), "CORS_ALLOWED_HEADERS",
                "may not hold line breaks");
  faults.expect(cors.max_age_s >= 0, "CORS_MAX_AGE", "must be 0 or more");
}

void check_rate_limits(const DismissalRateLimits& limits, Faults& faults) {
  faults.expect(limits.points > 0, "RATE_LIMITER_POINTS", "must be 1 or more");
  faults.expect(limits.duration.count() > 0, "RATE_LIMITER_DURATION", "must be 1 or more");
  faults.expect(limits.block_duration.count() >= 0, "RATE_LIMITER_BLOCK_DURATION",
                "must be 0 or more");
  faults.expect(!limits.keys.empty(), "RATE_LIMITER_KEY_TYPE", "must name one");
}

}  // namespace

std::vector<OptionFault> faults_of(const DismissalsServiceOptions& options) {
  Faults faults;
  if (options.cache) {
    faults.expect(options.cache->items_max > 0, "CACHE_MEMORY_MAX_ITEMS", "must be 1 or more");
    faults.expect(options.cache->time_to_live.count() > 0, "CACHE_MEMORY_TTL_MS",
                  "must be 1 or more");
  }
  if (options.description_path && !is_plain_path(*options.description_path)) {
    faults.note("SWAGGER_PATH", "must be a path of letters, digits and - . _ ~; is \"" +
                                    *options.description_path + "\"");
  }
  faults.expect(options.security_headers.hsts_max_age_s >= 0, "HELMET_HSTS_MAX_AGE",
                "must be 0 or more");
  check_cors(options.cors, faults);
  if (options.tokens) faults.add(jwt::faults_of(*options.tokens));
  if (options.rate_limits) check_rate_limits(*options.rate_limits, faults);
  return faults.take();
}

}  // namespace dynakeep::services::dismissals
