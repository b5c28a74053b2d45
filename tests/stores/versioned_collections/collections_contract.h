#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "contract/kinds.h"
#include "dynakeep/clock.h"
#include "dynakeep/stores/versioned_collections.h"

// The store on every kind of Database, and what tests of it share.
namespace dynakeep::contract {

inline const std::string application = "test-app";
inline const std::string user = "user-1";

// Embedded, remote in process and remote over a socket.
std::vector<Kind> store_kinds();

std::vector<Millis> versions_of(const std::vector<ResourceVersion>& all);
std::vector<std::string> names_of(const std::vector<ResourceVersion>& all);
std::vector<std::optional<std::int64_t>> revisions_of(const std::vector<ResourceVersion>& all);
ResourceChange content(std::string name, std::string value);
ResourceChange value_of(std::string value);

class CollectionsContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  VersionedCollections& store() { return *store_; }
  Database& database() { return *opened_.database; }
  // Another store on the same tables: another process, as far as the tables know.
  std::unique_ptr<VersionedCollections> another(VersionedCollectionsOptions options = {});

  ResourcePath collection(const std::string& name = "posts");
  ResourcePath entry(const ResourcePath& of, const std::string& name = "post",
                     const std::string& value = R"({"n":1})");
  // Rising, with everything they have.
  std::vector<ResourceVersion> all(const ResourcePath& path);
  void tick(Millis by = 1000) { clock_.advance(std::chrono::milliseconds(by)); }
  Millis now() const;

  std::vector<Item> rows(const std::string& table);
  void put_row(const std::string& table, Item row);
  // Of an entry, as dynamodb-mini would write it.
  Item entry_row(const ResourcePath& path, Millis version, const std::string& name);

  const std::string& collections_table() const { return options_.collections_table; }
  const std::string& entries_table() const { return options_.entries_table; }
  std::optional<Item> head_of(const ResourcePath& entry);

  ManualClock clock_;

 private:
  support::OwnedDatabase opened_;
  VersionedCollectionsOptions options_;
  std::unique_ptr<VersionedCollections> store_;
};

}  // namespace dynakeep::contract

#define ON_EVERY_COLLECTIONS_KIND(suite)                                              \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::ValuesIn(contract::store_kinds()), \
                           contract::kind_name)
