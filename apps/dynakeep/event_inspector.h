#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/stores/events.h"

namespace dynakeep::app {

struct EventProblem {
  std::string_view kind = {};  // "table", "key", "malformed", "gap", "index", "timestamp"
  std::string event_store_id = {};
  std::string aggregate_id = {};
  std::optional<Version> version = {};
  std::string what = {};  // for a person
};

// Looks for what no well-behaved writer leaves in an event table: items that are no events,
// versions that are missing, and index attributes that list an aggregate twice, under another
// store, or not at all.
class EventInspector {
 public:
  EventInspector(bool legacy, std::function<void(EventProblem)> report)
      : legacy_(legacy), report_(std::move(report)) {}

  // Each item of the table, an aggregate's in order of their versions and without another's
  // between them, as a scan has them.
  void see(const Item& item);

  std::uint64_t events() const { return events_; }
  std::uint64_t aggregates() const { return aggregates_; }
  std::uint64_t problems() const { return problems_; }

 private:
  void begin_aggregate(const std::string& key);
  void check_version(const Item& item);
  void check_index(const Item& item);
  void problem(std::string_view kind, std::string what);

  bool legacy_;
  std::function<void(EventProblem)> report_;
  std::uint64_t events_ = 0;
  std::uint64_t aggregates_ = 0;
  std::uint64_t problems_ = 0;

  std::optional<std::string> key_ = {};  // of the aggregate that the last item was of
  std::string store_ = {};
  std::string aggregate_id_ = {};
  std::optional<Version> version_ = {};  // of this item
  Version next_version_ = 1;
};

}  // namespace dynakeep::app
