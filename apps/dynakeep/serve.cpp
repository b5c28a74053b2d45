#include "serve.h"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "complain.h"
#include "connection.h"
#include "counting.h"
#include "dynakeep/open.h"
#include "dynakeep/server.h"
#include "dynakeep/services/api_keys.h"
#include "exit_code.h"
#include "logging.h"
#include "served_collections.h"
#include "served_dismissals.h"
#include "served_streams.h"
#include "served_user_data.h"

namespace dynakeep::app {

namespace {

// How many threads serve a database that is elsewhere: each call holds one until it is answered.
constexpr unsigned remote_threads = 64;

struct ServeFlags {
  std::optional<std::string> data = {};
  bool in_memory = false;
  std::string database = {};  // a connection string, in place of the two above
  std::string durability = "synced";
  std::uint32_t sync_interval_ms = 100;
  std::uint32_t cache_mb = 64;

  ServedStreamsFlags streams = {};

  std::optional<std::string> address = {};
  std::optional<std::uint16_t> port = {};
  unsigned threads = 0;
  std::string access_keys = {};
  bool allow_unauthenticated = false;
  std::string region = "us-east-1";

  ServedCollectionsFlags collections = {};
  bool services_only = false;
  ServedUserDataFlags user_data = {};
  ServedDismissalsFlags dismissals = {};

  std::optional<std::string> log_level = {};
  std::string log_format = "text";
};

constexpr std::string_view embedded_scheme = "embedded:";

const std::map<std::string, Durability> durabilities = {
    {"synced", Durability::synced}, {"interval", Durability::interval}, {"none", Durability::none}};

// Each connection takes a file descriptor, and the default is often 1024.
void raise_file_limit() {
  rlimit files = {};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

// The signals that ask to stop. Blocked in this thread, and so in all that are started later, for
// wait_for_stop() to take.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Until one of them comes. With API keys, SIGHUP only has their files read again.
void wait_for_stop(const sigset_t& signals, const std::vector<std::shared_ptr<ApiKeys>>& keys) {
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP || keys.empty()) break;
    // An error is in the log, and the keys are as they were.
    for (const auto& each : keys) static_cast<void>(each->reload());
  }
  // Whoever asks a second time does not want to wait for what has begun.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// A server to be: what it is told, and by which flag its port.
struct Listening {
  ServerOptions options = {};
  std::string_view port_flag = "--port";
  std::string_view serves = {};  // what has this server to itself
};

int complain_about_listening(const Listening& listening, const Error& error) {
  const auto& [address, port] = std::tie(listening.options.address, listening.options.port);
  if (error.code() == ErrorCode::resource_in_use) {
    return complain(exit_no_address,
                    fmt::format("{} port {} is in use by another program; choose another port "
                                "with {}",
                                address, port, listening.port_flag));
  }
  if (error.message().ends_with("is open to other machines")) {
    return complain(exit_misused,
                    fmt::format("{} is open to other machines; give --access-keys FILE, or "
                                "--allow-unauthenticated to let everyone in",
                                address));
  }
  return complain(exit_no_address, error.message());
}

// All at once: none takes requests while another finishes what it has begun.
void stop(const std::vector<std::unique_ptr<Server>>& servers) {
  std::vector<std::thread> stopping;
  stopping.reserve(servers.size());
  for (const auto& server : servers) stopping.emplace_back([&server] { server->stop(); });
  for (std::thread& each : stopping) each.join();
}

// What is served, and how the line that says so calls it.
struct Served {
  std::unique_ptr<Database> database = {};
  std::string name = {};
  std::string property = {};
  bool is_remote = false;
};

// Whether the endpoint answers, which is better known now than at the first request. What the
// credentials may do is not asked.
Result<void> check_endpoint(Database& database) {
  const auto listed = database.list_tables({.limit = 1});
  if (listed || listed.error().code() == ErrorCode::access_denied) return {};
  return listed.error();
}

std::string connection_string_of(const ServeFlags& flags) {
  if (!flags.database.empty()) return flags.database;
  if (flags.in_memory) return "memory:";
  // As dynamodb-mini: where the environment's AWS_REGION and the like say.
  if (flags.services_only && !flags.data) return "dynamodb://";
  return "embedded:" + flags.data.value_or("./data");
}

Result<Served> open_database(const ServeFlags& flags, unsigned threads,
                             const std::optional<CollectionsSettings>& collections) {
  const std::string connection_string = connection_string_of(flags);
  OpenOptions options{
      .embedded = {.durability = durabilities.at(flags.durability),
                   .sync_interval = std::chrono::milliseconds(flags.sync_interval_ms),
                   .cache_bytes = std::size_t{flags.cache_mb} << 20,
                   .region = flags.region,
                   .streams = stream_options(flags.streams),
                   .expiry_interval = expiry_interval(flags.streams)},
      .remote = {.connections_max = threads}};
  if (collections) {
    options.remote.retry_base_delay = collections->retry_base_delay;
    options.remote.attempts_max = collections->attempts_max;
  }
  Served served{.database = TRY(open(connection_string, options))};
  if (connection_string == "memory:") {
    served.name = "from memory";
    served.property = "gone when stopped";
  } else if (connection_string.starts_with(embedded_scheme)) {
    served.name = connection_string.substr(embedded_scheme.size());
    served.property = "durability " + flags.durability;
  } else {
    // Services ask for their own tables, and may have no right to more.
    if (!flags.services_only) TRY(check_endpoint(*served.database));
    served.name = connection_string;
    served.property =
        fmt::format("{}, {} threads", served.database->capabilities().engine, threads);
    served.is_remote = true;
  }
  return served;
}

// The main server's. Alone, services have dynamodb-mini's address and port unless told others.
void choose_place(const ServeFlags& flags, const std::optional<CollectionsSettings>& collections,
                  ServerOptions& options) {
  options.address = flags.services_only ? "0.0.0.0" : "127.0.0.1";
  options.port = flags.services_only ? 3000 : 8000;
  if (collections && !flags.collections.port) {
    options.address = collections->host.value_or(options.address);
    options.port = collections->port.value_or(options.port);
  }
  options.address = flags.address.value_or(options.address);
  options.port = flags.port.value_or(options.port);
}

// What serves collections, and nothing else, on a port of their own.
Listening own_server(const ServeFlags& flags, const CollectionsSettings& collections,
                     const ServerOptions& main) {
  return {.options = {.address = flags.address.value_or(collections.host.value_or(main.address)),
                      .port = *flags.collections.port,
                      .threads = main.threads,
                      .serve_protocol = false},
          .port_flag = "--collections-port",
          .serves = "collections"};
}

int complain_about_collections(const CollectionsSettings& settings, const Error& error) {
  if (error.code() == ErrorCode::resource_not_found) {
    return complain(exit_failed,
                    fmt::format("there are no tables '{}' and '{}', and CREATE_TABLES=false",
                                settings.store.collections_table, settings.store.entries_table));
  }
  return complain(exit_failed, error.message());
}

int serve(const ServeFlags& flags) {
  std::optional<CollectionsSettings> collections;
  if (flags.collections.wanted) {
    auto settings = collections_settings(flags.collections);
    if (!settings) return complain(exit_misused, settings.error().message());
    collections = std::move(*settings);
  }
  std::optional<DismissalsSettings> dismissals;
  if (flags.dismissals.wanted) {
    dismissals = dismissals_settings(flags.dismissals);
    if (!dismissals) return exit_failed;
  }
  start_logging(flags.log_level.value_or(collections && collections->debug ? "debug" : "warning"),
                flags.log_format);
  raise_file_limit();
  const sigset_t stop_signals = block_stop_signals();

  Listening main{.options = {.threads = flags.threads,
                             .allow_unauthenticated = flags.allow_unauthenticated,
                             .region = flags.region,
                             .serve_protocol = !flags.services_only,
                             .serve_admin = flags.streams.admin}};
  choose_place(flags, collections, main.options);
  if (!flags.access_keys.empty()) {
    auto access_keys = load_access_keys(flags.access_keys);
    if (!access_keys) return complain(exit_misused, access_keys.error().message());
    main.options.access_keys = std::move(*access_keys);
  }
  std::vector<std::shared_ptr<ApiKeys>> api_keys;  // of all services
  if (collections) {
    auto loaded = ApiKeys::load(collections->api_keys_file);
    if (!loaded) return complain(exit_misused, loaded.error().message());
    api_keys.push_back(std::move(*loaded));
  }

  const unsigned threads_if_remote = flags.threads != 0 ? flags.threads : remote_threads;
  auto served = open_database(flags, threads_if_remote, collections);
  if (!served) return complain(Connection{connection_string_of(flags)}, served.error());
  if (served->is_remote) main.options.threads = threads_if_remote;
  std::vector<std::string> properties{served->property};
  if (!flags.services_only) {
    properties.emplace_back(flags.access_keys.empty() ? "any credentials" : "signatures verified");
  }

  ServedCollections serving;
  std::vector<Listening> to_be{main};
  if (collections) {
    if (flags.collections.port) to_be.push_back(own_server(flags, *collections, main.options));
    Listening& its_server = to_be.back();
    collections->service.serve_root = !its_server.options.serve_protocol;
    auto started = serve_collections(*served->database, api_keys.front(), *collections);
    if (!started) return complain_about_collections(*collections, started.error());
    serving = std::move(*started);
    its_server.options.services.push_back(serving.service);
    properties.push_back("collections for " + counted(api_keys.front()->size(), "API key"));
  }
  ServedUserData user_data;
  if (!flags.user_data.table.empty()) {
    Listening& its_server = to_be.front();
    auto started = serve_user_data(*served->database, flags.user_data, its_server.options.address);
    if (!started) return complain(started.error());
    user_data = std::move(*started);
    if (user_data.keys) api_keys.push_back(user_data.keys);
    its_server.options.services.push_back(user_data.service);
    properties.push_back("user data for " + user_data.open_to);
  }

  ServedDismissals dismissing;
  if (dismissals) {
    const auto port = dismissals->port;
    if (port) {
      to_be.push_back({.options = {.address = main.options.address,
                                   .port = *port,
                                   .threads = main.options.threads,
                                   .serve_protocol = false,
                                   .body_bytes_max = std::size_t{256} << 10},
                       .port_flag = "--dismissals-port",
                       .serves = "dismissals"});
    }
    Listening& its_server = port ? to_be.back() : to_be.front();
    dismissals->service.serve_root = port.has_value();
    auto started = serve_dismissals(*served->database, served->is_remote, std::move(*dismissals));
    if (!started) return complain(exit_failed, started.error().message());
    dismissing = std::move(*started);
    if (dismissing.is_remote && flags.threads == 0) its_server.options.threads = remote_threads;
    its_server.options.services.push_back(dismissing.service);
    properties.push_back("dismissals " + dismissing.kept);
  }

  std::vector<std::unique_ptr<Server>> servers;
  for (const Listening& listening : to_be) {
    auto server = Server::start(*served->database, listening.options);
    if (!server) return complain_about_listening(listening, server.error());
    servers.push_back(std::move(*server));
  }
  std::cout << fmt::format("dynakeep {} serving {} on {} ({})", DYNAKEEP_VERSION, served->name,
                           servers.front()->endpoint(), fmt::join(properties, ", "));
  for (std::size_t i = 1; i < servers.size(); ++i) {
    std::cout << ", " << to_be[i].serves << " on " << servers[i]->endpoint();
  }
  std::cout << std::endl;
  wait_for_stop(stop_signals, api_keys);
  stop(servers);
  return exit_done;
}

}  // namespace

void add_serve(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = program.add_subcommand(
      "serve",
      "Serve a database on the DynamoDB protocol, for every AWS SDK, the AWS CLI and other tools");

  command->add_option("--data", flags->data, "Folder of the data [./data]; made if it is not there")
      ->type_name("FOLDER")
      ->group("Data");
  command
      ->add_flag("--in-memory", flags->in_memory, "Keep nothing on disk; all is gone when it stops")
      ->excludes("--data")
      ->group("Data");
  command
      ->add_option("--database", flags->database,
                   "In place of a folder, any database: embedded:PATH, memory:,\n"
                   "http://HOST:PORT, https://HOST or dynamodb://REGION. Requests to one that is\n"
                   "elsewhere are signed anew, with credentials from where AWS's tools find them")
      ->type_name("CONNECTION")
      ->excludes("--data")
      ->excludes("--in-memory")
      ->group("Data");
  command
      ->add_option(
          "--durability", flags->durability,
          "When an answered write is safe: 'synced' survives power loss, 'interval' all but\n"
          "the writes of the last moments, 'none' the death of the process only")
      ->check(CLI::IsMember({"synced", "interval", "none"}).description(""))
      ->capture_default_str()
      ->type_name("synced|interval|none")
      ->group("Data");
  command->add_option("--sync-interval-ms", flags->sync_interval_ms, "How often 'interval' syncs")
      ->check(CLI::Range(1, 60'000).description(""))
      ->capture_default_str()
      ->type_name("MS")
      ->group("Data");
  command->add_option("--cache-mb", flags->cache_mb, "Memory for blocks of data")
      ->check(CLI::Range(1, 1 << 20).description(""))
      ->capture_default_str()
      ->type_name("MB")
      ->group("Data");

  add_served_streams_flags(*command, flags->streams);

  command->add_option("--address", flags->address, "Address to listen on [127.0.0.1]")
      ->type_name("ADDRESS")
      ->group("Network");
  command->add_option("--port", flags->port, "Port to listen on [8000]; 0 lets the system choose")
      ->type_name("PORT")
      ->group("Network");
  command
      ->add_option(
          "--threads", flags->threads,
          "Threads that serve; 0 is one for each core, or 64 if the database is elsewhere,\n"
          "since each call to it holds one")
      ->check(CLI::Range(0, 1024).description(""))
      ->capture_default_str()
      ->type_name("N")
      ->group("Network");

  add_served_collections_flags(*command, flags->collections);
  command
      ->add_flag("--services-only", flags->services_only,
                 "Serve no DynamoDB protocol. Defaults are then dynamodb-mini's too: the data is\n"
                 "in DynamoDB, where AWS_REGION and the like say, unless --data, --in-memory or\n"
                 "--database does, the address is HOST, else 0.0.0.0, the port PORT, else 3000")
      ->needs("--collections")
      ->excludes("--collections-port")
      ->group("Collections");
  add_served_user_data_flags(*command, flags->user_data);
  add_served_dismissals_flags(*command, flags->dismissals);

  command
      ->add_option("--access-keys", flags->access_keys,
                   "Verify every signature against the keys in this file:\n"
                   R"([{"access_key_id": "...", "secret_access_key": "..."}])")
      ->type_name("FILE")
      ->excludes("--services-only")
      ->group("Access");
  command
      ->add_flag("--allow-unauthenticated", flags->allow_unauthenticated,
                 "Listen on addresses open to other machines without access keys")
      ->group("Access");
  command->add_option("--region", flags->region, "Region in ARNs")
      ->capture_default_str()
      ->type_name("REGION")
      ->group("Access");

  command
      ->add_option("--log-level", flags->log_level,
                   "Log to stderr what is at least this grave [warning]")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}).description(""))
      ->type_name("debug|info|warning|error|off")
      ->group("Log");
  command->add_option("--log-format", flags->log_format, "A line of text, or an object of JSON")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->capture_default_str()
      ->type_name("text|json")
      ->group("Log");

  command->footer(
      "Then, for example:\n"
      "  aws dynamodb list-tables --endpoint-url http://127.0.0.1:8000 --region us-east-1\n"
      "with any credentials, unless --access-keys names those that are good. With collections:\n"
      "  dynakeep keys add --file api-keys.json --application my-app\n"
      "  dynakeep serve --collections --api-keys api-keys.json\n"
      "  curl -H 'x-api-key: KEY' http://127.0.0.1:8000/api/collection\n"
      "SIGTERM and SIGINT finish the requests that have begun, then end with 0, and so does "
      "SIGHUP;\n"
      "where there are API keys it has them read again instead.");
  command->callback([flags, &exit_code] { exit_code = serve(*flags); });
}

}  // namespace dynakeep::app
