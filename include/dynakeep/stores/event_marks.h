#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/stores/events.h"

// How far followers of events have come, aggregate by aggregate.
namespace dynakeep {

struct AggregateKey {
  std::string event_store_id = {};
  std::string aggregate_id = {};

  friend bool operator==(const AggregateKey&, const AggregateKey&) = default;
  friend auto operator<=>(const AggregateKey&, const AggregateKey&) = default;
};

std::ostream& operator<<(std::ostream& out, const AggregateKey& key);

// Both ends belong to it.
struct VersionRange {
  Version first = 0;
  Version last = 0;

  friend bool operator==(const VersionRange&, const VersionRange&) = default;
};

// Which events of one aggregate were delivered: all up to a version, but for some.
struct EventMark {
  Version version = 0;  // the highest that was delivered; 0: none
  // Below it, in order and apart: those that were not, as writers left a gap there, or that were
  // removed since.
  std::vector<VersionRange> missing = {};
  // How often it was written, for those who keep it together with what they made of the events.
  std::int64_t revision = 0;

  // Versions below 1, which castore does not refuse, are in no mark.
  bool holds(Version delivered) const;
  // Above the highest, what lies between is missing from now on.
  void add(Version delivered);
  void remove(Version removed);

  friend bool operator==(const EventMark&, const EventMark&) = default;
};

std::ostream& operator<<(std::ostream& out, const EventMark& mark);

// How far the reading of a whole table has come, which comes before the reading of its stream.
struct EventHistory {
  bool done = false;
  std::optional<Key> after = {};  // of the table: the last item that was read
  std::uint64_t events = 0;       // read so far
  // The loss of records that the reading made up for, as text; empty: it is the first one.
  std::string gap = {};
  // Grows with each rebuilding of a projection: marks of an earlier one do not count.
  std::int64_t generation = 0;
  // Before anything is read, what the projection wrote is to be removed.
  bool must_clear = false;
  std::int64_t epoch = 0;  // of the claim under which it is saved; 0: nobody claims the marks

  friend bool operator==(const EventHistory&, const EventHistory&) = default;
};

// Keeps the marks of one subscription. What save() was answered for is what the next load() gives.
// Called from several threads at once, but for one aggregate by one at a time.
//
// One worker at a time has them: the one that claimed them last. A worker that is taken for dead,
// or was started twice, learns of it and stops.
class EventMarks {
 public:
  virtual ~EventMarks() = default;
  EventMarks(const EventMarks&) = delete;
  EventMarks& operator=(const EventMarks&) = delete;

  // In the order of the keys; nothing for what was never saved.
  virtual Result<std::vector<std::optional<EventMark>>> load(
      const std::vector<AggregateKey>& keys) = 0;
  // After an error some may be saved. No key occurs twice.
  virtual Result<void> save(const std::vector<std::pair<AggregateKey, EventMark>>& marks) = 0;

  virtual Result<std::optional<EventHistory>> load_history() = 0;
  // write_conflict: the marks were claimed after the history's epoch.
  virtual Result<void> save_history(const EventHistory& history) = 0;

  // From now on the marks are those of the caller. The claim's epoch, which is above all before; 0,
  // which is what there is where it is not overridden: nobody else can have them.
  virtual Result<std::int64_t> claim() { return std::int64_t{0}; }
  // write_conflict: they were claimed after that epoch.
  virtual Result<void> confirm(std::int64_t /*epoch*/) { return {}; }

 protected:
  EventMarks() = default;
};

struct EventMarkTableOptions {
  std::string table_name = {};
  // Whose marks: 1 to 128 of A-Z, a-z, 0-9, "_", ".", "-". One table may hold those of many.
  std::string name = {};
};

// Marks in a table of their own: one small item for each aggregate, an event table may hold nothing
// but events.
class EventMarkTable final : public EventMarks {
 public:
  // `database` must outlive it; it need not be the one of the events.
  EventMarkTable(Database& database, EventMarkTableOptions options);

  // Key mark (S): "<name>/<event store id>#<aggregate id>", and "<name>" for the history and the
  // epoch of the last claim; billed by request.
  CreateTableRequest table_definition() const;
  // Creates the table, or waits for the one that is there.
  Result<void> create_table();

  // The item of a mark, and its key: for those who write it with something else.
  Key key(const AggregateKey& aggregate) const;
  Item item(const AggregateKey& aggregate, const EventMark& mark) const;
  const std::string& table_name() const { return options_.table_name; }

  // malformed_item: what is there is no mark.
  Result<std::vector<std::optional<EventMark>>> load(
      const std::vector<AggregateKey>& keys) override;
  Result<void> save(const std::vector<std::pair<AggregateKey, EventMark>>& marks) override;
  Result<std::optional<EventHistory>> load_history() override;
  Result<void> save_history(const EventHistory& history) override;
  Result<std::int64_t> claim() override;
  Result<void> confirm(std::int64_t epoch) override;

 private:
  Database& database_;
  EventMarkTableOptions options_;
};

}  // namespace dynakeep
