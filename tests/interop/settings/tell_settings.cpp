// Says what a program would connect to and sign with, for compare_settings: one JSON object a line
// in, {"variables": {…}, "profile": "…"}, and one line out for each.

#include <iostream>
#include <string>
#include <utility>

#include "base/environment.h"
#include "base/pacing.h"
#include "dynakeep/json.h"
#include "remote/configuration.h"
#include "remote/credentials/default_chain.h"
#include "remote/settings.h"
#include "transport/pooled_transport.h"
#include "transport/url.h"

namespace {

using namespace dynakeep;
using namespace dynakeep::remote;
using namespace dynakeep::transport;
using dynakeep::base::Environment;

Result<Finding> credentials_of(const Environment& environment, const std::string& profile,
                               Transport& transport) {
  const auto configuration = TRY(Configuration::read(environment, profile));
  const Reach reach{.direct = transport,
                    .outside = transport,
                    .clock = system_clock(),
                    .timeout = std::chrono::seconds(20),
                    .pacing = base::system_pacing()};
  return find_credentials(
      configuration,
      profile.empty() ? ProfileNamedBy::nobody_or_environment : ProfileNamedBy::program, "", reach,
      ServerIs::elsewhere);
}

Item told(const Item& task, Transport& transport) {
  const auto variables = task.at("variables").as_map();
  const std::string profile = task.at("profile").as_string();
  Environment environment = dynakeep::base::process_environment();
  environment.variable = [&variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end() || found->second.as_string().empty()) return std::nullopt;
    return found->second.as_string();
  };

  const auto settings = find_settings({.profile = profile}, environment);
  const auto found = credentials_of(environment, profile, transport);
  std::string credentials = found ? "none" : "error";
  if (found && found->credentials) {
    const Credentials& theirs = *found->credentials;
    credentials =
        theirs.access_key_id + " " + theirs.secret_access_key + " " + theirs.session_token;
  }
  return Item{{"endpoint", settings ? to_string(settings->endpoint) : "error"},
              {"region", settings ? settings->region : "error"},
              {"credentials", std::move(credentials)},
              // For who reads a failed comparison.
              {"words", (settings ? "" : settings.error().message()) + " | " +
                            (found ? found->words : found.error().message())}};
}

}  // namespace

int main() {
  const auto transport = make_pooled_transport();
  if (!transport) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    const auto task = item_from_json(line);
    if (!task) {
      std::cerr << task.error() << '\n';
      return 1;
    }
    std::cout << to_json(told(*task, **transport)) << std::endl;
  }
}
