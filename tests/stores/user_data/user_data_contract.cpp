#include "stores/user_data/user_data_contract.h"

#include <random>
#include <sstream>
#include <utility>

#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"

namespace dynakeep::contract {
namespace {

// Told apart from those of other runs: an endpoint may keep tables from before.
std::string next_name() {
  static const std::uint32_t run = std::random_device()();
  static unsigned tables = 0;
  std::ostringstream name;
  name << "users-" << std::hex << run << "-" << std::dec << ++tables;
  return name.str();
}

}  // namespace

std::vector<Kind> user_data_kinds() {
  std::vector<Kind> all;
  for (const Kind& kind : kinds()) {
    if (kind.name != "embedded_on_disk") all.push_back(kind);  // what a disk adds is no matter here
  }
  return all;
}

AttributeMap map_of(const std::string& json) { return must(value_from_json(json)).as_map(); }

Item item_of(const std::string& dynamodb_json) {
  return must(item_from_dynamodb_json(dynamodb_json));
}

void UserDataContract::SetUp() {
  opened_ = must(GetParam().open());
  table_ = next_name();
  store_ = store_with();
}

void UserDataContract::TearDown() {
  if (opened_.database && database().describe_table({.table_name = table_})) {
    must(database().delete_table({.table_name = table_}));
  }
}

std::unique_ptr<UserDataStore> UserDataContract::store_with(UserDataOptions options) {
  return store_on(database(), std::move(options));
}

std::unique_ptr<UserDataStore> UserDataContract::store_on(Database& database,
                                                          UserDataOptions options) {
  options.table.name = table_;
  options.clock = &clock_;
  options.wait = [](std::chrono::milliseconds) {};
  return must(UserDataStore::create(database, std::move(options)));
}

std::optional<Item> UserDataContract::item(const std::string& id) {
  const auto found = must(store().stored(id));
  return found ? std::optional(found->item) : std::nullopt;
}

void UserDataContract::put_item(Item item) {
  must(store().ensure_table());
  must(database().put_item({.table_name = table_, .item = std::move(item)}));
}

std::string UserDataContract::now() const { return to_iso(clock_.now()); }

UserTurn UserDataContract::saved(UserDataStore& store, const std::string& json,
                                 const std::string& id) {
  UserTurn turn = must(store.load(id));
  turn.user = map_of(json);
  must(store.save(turn));
  return turn;
}

}  // namespace dynakeep::contract
