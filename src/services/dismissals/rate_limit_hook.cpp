#include "services/dismissals/rate_limit_hook.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/dismissals/rate_limiter.h"

namespace dynakeep::services::dismissals {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
  std::string made(text);
  for (char& c : made) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return made;
}

// "https://user@App.example:8443/path" -> "App.example"; empty for what is no URL.
std::string_view host_in(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const auto at = host.rfind('@');
  if (at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

struct Source {
  std::string_view name;
  std::string_view value;
};

class RateLimitHook final : public DismissalHook {
 public:
  RateLimitHook(const DismissalRateLimits& options, const Clock& clock)
      : options_(options),
        limiter_({.points = options.points,
                  .duration = options.duration,
                  .block_duration = options.block_duration},
                 clock) {
    for (std::string& ignored : options_.ignored) ignored = lower(trimmed(ignored));
  }

  int priority() const override { return options_.priority; }

  DismissalVerdict before_request(DismissalRequest& request) override {
    return check(request.context);
  }
  DismissalVerdict before_batch_request(DismissalBatchRequest& request) override {
    return check(request.context);
  }
  DismissalVerdict before_audience_request(const DismissalAudienceRequest& request) override {
    return check(request.context);
  }

 private:
  std::string_view address_of(const DismissalContext& context) const {
    if (options_.trust_proxy) {
      if (const auto forwarded = context.header("x-forwarded-for")) {
        const std::string_view first = trimmed(forwarded->substr(0, forwarded->find(',')));
        if (!first.empty()) return first;
      }
      if (const auto real = context.header("x-real-ip"); real && !real->empty()) return *real;
    }
    return context.client_address;
  }

  // Those that the request has, in the order of the options.
  std::vector<Source> sources_of(const DismissalContext& context) const {
    std::vector<Source> sources;
    for (const DismissalLimiterKey key : options_.keys) {
      const Source source = key == DismissalLimiterKey::ip ? Source{"ip", address_of(context)}
                            : key == DismissalLimiterKey::origin
                                ? Source{"origin", context.header("origin").value_or("")}
                                : Source{"referrer", context.header("referer").value_or("")};
      if (!source.value.empty()) sources.push_back(source);
    }
    return sources;
  }

  bool is_ignored(const Source& source) const {
    const std::string value = lower(trimmed(source.value));
    const std::string_view host = source.name == "ip" ? std::string_view() : host_in(value);
    return std::any_of(options_.ignored.begin(), options_.ignored.end(),
                       [&](const std::string& one) { return one == value || one == host; });
  }

  // Of the buckets to charge, one after the other.
  std::vector<std::string> keys_of(const std::vector<Source>& sources) const {
    if (sources.empty()) return {"unknown"};
    std::vector<std::string> keys;
    switch (options_.mode) {
      case DismissalLimiterMode::all: {
        std::string joined;
        for (const Source& source : sources) {
          joined.append(joined.empty() ? "" : ":").append(source.value);
        }
        keys.push_back(std::move(joined));
        break;
      }
      case DismissalLimiterMode::first:
        keys.emplace_back(sources.front().value);
        break;
      case DismissalLimiterMode::each:
        for (const Source& source : sources) {
          keys.push_back(std::string(source.name).append(":").append(source.value));
        }
        break;
    }
    return keys;
  }

  DismissalVerdict check(const DismissalContext& context) {
    const std::vector<Source> sources = sources_of(context);
    if (std::any_of(sources.begin(), sources.end(),
                    [this](const Source& source) { return is_ignored(source); })) {
      return DismissalVerdict::proceed();
    }
    for (const std::string& key : keys_of(sources)) {
      const auto shut_for = limiter_.charge(key);
      if (!shut_for) continue;
      return DismissalVerdict::fail(429, "Rate limit exceeded. Please try again later.",
                                    std::chrono::ceil<std::chrono::seconds>(*shut_for));
    }
    return DismissalVerdict::proceed();
  }

  DismissalRateLimits options_;
  RateLimiter limiter_;
};

}  // namespace

std::shared_ptr<DismissalHook> make_rate_limit_hook(const DismissalRateLimits& options,
                                                    const Clock& clock) {
  return std::make_shared<RateLimitHook>(options, clock);
}

}  // namespace dynakeep::services::dismissals
