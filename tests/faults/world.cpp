#include "faults/world.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "dynakeep/embedded.h"
#include "remote/remote_database.h"
#include "support/engine_fronts.h"

namespace dynakeep::faults {

namespace {

std::uint64_t seed_of_this_run() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("DYNAKEEP_SEED");
    std::random_device chance;
    const std::uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10) : chance();
    std::cout << "DYNAKEEP_SEED=" << chosen << std::endl;  // before anything can hang
    return chosen;
  }();
  return seed;
}

}  // namespace

void World::settle() {
  proxy->stop();
  std::cout << proxy->counts() << '\n';
  // What the proxy forwarded may still be under way.
  server->stop();
}

RemoteOptions remote_options(const std::string& endpoint) {
  return {.endpoint = endpoint,
          .region = "us-east-1",
          .credentials =
              fixed_credentials({.access_key_id = "faults", .secret_access_key = "faults-secret"}),
          .proxy = "none",
          .ask_capabilities = false};
}

std::unique_ptr<Database> connect(const RemoteOptions& options) {
  auto connected = connect_remote(options);
  EXPECT_TRUE(connected) << connected.error();
  return std::move(*connected);
}

std::unique_ptr<Database> open_in_memory() {
  auto opened = open_embedded({.in_memory = true});
  EXPECT_TRUE(opened) << opened.error();
  return std::move(*opened);
}

std::unique_ptr<Server> serve(Database& database, std::uint16_t port) {
  auto started = Server::start(database, {.port = port});
  EXPECT_TRUE(started) << started.error();
  return std::move(*started);
}

void create_table(Database& database) {
  const auto created = database.create_table(
      {.table_name = "Table",
       .attribute_definitions = {{{.attribute_name = "id", .attribute_type = ScalarType::string}}},
       .key_schema = {{{.attribute_name = "id", .key_type = KeyType::hash}}},
       .billing_mode = BillingMode::pay_per_request});
  EXPECT_TRUE(created) << created.error();
}

std::vector<std::pair<support::Fault, unsigned>> all_faults_but(
    const std::vector<support::Fault>& left_out) {
  std::vector<std::pair<support::Fault, unsigned>> shares;
  for (std::size_t i = 1; i < support::fault_count; ++i) {
    const auto fault = static_cast<support::Fault>(i);
    if (std::find(left_out.begin(), left_out.end(), fault) != left_out.end()) continue;
    shares.emplace_back(fault, fault == support::Fault::refuse_connections ? 5 : 20);
  }
  return shares;
}

World make_world(const std::vector<std::pair<support::Fault, unsigned>>& per_thousand,
                 RemoteOptions options, std::chrono::milliseconds pause_max,
                 std::string_view front) {
  World world;
  if (front.empty()) {
    world.embedded = open_in_memory();
  } else {
    auto opened = support::remotes_behind(support::front_of(*support::engine_traits_of(front)))();
    EXPECT_TRUE(opened) << opened.error();
    world.under = std::move(opened->under);
    world.embedded = std::move(opened->database);
  }
  create_table(*world.embedded);
  world.server = serve(*world.embedded);
  auto proxy = support::FaultProxy::start(
      world.server->port(), support::faults_by_chance(seed_of_this_run(), per_thousand, pause_max));
  EXPECT_TRUE(proxy) << proxy.error();
  world.proxy = std::move(*proxy);
  const auto plain = remote_options(world.proxy->endpoint());
  options.endpoint = plain.endpoint;
  options.region = plain.region;
  options.credentials = plain.credentials;
  options.proxy = plain.proxy;
  options.ask_capabilities = plain.ask_capabilities;
  world.remote = connect(options);
  // Asked of the database itself: through the proxy the question could be lost too.
  auto& remote = dynamic_cast<remote::RemoteDatabase&>(*world.remote);
  if (!front.empty()) remote.set_capabilities(world.embedded->capabilities());
  return world;
}

World make_world_without_transactions(
    const std::vector<std::pair<support::Fault, unsigned>>& per_thousand) {
  return make_world(per_thousand, {}, std::chrono::milliseconds(20), "no_transactions");
}

void on_threads(std::size_t count, const std::function<void(std::size_t thread)>& work) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
  for (auto& thread : threads) thread.join();
}

std::int64_t number_at(Database& database, const std::string& id, const std::string& attribute) {
  const auto got = database.get_item({.table_name = "Table", .key = Key{{"id", id}}});
  EXPECT_TRUE(got) << got.error();
  if (!got || !got->item) return 0;
  return got->item->at(attribute).as_number().to_int64().value_or(-1);
}

}  // namespace dynakeep::faults
