#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "contract/kinds.h"
#include "dynakeep/clock.h"
#include "dynakeep/stores/user_data.h"

// The store on every kind of Database, and what tests of it share.
namespace dynakeep::contract {

inline const std::string user_id = "user-1";

// An object of DynamoDB JSON without its letters: {"step": 2, "done": [true]}.
AttributeMap map_of(const std::string& json);
Item item_of(const std::string& dynamodb_json);

// Embedded, remote in process and remote over a socket.
std::vector<Kind> user_data_kinds();

class UserDataContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Database& database() { return *opened_.database; }
  const std::string& table() const { return table_; }
  // On this test's table and clock, with no waiting. Another process, as far as the table knows.
  std::unique_ptr<UserDataStore> store_with(UserDataOptions options = {});
  std::unique_ptr<UserDataStore> store_on(Database& database, UserDataOptions options = {});
  UserDataStore& store() { return *store_; }

  std::optional<Item> item(const std::string& id = user_id);
  void put_item(Item item);
  void tick(std::chrono::milliseconds by) { clock_.advance(by); }
  std::string now() const;

  // Loads, sets user data and saves.
  UserTurn saved(UserDataStore& store, const std::string& json, const std::string& id = user_id);

  ManualClock clock_{
      Time(std::chrono::milliseconds(1'625'032'204'034))};  // 2021-06-30T05:50:04.034Z

 private:
  support::OwnedDatabase opened_;
  std::string table_;
  std::unique_ptr<UserDataStore> store_;
};

}  // namespace dynakeep::contract

#define ON_EVERY_USER_DATA_KIND(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::ValuesIn(contract::user_data_kinds()), \
                           contract::kind_name)
