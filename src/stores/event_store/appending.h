#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stores/event_storage.h"
#include "stores/support/patience.h"

namespace dynakeep::event_store {

// What append() needs of a storage: where to write after, and how.
class AppendTarget {
 public:
  virtual ~AppendTarget() = default;

  // Which event, from `min_version` on, is the first whose metadata holds the key.
  virtual Result<std::optional<Version>> find_appended(std::string_view event_store_id,
                                                       std::string_view aggregate_id,
                                                       Version min_version,
                                                       const std::string& idempotency_key) = 0;

  // Stores events whose versions follow `previous`, all or none. conditional_check_failed: there is
  // no `previous`, if it is to be checked and is not 0.
  virtual Result<std::vector<Event>> store_after(std::string_view event_store_id, Version previous,
                                                 bool check_previous,
                                                 std::vector<NewEvent> events) = 0;
};

// EventStorage::append over any storage. `now` is the timestamp of events without one.
struct Append {
  EventStorage& storage;
  AppendTarget& target;
  const stores::Patience& patience;
  std::string now;

  Result<std::vector<Event>> operator()(std::string_view event_store_id,
                                        std::string_view aggregate_id, ExpectedVersion expected,
                                        std::vector<EventToAppend> events,
                                        const AppendOptions& options);
};

// Whether an event was appended under the key.
bool has_idempotency_key(const AttributeView& metadata, std::string_view key);

}  // namespace dynakeep::event_store
