#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/pages.h"
#include "dynakeep/stores/event_migration.h"
#include "stores/event_store/attributes.h"

namespace dynakeep {

namespace {

using namespace event_store;

constexpr std::size_t items_at_once = 100;  // four batches

// Collects a legacy table's items in the order of a scan, in which an aggregate's follow each
// other, and writes them with each version 1 after the others of its aggregate.
class Copier {
 public:
  Copier(Database& database, const LegacyMigration& migration)
      : database_(database), migration_(migration) {}

  Result<void> take(Item item) {
    std::string id = item.at(aggregate_id_attribute).as_string();
    // The aggregate before has come to its end.
    if (id != aggregate_id_ && held_) initial_.push_back({.put = std::move(held_)});
    if (id != aggregate_id_) held_.reset();
    aggregate_id_ = std::move(id);

    const bool initial = item.at(version_attribute).as_number() == Number(1);
    item[aggregate_id_attribute] =
        migration_.event_store_id + key_separator + std::string(aggregate_id_);
    item.erase(is_initial_event_attribute);
    if (initial) {
      item[event_store_id_attribute] = migration_.event_store_id;
      held_ = std::move(item);
    } else {
      later_.push_back({.put = std::move(item)});
    }
    if (later_.size() + initial_.size() >= items_at_once) return write();
    return {};
  }

  Result<std::size_t> finish() {
    if (held_) initial_.push_back({.put = std::exchange(held_, std::nullopt)});
    TRY(write());
    return copied_;
  }

 private:
  Result<void> write() {
    copied_ += later_.size() + initial_.size();
    TRY(write_items(database_, migration_.events_table, std::exchange(later_, {})));
    TRY(write_items(database_, migration_.events_table, std::exchange(initial_, {})));
    if (migration_.on_progress) migration_.on_progress(copied_);
    return {};
  }

  Database& database_;
  const LegacyMigration& migration_;
  std::string aggregate_id_ = {};  // of the last item taken
  std::optional<Item> held_ = {};  // its version 1
  std::vector<WriteRequest> later_ = {};
  std::vector<WriteRequest> initial_ = {};
  std::size_t copied_ = 0;
};

}  // namespace

Result<std::size_t> migrate_legacy_events(Database& database, const LegacyMigration& migration) {
  TRY(check_event_store_id(migration.event_store_id));
  if (migration.legacy_table == migration.events_table) {
    return Error(ErrorCode::invalid_argument,
                 "Events cannot be migrated from table " + migration.legacy_table + " to itself");
  }
  Copier copier(database, migration);
  Result<void> taken;
  TRY(for_each_item(database,
                    ScanRequest{.table_name = migration.legacy_table, .consistent_read = true},
                    [&](Item&& item) {
                      taken = copier.take(std::move(item));
                      return taken.has_value();
                    }));
  TRY(std::move(taken));
  return copier.finish();
}

}  // namespace dynakeep
