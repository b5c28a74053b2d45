#include "serve.h"

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "complain.h"
#include "connection.h"
#include "dynakeep/open.h"
#include "dynakeep/server.h"
#include "exit_code.h"
#include "logging.h"

namespace dynakeep::app {

namespace {

// How many threads serve a database that is elsewhere: each call holds one until it is answered.
constexpr unsigned remote_threads = 64;

struct ServeFlags {
  std::string data = "./data";
  bool in_memory = false;
  std::string database = {};  // a connection string, in place of the two above
  std::string durability = "synced";
  std::uint32_t sync_interval_ms = 100;
  std::uint32_t cache_mb = 64;

  std::string address = "127.0.0.1";
  std::uint16_t port = 8000;
  unsigned threads = 0;
  std::string access_keys = {};
  bool allow_unauthenticated = false;
  std::string region = "us-east-1";

  std::string log_level = "warning";
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

void wait_for_stop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  // Whoever asks a second time does not want to wait for what has begun.
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

int complain_about_listening(const ServeFlags& flags, const Error& error) {
  const std::string where = fmt::format("{} port {}", flags.address, flags.port);
  if (error.code() == ErrorCode::resource_in_use) {
    return complain(exit_no_address,
                    where + " is in use by another program; choose another port with --port");
  }
  if (error.message().ends_with("is open to other machines")) {
    return complain(exit_misused,
                    fmt::format("{} is open to other machines; give --access-keys FILE, or "
                                "--allow-unauthenticated to let everyone in",
                                flags.address));
  }
  return complain(exit_no_address, error.message());
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
  return flags.in_memory ? "memory:" : "embedded:" + flags.data;
}

Result<Served> open_database(const ServeFlags& flags, unsigned threads) {
  const std::string connection_string = connection_string_of(flags);
  const OpenOptions options{
      .embedded = {.durability = durabilities.at(flags.durability),
                   .sync_interval = std::chrono::milliseconds(flags.sync_interval_ms),
                   .cache_bytes = std::size_t{flags.cache_mb} << 20,
                   .region = flags.region},
      .remote = {.connections_max = threads}};
  Served served{.database = TRY(open(connection_string, options))};
  if (connection_string == "memory:") {
    served.name = "from memory";
    served.property = "gone when stopped";
  } else if (connection_string.starts_with(embedded_scheme)) {
    served.name = connection_string.substr(embedded_scheme.size());
    served.property = "durability " + flags.durability;
  } else {
    TRY(check_endpoint(*served.database));
    served.name = connection_string;
    served.property =
        fmt::format("{}, {} threads", served.database->capabilities().engine, threads);
    served.is_remote = true;
  }
  return served;
}

int serve(const ServeFlags& flags) {
  start_logging(flags.log_level, flags.log_format);
  raise_file_limit();
  const sigset_t stop_signals = block_stop_signals();

  ServerOptions server_options{.address = flags.address,
                               .port = flags.port,
                               .threads = flags.threads,
                               .allow_unauthenticated = flags.allow_unauthenticated,
                               .region = flags.region};
  if (!flags.access_keys.empty()) {
    auto keys = load_access_keys(flags.access_keys);
    if (!keys) return complain(exit_misused, keys.error().message());
    server_options.access_keys = std::move(*keys);
  }

  const unsigned threads_if_remote = flags.threads != 0 ? flags.threads : remote_threads;
  auto served = open_database(flags, threads_if_remote);
  if (!served) return complain(Connection{connection_string_of(flags)}, served.error());
  if (served->is_remote) server_options.threads = threads_if_remote;

  auto server = Server::start(*served->database, server_options);
  if (!server) return complain_about_listening(flags, server.error());

  std::cout << fmt::format("dynakeep {} serving {} on {} ({}, {})", DYNAKEEP_VERSION, served->name,
                           (*server)->endpoint(), served->property,
                           flags.access_keys.empty() ? "any credentials" : "signatures verified")
            << std::endl;
  wait_for_stop(stop_signals);
  (*server)->stop();
  return exit_done;
}

}  // namespace

void add_serve(CLI::App& program, int& exit_code) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = program.add_subcommand(
      "serve",
      "Serve a database on the DynamoDB protocol, for every AWS SDK, the AWS CLI and other tools");

  command->add_option("--data", flags->data, "Folder of the data; made if it is not there")
      ->capture_default_str()
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

  command->add_option("--address", flags->address, "Address to listen on")
      ->capture_default_str()
      ->type_name("ADDRESS")
      ->group("Network");
  command->add_option("--port", flags->port, "Port to listen on; 0 lets the system choose")
      ->capture_default_str()
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

  command
      ->add_option("--access-keys", flags->access_keys,
                   "Verify every signature against the keys in this file:\n"
                   R"([{"access_key_id": "...", "secret_access_key": "..."}])")
      ->type_name("FILE")
      ->group("Access");
  command
      ->add_flag("--allow-unauthenticated", flags->allow_unauthenticated,
                 "Listen on addresses open to other machines without access keys")
      ->group("Access");
  command->add_option("--region", flags->region, "Region in ARNs")
      ->capture_default_str()
      ->type_name("REGION")
      ->group("Access");

  command->add_option("--log-level", flags->log_level, "Log to stderr what is at least this grave")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}).description(""))
      ->capture_default_str()
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
      "with any credentials, unless --access-keys names those that are good. SIGTERM and SIGINT\n"
      "finish the requests that have begun, then end with 0.");
  command->callback([flags, &exit_code] { exit_code = serve(*flags); });
}

}  // namespace dynakeep::app
