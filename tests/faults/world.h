#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"
#include "support/fault_proxy.h"

namespace dynakeep::faults {

// A database, our server before it, a proxy before that, and a remote database that goes through
// the proxy. What the remote one was told is compared with what the first one holds.
struct World {
  std::shared_ptr<void> under = {};  // what the first one stands on
  std::unique_ptr<Database> embedded = {};
  std::unique_ptr<Server> server = {};
  std::unique_ptr<support::FaultProxy> proxy = {};
  std::unique_ptr<Database> remote = {};

  // No request gets through to the database after this.
  void settle();
};

// With a table "Table" of the partition key "id". What happens to requests follows from the seed of
// this run, which is printed: DYNAKEEP_SEED=N brings it back. `front`: of support/engine_fronts.h,
// an engine that lacks something, which both databases know.
World make_world(const std::vector<std::pair<support::Fault, unsigned>>& per_thousand,
                 RemoteOptions options = {},
                 std::chrono::milliseconds pause_max = std::chrono::milliseconds(20),
                 std::string_view front = {});
World make_world_without_transactions(
    const std::vector<std::pair<support::Fault, unsigned>>& per_thousand);

// As faults_by_chance, with all faults but those that are left out, each in one of fifty requests
// (connections are refused in one of two hundred).
std::vector<std::pair<support::Fault, unsigned>> all_faults_but(
    const std::vector<support::Fault>& left_out);

// Reaches a server on loopback with keys that it does not check, and without asking it anything
// before the first call.
RemoteOptions remote_options(const std::string& endpoint);

std::unique_ptr<Database> connect(const RemoteOptions& options);
std::unique_ptr<Database> open_in_memory();
std::unique_ptr<Server> serve(Database& database, std::uint16_t port = 0);
void create_table(Database& database);

// Runs work(0) to work(count - 1), each on a thread of its own, at once.
void on_threads(std::size_t count, const std::function<void(std::size_t thread)>& work);

// Of a number attribute of the item with that id; 0 if there is no such item.
std::int64_t number_at(Database& database, const std::string& id, const std::string& attribute);

}  // namespace dynakeep::faults
