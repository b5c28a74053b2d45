#include <utility>

#include "base/environment.h"
#include "base/log.h"
#include "dynakeep/remote.h"
#include "remote/amazon_endpoint.h"
#include "remote/ask_capabilities.h"
#include "remote/credentials/default_credentials.h"
#include "remote/remote_database.h"
#include "remote/settings.h"
#include "transport/pooled_transport.h"
#include "transport/proxy.h"
#include "transport/url.h"

namespace dynakeep {

namespace {

using namespace remote;

Result<void> check(const RemoteOptions& options) {
  const auto positive = [](std::chrono::milliseconds timeout) { return timeout.count() > 0; };
  if (!positive(options.total_timeout) || !positive(options.attempt_timeout) ||
      !positive(options.connect_timeout)) {
    return Error(ErrorCode::invalid_argument, "a timeout of nothing leaves no time for a call");
  }
  if (options.retry_base_delay < options.retry_base_delay.zero()) {
    return Error(ErrorCode::invalid_argument, "retries cannot begin before the attempt has failed");
  }
  return {};
}

std::shared_ptr<CredentialsProvider> provider_for(const RemoteOptions& options,
                                                  const Settings& settings) {
  if (options.credentials) return options.credentials;
  const DefaultCredentialsOptions wanted{.profile = options.profile,
                                         .region = settings.region,
                                         .ca_bundle = settings.ca_bundle,
                                         .proxy = options.proxy,
                                         .clock = options.clock};
  // Only to this machine: what nobody else sees needs no secret.
  if (!settings.endpoint.secure && transport::is_loopback(settings.endpoint))
    return local_credentials(wanted);
  return default_credentials(wanted);
}

// A warning if something is missing that programs may count on.
void log_capabilities(const Capabilities& capabilities, const transport::Origin& endpoint) {
  // Only Dynakeep has the last three: nobody is to be warned that they are missing.
  const bool all = capabilities == Capabilities{.engine = capabilities.engine,
                                                .long_poll = capabilities.long_poll,
                                                .positions = capabilities.positions,
                                                .snapshots = capabilities.snapshots};
  const auto yes_or_no = [](bool can) { return std::string(can ? "yes" : "no"); };
  base::log(
      all ? LogLevel::info : LogLevel::warning, "remote database",
      {{"engine", capabilities.engine},
       {"endpoint", to_string(endpoint)},
       {"transactions",
        capabilities.transactions ? std::to_string(capabilities.transaction_actions_max) : "no"},
       {"empty_values", yes_or_no(capabilities.empty_values)},
       {"tags", yes_or_no(capabilities.tags)},
       {"streams", yes_or_no(capabilities.streams)},
       {"time_to_live", yes_or_no(capabilities.time_to_live)},
       {"long_poll", yes_or_no(capabilities.long_poll)},
       {"positions", yes_or_no(capabilities.positions)},
       {"snapshots", yes_or_no(capabilities.snapshots)}});
}

}  // namespace

Result<std::unique_ptr<Database>> connect_remote(const RemoteOptions& options) {
  TRY(check(options));
  const base::Environment environment = base::process_environment();
  const Settings settings = TRY(find_settings(options, environment));
  auto proxies = TRY(transport::find_proxies(options.proxy, environment));
  auto transport =
      TRY(transport::make_pooled_transport({.connections_max = options.connections_max,
                                            .idle_timeout = options.idle_timeout,
                                            .connect_timeout = options.connect_timeout,
                                            .answer_bytes_max = options.answer_bytes_max,
                                            .ca_bundle = settings.ca_bundle,
                                            .proxies = std::move(proxies)}));
  auto database = std::make_unique<RemoteDatabase>(
      RemoteParts{.endpoint = settings.endpoint,
                  .streams_endpoint = settings.amazon ? amazon_streams_endpoint(settings.endpoint)
                                                      : settings.endpoint,
                  .region = settings.region,
                  .credentials = provider_for(options, settings),
                  .transport = std::move(transport),
                  .retry = {.attempts_max = settings.attempts_max,
                            .total_timeout = options.total_timeout,
                            .attempt_timeout = options.attempt_timeout,
                            .base_delay = options.retry_base_delay},
                  .clock = options.clock});
  if (settings.amazon) {
    database->set_capabilities({.engine = "Amazon DynamoDB"});
  } else {
    database->set_capabilities({.engine = "unknown"});
  }
  if (options.ask_capabilities) {
    if (settings.amazon) {
      // Nothing is asked of it, but what would fail at the first call may as well fail now.
      TRY(database->find_credentials());
    } else {
      database->set_capabilities(TRY(ask_capabilities(*database)));
    }
    log_capabilities(database->capabilities(), settings.endpoint);
  }
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace dynakeep
