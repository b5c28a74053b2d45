#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stores/event_store/appending.h"
#include "stores/event_store/event_items.h"
#include "stores/support/patience.h"

namespace dynakeep::event_store {

// Events in a table of a database, in either format. How a push ends is told in settle().
class TableEventStorage final : public EventTable, private AppendTarget {
 public:
  TableEventStorage(Database& database, TableFormat format, EventTableOptions options);

  Result<std::vector<Item>> get_items(std::string_view event_store_id,
                                      std::string_view aggregate_id,
                                      const EventsQuery& query) override;
  Result<Event> push_event(std::string_view event_store_id, NewEvent event,
                           const PushOptions& options) override;
  Result<std::vector<Event>> push_event_group(std::vector<GroupedEvent> events,
                                              const PushOptions& options) override;
  Result<std::vector<Event>> append(std::string_view event_store_id, std::string_view aggregate_id,
                                    ExpectedVersion expected, std::vector<EventToAppend> events,
                                    const AppendOptions& options) override;
  Result<ListPage> list_aggregate_ids(std::string_view event_store_id,
                                      const ListQuery& query) override;
  std::string key_prefix(std::string_view event_store_id) const override;

  CreateTableRequest table_definition() const override;
  Result<void> create_table() override;
  Result<void> check_table() override;
  Result<TransactPut> build_put(std::string_view event_store_id, NewEvent event,
                                const PushOptions& options) const override;

 private:
  // An event on its way: what is sent, where to, and what it is called in errors.
  struct Write {
    std::string table = {};
    Item item = {};
    std::size_t bytes = 0;
    EventKey key = {};
    std::size_t key_prefix_bytes = 0;
    bool force = false;
  };

  Result<void> delete_items(const std::vector<Item>& items) override;

  Result<std::optional<Version>> find_appended(std::string_view event_store_id,
                                               std::string_view aggregate_id, Version min_version,
                                               const std::string& idempotency_key) override;
  Result<std::vector<Event>> store_after(std::string_view event_store_id, Version previous,
                                         bool check_previous,
                                         std::vector<NewEvent> events) override;

  std::string table_name() const;
  std::string now() const { return event_timestamp(options_.clock->now()); }
  Result<Write> to_write(std::string_view event_store_id, NewEvent event, bool force,
                         std::string_view now) const;

  Result<void> put(Write& write);
  // With a check that a version exists, whose key this is, before the puts.
  Result<void> transact(std::vector<Write>& writes, const std::optional<Key>& must_exist);
  Result<void> settle(Error error, std::optional<Error> conflict, const std::vector<Write>& writes);

  // What stands where the write would go: it itself, something else, or nothing.
  enum class Found : std::uint8_t { nothing, itself, another };
  Result<Found> look_for(const Write& write);
  Result<bool> is_there(const Key& key);

  Database& database_;
  const EventTableOptions options_;
  const EventRules rules_;
  const stores::Patience patience_;
};

}  // namespace dynakeep::event_store
