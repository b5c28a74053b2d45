#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/table.h"
#include "engine/table_counts.h"
#include "storage/durability.h"
#include "storage/key_codec.h"

namespace dynakeep::storage {
class KeyLocks;
class KeyValueStore;
class WriteSet;
}  // namespace dynakeep::storage

namespace dynakeep::engine {
class Stream;
class Streams;
}  // namespace dynakeep::engine

// The tables: what is in force, for every operation to look up; and how it changes.
//
// A Table is an immutable snapshot of one table's definition. Changing a table puts a new snapshot
// in the place of the old one, which is marked as superseded; operations go on with the one they
// found. So that nobody works by a definition that is no longer in force:
//
//   - A writer asks is_current(table) once it holds its key locks, and if it is not, releases them
//     and starts again from find(). A change returns, and the background work that it asks for
//     begins, only when all who held a key lock meanwhile have let go: by then every write by the
//     old definition is done, and each is seen by whoever fills a new index, or erases a dropped
//     table, from then on.
//   - A reader takes its read view first and asks is_current(table) then: if it is, nothing that
//     the snapshot names has been erased in the view; if it is not, it starts again from find().
namespace dynakeep::engine {

struct KeyAttributes {
  std::string partition = {};
  ScalarType partition_type = ScalarType::string;
  std::optional<std::string> sort = {};
  ScalarType sort_type = ScalarType::string;  // if there is a sort key

  bool has(std::string_view name) const {
    return name == partition || (sort.has_value() && name == *sort);
  }
  friend bool operator==(const KeyAttributes&, const KeyAttributes&) = default;
};

enum class IndexKind : std::uint8_t { local, global };

struct Index {
  std::string name = {};
  IndexKind kind = IndexKind::global;
  KeyAttributes keys = {};
  Projection projection = {};  // as it was asked for, and is described

  // What an entry holds: the whole item, or the attributes `kept`: the table's key, the index's key
  // and the projected ones, in bytewise order of their names.
  bool keeps_all = true;
  std::vector<std::string> kept = {};

  storage::SpaceId space = 0;

  // `creating` until all items of the table are in it. Writers keep it up to date from the moment
  // they see it, but cannot tell from the old item alone whether its entry is there yet: they look
  // (see backfill.h). It may not be read by Query or Scan.
  IndexStatus status = IndexStatus::active;

  ThroughputDescription throughput = {};  // of global ones
  std::optional<OnDemandThroughput> on_demand_throughput = {};

  // Shared by the snapshots of its table, which all count alike.
  std::shared_ptr<SpaceCount> count = std::make_shared<SpaceCount>();

  bool is_readable() const { return status == IndexStatus::active; }
};

// False at first, true for good once set. A copy of what holds it starts at false again.
class Superseded {
 public:
  Superseded() = default;
  Superseded(const Superseded&) noexcept {}
  Superseded& operator=(const Superseded&) noexcept { return *this; }
  ~Superseded() = default;

  bool is_set() const { return set_.load(std::memory_order_acquire); }
  void set() const { set_.store(true, std::memory_order_release); }

 private:
  mutable std::atomic<bool> set_ = false;
};

// When items of a table expire, and where it is written down (expiry.h).
struct TimeToLive {
  std::string attribute = {};
  storage::SpaceId space = 0;
  bool filled = false;  // false: there are items from before that are not entered yet
};

struct Table {
  std::string name = {};  // 3 to 255 characters of a-z A-Z 0-9 _ . -
  std::string arn = {};
  std::string id = {};  // a UUID
  storage::SpaceId space = 0;

  std::vector<AttributeDefinition> attribute_definitions = {};
  KeyAttributes keys = {};
  std::vector<Index> indexes = {};  // the local ones, then the global ones

  Time creation_time = {};
  BillingMode billing_mode = BillingMode::provisioned;
  // PAY_PER_REQUEST at some time: the description then has a summary of the billing mode.
  std::optional<Time> last_update_to_pay_per_request = {};
  ThroughputDescription throughput = {};
  std::optional<OnDemandThroughput> on_demand_throughput = {};
  std::optional<TableClass> table_class = {};  // if it was ever asked for
  std::optional<Time> last_table_class_update = {};
  std::optional<SseSpecification> sse = {};
  bool deletion_protection = false;
  std::vector<Tag> tags = {};

  // Of the last stream, which may be switched off by now.
  std::optional<StreamViewType> stream = {};  // if switched on
  std::optional<std::string> stream_label = {};
  std::optional<TimeToLive> time_to_live = {};
  std::shared_ptr<Stream> stream_log = {};  // where changes are recorded; null if switched off

  // Shared by the snapshots of the table, which all count alike.
  std::shared_ptr<SpaceCount> count = std::make_shared<SpaceCount>();
  Superseded superseded;  // set by the catalog alone

  // Null if there is none of that name.
  const Index* find_index(std::string_view index_name) const;
  std::string index_arn(std::string_view index_name) const;
  std::optional<std::string> stream_arn() const;  // of the last stream
  // Of a key attribute of the table or of an index: how it was defined.
  std::optional<ScalarType> type_of(std::string_view attribute) const;
};

// Shared by the catalog and the operations at work.
using TablePointer = std::shared_ptr<const Table>;

// Fills in what an entry of the index keeps, from its projection.
void resolve_projection(const Table& table, Index& index);

// Where in Family::meta a backfill notes how far it has filled the index at that space.
std::string backfill_key(storage::SpaceId index_space);

// Thread-safe.
class Catalog {
 public:
  // What stands in ARNs.
  struct Place {
    std::string region = "us-east-1";
    std::string account_id = "000000000000";

    std::string arn_prefix() const {
      return "arn:aws:dynamodb:" + region + ":" + account_id + ":table/";
    }
  };

  // The tables that `store` holds, with their counts and streams. All must outlive the
  // catalog. internal_server_error: the disk, or a record of a later version.
  static Result<std::unique_ptr<Catalog>> open(storage::KeyValueStore& store,
                                               storage::KeyLocks& locks, Streams& streams,
                                               const Clock& clock, Place place);

  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;
  ~Catalog();

  // ---- looking up ----

  // The table of that name or ARN, for an operation on items. resource_not_found, in the words of
  // those operations: "Requested resource not found". Cheap: no allocation, no wait but for a
  // change of the catalog being put in place.
  Result<TablePointer> find(std::string_view name_or_arn) const;

  // The same for an operation on tables: "Requested resource not found: Table: Songs not found".
  Result<TablePointer> find_for_table_operation(std::string_view name_or_arn) const;

  // Whether nothing has taken the snapshot's place.
  static bool is_current(const Table& table) { return !table.superseded.is_set(); }

  // At most `limit` names in bytewise order, from the first one after `after`.
  std::vector<std::string> names_after(std::string_view after, std::size_t limit) const;
  std::size_t size() const;

  const Place& place() const { return place_; }
  std::string table_arn(std::string_view table_name) const;

  // ---- changing ----
  //
  // Each is committed before it is seen; whoever answers for it settles position() first. The
  // caller may hold no key lock.

  // Puts a new table in force. The caller fills in what was asked for; name, arn, id, spaces,
  // creation time and the stream's label are given here. resource_in_use: "Table already exists:
  // Songs".
  Result<TablePointer> create(Table definition);

  // Puts what `next` makes of the table's definition in force; changes follow one another, so
  // `next` sees the last word, and makes a changed copy of it. A stream is switched on and off by
  // `stream` alone. An error of `next` is passed on and
  // nothing is changed. Indexes that come without a space are given one; the spaces of those that
  // are gone are left to be erased in the background (see upkeep.h).
  // resource_not_found: "Requested resource not found: Table: Songs not found".
  Result<TablePointer> change(std::string_view name_or_arn,
                              const std::function<Result<Table>(const Table&)>& next);

  // Takes the table out of force, unless `allowed` objects, and leaves its spaces to be erased in
  // the background. Returns the last snapshot. resource_not_found as change().
  Result<TablePointer> drop(std::string_view name_or_arn,
                            const std::function<Result<void>(const Table&)>& allowed);

  // Of the last change: what rests on the catalog waits until it is durable.
  storage::Position position() const;

  // ---- what the background work has to do (upkeep.h) ----

  // Spaces of dropped tables and indexes that are still to be erased, nobody writing to them.
  std::vector<storage::SpaceId> dropped_spaces() const;
  // That space is erased: forgets it, and the counts kept for it.
  Result<void> space_erased(storage::SpaceId space);
  // All tables with an index that is `creating`, or expiries that are not filled, of which every
  // writer knows.
  std::vector<TablePointer> tables_to_fill() const;
  std::vector<TablePointer> tables_with_time_to_live() const;
  // Calls `listener` after each change that left something to do. Empty: nobody.
  void on_background_work(std::function<void()> listener);

 private:
  Catalog(storage::KeyValueStore& store, storage::KeyLocks& locks, Streams& streams,
          const Clock& clock, Place place);

  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const {
      return std::hash<std::string_view>{}(name);
    }
  };
  using Tables = std::unordered_map<std::string, TablePointer, NameHash, std::equal_to<>>;

  Result<void> load();
  Result<void> load_tables();
  Result<void> load_dropped_spaces();
  Result<void> settle_streams();

  std::string_view name_in(std::string_view name_or_arn) const;
  TablePointer lookup(std::string_view name_or_arn) const;

  storage::SpaceId give_space() { return next_space_++; }
  void put_next_space(storage::WriteSet& writes) const;
  void add_stream(Table& table, storage::WriteSet& writes);
  Result<void> commit(storage::WriteSet& writes);
  // `next` is null for a table that is gone, `last` for one that is new.
  void install(const TablePointer& last, const TablePointer& next,
               const std::vector<storage::SpaceId>& dropped);

  storage::KeyValueStore& store_;
  storage::KeyLocks& locks_;
  Streams& streams_;
  const Clock& clock_;
  const Place place_;
  const std::string arn_prefix_;

  std::atomic<storage::Position> position_ = 0;

  // Held through a change, disk included.
  mutable std::mutex changing_;
  storage::SpaceId next_space_ = 1;
  std::function<void()> listener_;

  // Held for a look, or to put a change in place.
  mutable std::shared_mutex tables_mutex_;
  std::atomic<std::uint64_t> generation_;  // another with each change; read without the lock too
  Tables tables_;
  std::vector<storage::SpaceId> dropped_spaces_;
};

}  // namespace dynakeep::engine
