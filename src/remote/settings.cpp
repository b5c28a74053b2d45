#include "remote/settings.h"

#include <algorithm>
#include <utility>

#include "remote/amazon_endpoint.h"
#include "remote/configuration.h"
#include "transport/url.h"

namespace dynakeep::remote {

namespace {

Error refusal(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// What can stand in the scope of a signature. Engines that are not Amazon's take any name.
bool may_be_signed_for(std::string_view region) {
  return !region.empty() && region.size() <= 64 &&
         std::all_of(region.begin(), region.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

Result<std::optional<Setting>> find_region(const RemoteOptions& options,
                                           const Configuration& configuration) {
  std::optional<Setting> region = configuration.find_region();
  if (!options.region.empty()) region = Setting{options.region, "The region"};
  if (region && !may_be_signed_for(region->value)) {
    return region->refusal("not a region's name, such as us-east-1 or eu-west-1");
  }
  return region;
}

Result<void> use_endpoint(Settings& settings, transport::Origin endpoint,
                          const RemoteOptions& options, const std::optional<Setting>& region) {
  settings.endpoint = std::move(endpoint);
  auto of_amazon = region_of_amazon_host(settings.endpoint.host);
  settings.amazon = of_amazon.has_value();
  if (!of_amazon) {
    if (region) settings.region = region->value;
    return {};
  }
  if (!options.region.empty() && options.region != *of_amazon) {
    return refusal("The endpoint " + to_string(settings.endpoint) + " is not of region " +
                   options.region);
  }
  settings.region = std::move(*of_amazon);
  return {};
}

Result<void> use_region(Settings& settings, const Configuration& configuration,
                        const std::optional<Setting>& region) {
  if (!region) {
    return refusal("No region and no endpoint: set AWS_REGION, region in profile '" +
                   settings.profile + "', or AWS_ENDPOINT_URL_DYNAMODB");
  }
  if (region->value == "local") {
    settings.endpoint = transport::Origin{.host = "localhost", .port = 8000};
    return {};
  }
  const AmazonEndpointKind kind{
      .fips = TRY(configuration.find_flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")),
      .dual_stack =
          TRY(configuration.find_flag("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"))};
  auto endpoint = amazon_endpoint("dynamodb", region->value, kind);
  if (!endpoint) return region->refusal(endpoint.error().message());
  settings.endpoint = std::move(*endpoint);
  settings.region = region->value;
  settings.amazon = true;
  return {};
}

}  // namespace

Result<Settings> find_settings(const RemoteOptions& options, const base::Environment& environment) {
  const auto configuration = TRY(Configuration::read(environment, options.profile));
  Settings settings{.profile = configuration.profile_name()};

  const auto region = TRY(find_region(options, configuration));
  std::optional<transport::Origin> endpoint;
  if (options.endpoint.empty()) {
    endpoint = TRY(configuration.find_endpoint("dynamodb"));
  } else {
    auto parsed = transport::parse_origin(options.endpoint);
    if (!parsed) return refusal("The endpoint " + parsed.error().message());
    endpoint = std::move(*parsed);
  }
  if (endpoint) {
    TRY(use_endpoint(settings, std::move(*endpoint), options, region));
  } else {
    TRY(use_region(settings, configuration, region));
  }

  if (options.attempts_max) {
    if (*options.attempts_max == 0) return refusal("attempts_max is 0: no call would be sent");
    settings.attempts_max = *options.attempts_max;
  } else if (const auto found = TRY(configuration.find_count("AWS_MAX_ATTEMPTS", "max_attempts"))) {
    settings.attempts_max = *found;
  }
  if (!options.ca_bundle.empty()) {
    settings.ca_bundle = options.ca_bundle;
  } else if (auto found = configuration.find("AWS_CA_BUNDLE", "ca_bundle")) {
    settings.ca_bundle = std::move(found->value);
  }
  return settings;
}

}  // namespace dynakeep::remote
