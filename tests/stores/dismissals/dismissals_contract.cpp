#include "stores/dismissals/dismissals_contract.h"

#include <random>
#include <sstream>
#include <utility>

namespace dynakeep::contract {
namespace {

// Told apart from those of other runs: an endpoint may keep tables from before.
std::string next_name() {
  static const std::uint32_t run = std::random_device()();
  static unsigned stores = 0;
  std::ostringstream name;
  name << "dismissals-" << std::hex << run << "-" << std::dec << ++stores;
  return name.str();
}

}  // namespace

std::vector<DismissalKind> dismissal_table_kinds() {
  std::vector<DismissalKind> all;
  for (const Kind& kind : kinds()) {
    // What a disk adds is no matter here.
    if (kind.name != "embedded_on_disk") all.push_back({.name = kind.name, .database = kind});
  }
  return all;
}

std::vector<DismissalKind> dismissal_kinds() {
  std::vector<DismissalKind> all = dismissal_table_kinds();
  all.push_back({.name = "map_in_memory"});
  return all;
}

std::string dismissal_kind_name(const testing::TestParamInfo<DismissalKind>& kind) {
  return kind.param.name;
}

DismissalUserId user_id(const std::string& text) { return must(DismissalUserId::parse(text)); }
DismissalItemId item_id(const std::string& text) { return must(DismissalItemId::parse(text)); }

std::vector<DismissalItemId> item_ids(const std::vector<std::string>& texts) {
  std::vector<DismissalItemId> ids;
  for (const std::string& text : texts) ids.push_back(item_id(text));
  return ids;
}

std::vector<std::string> ids_of(const std::vector<Dismissible>& items) {
  std::vector<std::string> ids;
  for (const Dismissible& item : items) ids.push_back(item.item_id);
  return ids;
}

void DismissalsContract::SetUp() {
  if (is_table()) {
    opened_ = must(GetParam().database->open());
    table_ = next_name();
    must(another()->create_table());
  }
  reopen();
}

void DismissalsContract::TearDown() {
  stores_.clear();
  if (is_table() && database().describe_table({.table_name = table_})) {
    must(database().delete_table({.table_name = table_}));
  }
}

std::unique_ptr<DismissalTable> DismissalsContract::another(DismissalTableOptions options) {
  options.table = table_;
  options.clock = &clock_;
  return must(dismissal_table(database(), std::move(options)));
}

Dismissals& DismissalsContract::reopen(DismissalTableOptions options) {
  if (is_table()) {
    stores_.push_back(another(std::move(options)));
  } else {
    stores_.push_back(must(in_memory_dismissals({.expire_after = options.expire_after,
                                                 .count_dismissals = options.count_dismissals,
                                                 .clock = &clock_})));
  }
  store_ = stores_.back().get();
  return *store_;
}

std::optional<Item> DismissalsContract::raw(const std::string& user, const std::string& id) {
  return must(database().get_item({.table_name = table_,
                                   .key = Key{{"userId", user}, {"id", id}},
                                   .consistent_read = true}))
      .item;
}

void DismissalsContract::put_raw(Item item) {
  must(database().put_item({.table_name = table_, .item = std::move(item)}));
}

}  // namespace dynakeep::contract
