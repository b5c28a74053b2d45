#include "remote/configuration.h"

#include <charconv>
#include <utility>

#include "http/message.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

Result<transport::Origin> origin_in(const Setting& setting) {
  auto origin = transport::parse_origin(setting.value);
  if (!origin) return setting.refusal(origin.error().message());
  return origin;
}

}  // namespace

Error Setting::refusal(std::string_view why) const {
  return {ErrorCode::invalid_argument, where + ": " + std::string(why)};
}

Result<Configuration> Configuration::read(const base::Environment& environment,
                                          std::string_view profile) {
  Configuration out;
  out.environment_ = environment;
  out.profiles_ = TRY(read_profiles(environment));
  Setting named{std::string(profile), "The profile"};
  for (const std::string_view name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (!named.value.empty()) break;
    if (auto chosen = out.variable(name)) named = std::move(*chosen);
  }
  out.profile_name_ = named.value.empty() ? "default" : named.value;
  const auto found = out.profiles_.profiles.find(out.profile_name_);
  if (found != out.profiles_.profiles.end()) {
    out.profile_ = found->second;
  } else if (out.profile_name_ != "default") {
    return named.refusal("no profile '" + out.profile_name_ + "' in " + out.profiles_.config_path +
                         " or " + out.profiles_.credentials_path);
  }
  return out;
}

std::optional<Setting> Configuration::variable(std::string_view name) const {
  auto value = environment_.variable(name);
  if (!value) return std::nullopt;
  return Setting{std::move(*value), std::string(name)};
}

std::optional<Setting> Configuration::entry(std::string_view name) const {
  const std::string* value = profile_.find(name);
  if (value == nullptr) return std::nullopt;
  return Setting{*value, std::string(name) + " of profile '" + profile_name_ + "'"};
}

std::optional<Setting> Configuration::find(std::string_view variable_name,
                                           std::string_view entry_name) const {
  auto found = variable(variable_name);
  return found ? found : entry(entry_name);
}

Result<bool> Configuration::find_flag(std::string_view variable_name,
                                      std::string_view entry_name) const {
  const auto found = find(variable_name, entry_name);
  if (!found || http::equal_ignoring_case(found->value, "false")) return false;
  if (http::equal_ignoring_case(found->value, "true")) return true;
  return found->refusal("neither true nor false");
}

Result<std::optional<unsigned>> Configuration::find_count(std::string_view variable_name,
                                                          std::string_view entry_name) const {
  const auto found = find(variable_name, entry_name);
  if (!found) return std::nullopt;
  unsigned count = 0;
  const char* const end = found->value.data() + found->value.size();
  const auto [stopped, problem] = std::from_chars(found->value.data(), end, count);
  if (problem != std::errc() || stopped != end || count == 0) {
    return found->refusal("not a whole number from 1 on");
  }
  return count;
}

Result<std::optional<transport::Origin>> Configuration::find_endpoint(
    std::string_view service) const {
  if (TRY(find_flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"))) {
    return std::nullopt;
  }
  std::string of_service = "AWS_ENDPOINT_URL_";
  for (const char c : service) {
    of_service.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  for (const std::string& name : {of_service, std::string("AWS_ENDPOINT_URL")}) {
    if (const auto found = variable(name)) return TRY(origin_in(*found));
  }
  if (const auto services = entry("services")) {
    const auto section = profiles_.services.find(services->value);
    if (section == profiles_.services.end()) {
      return services->refusal("no section [services " + services->value + "] in " +
                               profiles_.config_path);
    }
    const auto entries = section->second.nested.find(service);
    if (entries != section->second.nested.end()) {
      const auto url = entries->second.find("endpoint_url");
      if (url != entries->second.end() && !url->second.empty()) {
        return TRY(origin_in({url->second, "endpoint_url of " + std::string(service) +
                                               " in [services " + services->value + "]"}));
      }
    }
  }
  if (const auto found = entry("endpoint_url")) return TRY(origin_in(*found));
  return std::nullopt;
}

std::optional<Setting> Configuration::find_region() const {
  auto found = variable("AWS_REGION");
  return found ? found : find("AWS_DEFAULT_REGION", "region");
}

}  // namespace dynakeep::remote
