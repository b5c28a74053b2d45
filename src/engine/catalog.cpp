#include "engine/catalog.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "engine/streams/streams.h"
#include "engine/table_definition.h"
#include "engine/table_record.h"
#include "storage/key_locks.h"
#include "storage/key_value_store.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

using storage::Family;
using storage::SpaceId;

// Keys of Family::meta, beside the lanes' (table_counts.cpp). docs/formats/catalog.md.
constexpr std::string_view table_prefix = "T";
constexpr std::string_view dropped_prefix = "D";
constexpr std::string_view backfill_prefix = "B";
constexpr std::string_view next_space_key = "S";

std::string table_key(std::string_view name) { return std::string(table_prefix).append(name); }

std::string space_key(std::string_view prefix, SpaceId space) {
  std::string key(prefix);
  base::append_u32(key, space);
  return key;
}

storage::KeyRange prefix_range(std::string_view prefix) {
  return {.begin = std::string(prefix), .end = storage::prefix_successor(prefix)};
}

// A random (version 4) UUID. Nothing rests on it but that no two tables share one.
std::string new_uuid() {
  std::random_device chance;
  std::string bytes;
  while (bytes.size() < 16) base::append_u32(bytes, chance());
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3F) | 0x80);
  std::string text = base::to_hex(bytes);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

std::vector<SpaceId> spaces_of(const Table& table) {
  std::vector<SpaceId> spaces{table.space};
  for (const Index& index : table.indexes) spaces.push_back(index.space);
  if (table.time_to_live) spaces.push_back(table.time_to_live->space);
  return spaces;
}

bool is_filling(const Index& index) { return index.status == IndexStatus::creating; }
bool is_filling(const Table& table) {
  if (table.time_to_live && !table.time_to_live->filled) return true;
  return std::any_of(table.indexes.begin(), table.indexes.end(),
                     [](const Index& index) { return is_filling(index); });
}

// The table that this thread found last: mostly it is the one that is asked for next, and is then
// found without a lock that all threads would write to. Good for as long as the catalog that it was
// found in has the generation of that moment; keeps a table that has gone for as long as the thread
// asks for nothing.
struct LastFound {
  std::uint64_t generation = 0;
  TablePointer table = {};
};
thread_local LastFound last_found;

// No two catalogs, and no two states of one, have the same.
std::uint64_t new_generation() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

Error no_such_table(std::string_view name) {
  return Error::resource_not_found("Requested resource not found: Table: " + std::string(name) +
                                   " not found");
}

}  // namespace

const Index* Table::find_index(std::string_view index_name) const {
  for (const Index& index : indexes) {
    if (index.name == index_name) return &index;
  }
  return nullptr;
}

std::string Table::index_arn(std::string_view index_name) const {
  return (arn + "/index/").append(index_name);
}

std::optional<std::string> Table::stream_arn() const {
  if (!stream_label) return {};
  return arn + "/stream/" + *stream_label;
}

std::optional<ScalarType> Table::type_of(std::string_view attribute) const {
  for (const AttributeDefinition& definition : attribute_definitions) {
    if (definition.attribute_name == attribute) return definition.attribute_type;
  }
  return {};
}

void resolve_projection(const Table& table, Index& index) {
  const ProjectionType type = index.projection.projection_type.value_or(ProjectionType::all);
  index.keeps_all = type == ProjectionType::all;
  index.kept.clear();
  if (index.keeps_all) return;
  std::set<std::string> kept{table.keys.partition, index.keys.partition};
  if (table.keys.sort) kept.insert(*table.keys.sort);
  if (index.keys.sort) kept.insert(*index.keys.sort);
  if (type == ProjectionType::include && index.projection.non_key_attributes) {
    kept.insert(index.projection.non_key_attributes->begin(),
                index.projection.non_key_attributes->end());
  }
  index.kept.assign(kept.begin(), kept.end());
}

Catalog::Catalog(storage::KeyValueStore& store, storage::KeyLocks& locks, Streams& streams,
                 const Clock& clock, Place place)
    : store_(store),
      locks_(locks),
      streams_(streams),
      clock_(clock),
      place_(std::move(place)),
      arn_prefix_(place_.arn_prefix()),
      generation_(new_generation()) {}

Catalog::~Catalog() = default;

// ---- opening ----

Result<std::unique_ptr<Catalog>> Catalog::open(storage::KeyValueStore& store,
                                               storage::KeyLocks& locks, Streams& streams,
                                               const Clock& clock, Place place) {
  std::unique_ptr<Catalog> catalog(new Catalog(store, locks, streams, clock, std::move(place)));
  TRY(catalog->load());
  return catalog;
}

Result<void> Catalog::load() {
  TRY(load_tables());
  TRY(load_dropped_spaces());
  std::string value;
  if (TRY(store_.get(Family::meta, next_space_key, value))) {
    if (value.size() != sizeof(SpaceId)) {
      return Error::internal("The catalog on disk is damaged: next space");
    }
    next_space_ = base::read_u32(value);
  }
  return settle_streams();
}

// A change of a table and the end of its stream are two steps, and a crash may have come between.
Result<void> Catalog::settle_streams() {
  for (const auto& stream : streams_.all()) {
    const auto state = stream->state();
    if (!state->is_enabled()) continue;
    const auto table = lookup(state->table_name);
    if (table != nullptr && table->stream_log == stream) continue;
    TRY(streams_.disable(*stream));
  }
  return {};
}

Result<void> Catalog::load_tables() {
  auto cursor = store_.cursor(Family::meta, prefix_range(table_prefix));
  for (; cursor.valid(); cursor.next()) {
    const std::string_view name = cursor.key().substr(table_prefix.size());
    Table table = TRY(decode_table(name, cursor.value()));
    table.arn = table_arn(table.name);
    TRY(load_counts(store_, table));
    if (table.stream) {
      table.stream_log = streams_.find(*table.stream_arn());
      // A database from before there were records: it was switched on and recorded nothing.
      if (table.stream_log == nullptr) table.stream.reset();
    }
    auto snapshot = std::make_shared<const Table>(std::move(table));
    tables_.emplace(snapshot->name, snapshot);
  }
  return cursor.result();
}

Result<void> Catalog::load_dropped_spaces() {
  auto cursor = store_.cursor(Family::meta, prefix_range(dropped_prefix));
  for (; cursor.valid(); cursor.next()) {
    const std::string_view space = cursor.key().substr(dropped_prefix.size());
    if (space.size() != sizeof(SpaceId)) {
      return Error::internal("The catalog on disk is damaged: dropped spaces");
    }
    dropped_spaces_.push_back(base::read_u32(space));
  }
  return cursor.result();
}

// ---- looking up ----

std::string_view Catalog::name_in(std::string_view name_or_arn) const {
  if (name_or_arn.starts_with(arn_prefix_)) name_or_arn.remove_prefix(arn_prefix_.size());
  return name_or_arn;
}

TablePointer Catalog::lookup(std::string_view name_or_arn) const {
  const std::string_view name = name_in(name_or_arn);
  if (last_found.generation == generation_.load(std::memory_order_acquire) &&
      last_found.table->name == name) {
    return last_found.table;
  }
  const std::shared_lock look(tables_mutex_);
  const auto found = tables_.find(name);
  if (found == tables_.end()) return nullptr;
  last_found = {.generation = generation_.load(std::memory_order_relaxed), .table = found->second};
  return found->second;
}

Result<TablePointer> Catalog::find(std::string_view name_or_arn) const {
  auto table = lookup(name_or_arn);
  if (table == nullptr) return Error::resource_not_found("Requested resource not found");
  return table;
}

Result<TablePointer> Catalog::find_for_table_operation(std::string_view name_or_arn) const {
  auto table = lookup(name_or_arn);
  if (table == nullptr) return no_such_table(name_in(name_or_arn));
  return table;
}

std::vector<std::string> Catalog::names_after(std::string_view after, std::size_t limit) const {
  std::vector<std::string> names;
  {
    const std::shared_lock look(tables_mutex_);
    for (const auto& [name, table] : tables_) {
      if (name > after) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  if (names.size() > limit) names.resize(limit);
  return names;
}

std::size_t Catalog::size() const {
  const std::shared_lock look(tables_mutex_);
  return tables_.size();
}

std::string Catalog::table_arn(std::string_view table_name) const {
  return std::string(arn_prefix_).append(table_name);
}

// ---- changing ----

void Catalog::put_next_space(storage::WriteSet& writes) const {
  std::string value;
  base::append_u32(value, next_space_);
  writes.put(Family::meta, next_space_key, value);
}

// Streams are named after the moment they were switched on. No two of a table have one name.
void Catalog::add_stream(Table& table, storage::WriteSet& writes) {
  Time named_after = std::chrono::floor<std::chrono::milliseconds>(clock_.now());
  do {
    table.stream_label = stream_label(named_after);
    named_after += std::chrono::milliseconds(1);
  } while (streams_.find(*table.stream_arn()) != nullptr);
  table.stream_log =
      streams_.make(table.name, table.keys, *table.stream, *table.stream_label, give_space());
  Streams::stage(*table.stream_log, writes);
}

storage::Position Catalog::position() const {
  return std::max(position_.load(std::memory_order_acquire), streams_.position());
}

Result<void> Catalog::commit(storage::WriteSet& writes) {
  position_.store(TRY(store_.commit(writes)), std::memory_order_release);
  return {};
}

void Catalog::install(const TablePointer& last, const TablePointer& next,
                      const std::vector<SpaceId>& dropped) {
  {
    const std::unique_lock put_in_place(tables_mutex_);
    // Before the next snapshot can be found: a stripe that was held by someone who saw the next one
    // is never held after by someone who takes the last one for current.
    if (last != nullptr) last->superseded.set();
    if (next != nullptr) {
      tables_.insert_or_assign(next->name, next);
    } else {
      tables_.erase(last->name);
    }
    generation_.store(new_generation(), std::memory_order_release);
  }
  if (last != nullptr) locks_.wait_for_holders();
  if (!dropped.empty()) {
    const std::unique_lock put_in_place(tables_mutex_);
    dropped_spaces_.insert(dropped_spaces_.end(), dropped.begin(), dropped.end());
  }
  if (listener_ && (!dropped.empty() || (next != nullptr && is_filling(*next)))) listener_();
}

Result<TablePointer> Catalog::create(Table definition) {
  const std::lock_guard changing(changing_);
  if (lookup(definition.name) != nullptr) {
    return Error(ErrorCode::resource_in_use, "Table already exists: " + definition.name);
  }
  definition.arn = table_arn(definition.name);
  definition.id = new_uuid();
  definition.creation_time =
      std::chrono::floor<std::chrono::milliseconds>(clock_.now());  // as descriptions tell it
  definition.space = give_space();
  for (Index& index : definition.indexes) {
    index.space = give_space();
    resolve_projection(definition, index);
  }
  storage::WriteSet writes;
  if (definition.stream) add_stream(definition, writes);
  auto table = std::make_shared<const Table>(std::move(definition));

  writes.put(Family::meta, table_key(table->name), encode_table(*table));
  put_next_space(writes);
  TRY(commit(writes));
  if (table->stream_log != nullptr) streams_.put(table->stream_log);
  install(nullptr, table, {});
  return table;
}

Result<TablePointer> Catalog::change(std::string_view name_or_arn,
                                     const std::function<Result<Table>(const Table&)>& next) {
  const std::lock_guard changing(changing_);
  const TablePointer last = TRY(find_for_table_operation(name_or_arn));
  Table definition = TRY(next(*last));
  for (Index& index : definition.indexes) {
    if (index.space == 0) index.space = give_space();
    resolve_projection(definition, index);
  }
  auto& expiry = definition.time_to_live;
  if (expiry && expiry->space == 0) expiry->space = give_space();
  storage::WriteSet writes;
  if (!definition.stream) definition.stream_log.reset();
  if (definition.stream && definition.stream_log == nullptr) add_stream(definition, writes);
  auto table = std::make_shared<const Table>(std::move(definition));

  writes.put(Family::meta, table_key(table->name), encode_table(*table));
  put_next_space(writes);
  const auto kept = spaces_of(*table);
  std::vector<SpaceId> dropped;
  for (const Index& index : last->indexes) {
    const bool is_kept = std::find(kept.begin(), kept.end(), index.space) != kept.end();
    if (!is_kept) {
      dropped.push_back(index.space);
      writes.put(Family::meta, space_key(dropped_prefix, index.space), {});
    }
    // The record of how far it was filled serves nobody once it is full.
    const Index* now = is_kept ? table->find_index(index.name) : nullptr;
    if (is_filling(index) && now != nullptr && !is_filling(*now)) {
      writes.erase(Family::meta, backfill_key(index.space));
    }
  }
  if (const auto& expiry_before = last->time_to_live) {
    const bool is_kept = std::find(kept.begin(), kept.end(), expiry_before->space) != kept.end();
    if (!is_kept) {
      dropped.push_back(expiry_before->space);
      writes.put(Family::meta, space_key(dropped_prefix, expiry_before->space), {});
    } else if (!expiry_before->filled && table->time_to_live->filled) {
      writes.erase(Family::meta, backfill_key(expiry_before->space));
    }
  }
  TRY(commit(writes));
  if (table->stream_log != nullptr) streams_.put(table->stream_log);
  install(last, table, dropped);
  if (last->stream_log != nullptr && last->stream_log != table->stream_log) {
    TRY(streams_.disable(*last->stream_log));
  }
  return table;
}

Result<TablePointer> Catalog::drop(std::string_view name_or_arn,
                                   const std::function<Result<void>(const Table&)>& allowed) {
  const std::lock_guard changing(changing_);
  TablePointer last = TRY(find_for_table_operation(name_or_arn));
  TRY(allowed(*last));

  storage::WriteSet writes;
  writes.erase(Family::meta, table_key(last->name));
  const auto dropped = spaces_of(*last);
  for (const SpaceId space : dropped) {
    writes.put(Family::meta, space_key(dropped_prefix, space), {});
  }
  TRY(commit(writes));
  install(last, nullptr, dropped);
  if (last->stream_log != nullptr) TRY(streams_.disable(*last->stream_log));
  return last;
}

// ---- background work ----

std::string backfill_key(SpaceId index_space) { return space_key(backfill_prefix, index_space); }

std::vector<SpaceId> Catalog::dropped_spaces() const {
  const std::shared_lock look(tables_mutex_);
  return dropped_spaces_;
}

Result<void> Catalog::space_erased(SpaceId space) {
  const std::lock_guard changing(changing_);
  storage::WriteSet writes;
  writes.erase(Family::meta, space_key(dropped_prefix, space));
  // Here and not with the drop: whoever was at work just then may have written them after it. Of a
  // table there are the lanes, of an index how far it was filled; to erase what is not there costs
  // nothing.
  writes.erase(Family::meta, backfill_key(space));
  for (std::size_t stripe = 0; stripe < storage::KeyLocks::stripes; ++stripe) {
    writes.erase(Family::meta, lane_key(space, stripe));
  }
  TRY(commit(writes));
  const std::unique_lock put_in_place(tables_mutex_);
  std::erase(dropped_spaces_, space);
  return {};
}

std::vector<TablePointer> Catalog::tables_to_fill() const {
  // Not in the middle of a change: an index is not to be filled before the last writer that does
  // not know of it is done, or what that one writes would be missed.
  const std::lock_guard changing(changing_);
  std::vector<TablePointer> filling;
  const std::shared_lock look(tables_mutex_);
  for (const auto& [name, table] : tables_) {
    if (is_filling(*table)) filling.push_back(table);
  }
  return filling;
}

std::vector<TablePointer> Catalog::tables_with_time_to_live() const {
  std::vector<TablePointer> expiring;
  const std::shared_lock look(tables_mutex_);
  for (const auto& [name, table] : tables_) {
    if (table->time_to_live) expiring.push_back(table);
  }
  return expiring;
}

void Catalog::on_background_work(std::function<void()> listener) {
  const std::lock_guard changing(changing_);
  listener_ = std::move(listener);
}

}  // namespace dynakeep::engine
