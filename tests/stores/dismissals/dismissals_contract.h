#pragma once

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "contract/kinds.h"
#include "dynakeep/clock.h"
#include "dynakeep/stores/dismissals.h"

// The store on every kind of Database and in memory, and what tests of it share.
namespace dynakeep::contract {

struct DismissalKind {
  std::string name = {};
  std::optional<Kind> database = {};  // none: in memory

  friend std::ostream& operator<<(std::ostream& out, const DismissalKind& kind) {
    return out << kind.name;
  }
};

// Embedded, remote in process, remote over a socket, and in memory.
std::vector<DismissalKind> dismissal_kinds();
// Without the one in memory.
std::vector<DismissalKind> dismissal_table_kinds();
std::string dismissal_kind_name(const testing::TestParamInfo<DismissalKind>& kind);

DismissalUserId user_id(const std::string& text);
DismissalItemId item_id(const std::string& text);
std::vector<DismissalItemId> item_ids(const std::vector<std::string>& texts);
std::vector<std::string> ids_of(const std::vector<Dismissible>& items);

class DismissalsContract : public testing::TestWithParam<DismissalKind> {
 protected:
  void SetUp() override;
  void TearDown() override;

  Dismissals& store() { return *store_; }
  Database& database() { return *opened_.database; }
  bool is_table() const { return GetParam().database.has_value(); }
  const std::string& table() const { return table_; }

  // A store with these options on the same table: another process, as far as the table knows. In
  // memory, where there is only one, an empty one in the place of store().
  Dismissals& reopen(DismissalTableOptions options = {});
  std::unique_ptr<DismissalTable> another(DismissalTableOptions options = {});

  void tick(std::chrono::milliseconds by = std::chrono::seconds(1)) { clock_.advance(by); }
  DismissalTime now() const { return std::chrono::floor<std::chrono::milliseconds>(clock_.now()); }

  // As it is in the table.
  std::optional<Item> raw(const std::string& user, const std::string& id);
  void put_raw(Item item);

  const DismissalUserId user_ = user_id("user-1");
  const DismissalItemId item_ = item_id("welcome-banner-v2");
  ManualClock clock_;

 private:
  support::OwnedDatabase opened_;
  std::string table_;
  std::vector<std::unique_ptr<Dismissals>> stores_;
  Dismissals* store_ = nullptr;
};

}  // namespace dynakeep::contract

#define ON_EVERY_DISMISSAL_KIND(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::ValuesIn(contract::dismissal_kinds()), \
                           contract::dismissal_kind_name)
#define ON_EVERY_DISMISSAL_TABLE(suite)                                                         \
  INSTANTIATE_TEST_SUITE_P(Stores, suite, testing::ValuesIn(contract::dismissal_table_kinds()), \
                           contract::dismissal_kind_name)
