#include "storage/key_value_store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

#include "base/bytes.h"
#include "base/invariant.h"
#include "storage/log_guard.h"
#include "storage/read_view_impl.h"
#include "storage/recent_writes.h"
#include "storage/status.h"
#include "storage/sync_loop.h"
#include "storage/write_set_impl.h"

namespace dynakeep::storage {
namespace {

constexpr std::string_view memory_path = "/dynakeep";
// By the numbers of the families.
constexpr std::array<std::string_view, family_count> family_names{"default", "data", "records"};

// ---- RocksDB's options: few, and each for a reason ----

rocksdb::DBOptions db_options(const StoreOptions& options, rocksdb::Env* env) {
  rocksdb::DBOptions db;
  db.env = env;
  db.max_background_jobs = 2;
  // A family that is seldom written (meta) must not keep old logs alive for long.
  db.max_total_wal_size = 2 * options.write_buffer_bytes;
  // Writing files out evenly: a sync of the log does not wait behind a whole new file.
  db.bytes_per_sync = 1 << 20;
  // A quick start: no statistics gathered, no file opened but to read its index and filter.
  db.skip_stats_update_on_db_open = true;
  db.skip_checking_sst_file_sizes_on_db_open = true;
  // A small information log, and no statistics written to it every ten minutes.
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.max_log_file_size = 1 << 20;
  db.keep_log_file_num = 2;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

// The keys that are worth a hint of where they were inserted last: each is its own.
class OftenWritten final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "dynakeep.OftenWritten"; }
  bool InDomain(const rocksdb::Slice& key) const override {
    return !key.empty() && key[0] == often_written_prefix;
  }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return key; }
};

rocksdb::ColumnFamilyOptions family_options(const StoreOptions& options, Family family,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;

  rocksdb::ColumnFamilyOptions column;
  column.write_buffer_size = options.write_buffer_bytes;
  column.compression = rocksdb::kLZ4Compression;
  column.level_compaction_dynamic_level_bytes = true;
  if (family == Family::data) {
    // One filter entry for each partition beside that of each key: a Query of a partition that a
    // file has nothing of passes the file over.
    column.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(partition_prefix_bytes));
    // The same in memory, where most reads would otherwise search the memtable in vain: half the
    // cost of a get while it is full, for a twentieth of that of a put.
    column.memtable_prefix_bloom_size_ratio = 0.02;
    column.memtable_whole_key_filtering = true;
    // Files that are mostly tombstones (a dropped table, expired items) are compacted soon, or
    // every walk over them would step on each.
    column.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048));
  }
  if (family == Family::meta) {
    // Each write of a key is an entry of the memtable. With hundreds of thousands there, to find
    // the place of one more cost 0.7 us of the 1.5 that a commit takes longer by it.
    column.memtable_insert_with_hint_prefix_extractor = std::make_shared<OftenWritten>();
  }
  column.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return column;
}

// ---- opening ----

Result<void> make_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (!failure) return {};
  return Error(ErrorCode::invalid_argument, "Cannot make data folder '" + path +
                                                "': " + failure.message() +
                                                "; choose another, or make it yourself");
}

Error not_ours(const std::string& path) {
  return Error(ErrorCode::invalid_argument,
               "Something else than Dynakeep made data folder '" + path + "': choose another");
}

bool is_empty(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> first(db.NewIterator(options, family));
  first->SeekToFirst();
  return !first->Valid() && first->status().ok();
}

// Whether families of ours are still to be made: in a new folder; after a crash between the making
// of the first and of the last, when there is no key yet; and in a folder from before there were
// records.
Result<bool> lacks_families(const std::string& path, const rocksdb::DBOptions& options) {
  const auto current = options.env->FileExists(path + "/CURRENT");
  if (current.IsNotFound()) return true;
  if (!current.ok()) return to_open_error(current, path);

  std::vector<std::string> names;
  auto status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!status.ok()) return to_open_error(status, path);
  const auto is_there = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const auto missing = static_cast<std::size_t>(
      std::count_if(family_names.begin(), family_names.end(),
                    [&](std::string_view name) { return !is_there(name); }));
  if (names.size() + missing > family_count) return false;  // open() refuses others than ours
  if (missing == 0) return false;
  if (is_there(family_names[static_cast<std::size_t>(Family::data)])) return true;

  rocksdb::DB* raw = nullptr;
  status = rocksdb::DB::OpenForReadOnly(rocksdb::Options(options, {}), path, &raw);
  const std::unique_ptr<rocksdb::DB> db(raw);
  if (!status.ok()) return to_open_error(status, path);
  if (!is_empty(*db, db->DefaultColumnFamily())) return not_ours(path);
  return true;
}

Result<void> write_format(const Handles& handles, const rocksdb::WriteOptions& write_options,
                          const std::string& path) {
  std::string version;
  base::append_u32(version, static_cast<std::uint32_t>(StoreFormat::v1));
  const auto status =
      handles.db->Put(write_options, handles.family(Family::meta), format_key, version);
  if (!status.ok()) return to_open_error(status, path);
  return {};
}

// Whether the folder keeps many logs: RocksDB makes one each time it is opened and lets go of old
// ones only after a write, so who opens, reads and closes would gather them for ever.
bool has_many_logs(const rocksdb::DBOptions& options, const std::string& path) {
  std::vector<std::string> names;
  if (!options.env->GetChildren(path, &names).ok()) return false;
  return std::count_if(names.begin(), names.end(),
                       [](std::string_view name) { return name.ends_with(".log"); }) > 8;
}

Result<void> check_format(const Handles& handles, const rocksdb::WriteOptions& write_options,
                          const std::string& path) {
  auto* const meta = handles.family(Family::meta);
  std::string version;
  if (TRY(get(handles, {}, Family::meta, format_key, version))) {
    if (version.size() != sizeof(StoreFormat)) return not_ours(path);
    const auto found = base::read_u32(version);
    const auto known = static_cast<std::uint32_t>(StoreFormat::v1);
    if (found > known) {
      return Error(ErrorCode::invalid_argument,
                   "Data folder '" + path + "' has format " + std::to_string(found) +
                       " and this program knows " + std::to_string(known) +
                       ": use a later version of Dynakeep");
    }
    if (found == 0) return not_ours(path);
    return {};
  }
  if (!is_empty(*handles.db, meta) || !is_empty(*handles.db, handles.family(Family::data))) {
    return not_ours(path);
  }
  return write_format(handles, write_options, path);
}

}  // namespace

struct KeyValueStore::Impl {
  ~Impl() {
    sync_loop.reset();  // before the log it syncs
    if (!handles.db) return;
    if (!in_memory) {
      // Nothing is lost if this fails: the log still has it, and the next open replays it.
      for (auto* family : handles.families) {
        handles.db->Flush(rocksdb::FlushOptions(), family).PermitUncheckedError();
      }
    }
    for (auto* family : handles.families) {
      if (family != nullptr) handles.db->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
    handles.db->Close().PermitUncheckedError();
  }

  // Everything up to it is in the log file: RocksDB makes a write visible, which is what this
  // number tells, only after it has written it there.
  Position sequence() const { return handles.db->GetLatestSequenceNumber(); }

  // Syncs every log file that is still needed, not only the newest.
  Result<void> sync_log() {
    const auto status = log_guard.sync([this] { return handles.db->SyncWAL(); });
    if (status.ok()) return {};
    return to_error(status).set_outcome_unknown(true);
  }

  // First what RocksDB stands on.
  LogGuard log_guard;
  std::unique_ptr<rocksdb::Env> env;
  Handles handles;
  bool in_memory = false;
  bool waits = false;  // Durability::synced
  rocksdb::ReadOptions read_options;
  rocksdb::WriteOptions write_options;
  RecentWrites recent_writes;
  std::unique_ptr<SyncLoop> sync_loop;  // null in memory: there is no log
};

KeyValueStore::KeyValueStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyValueStore::~KeyValueStore() = default;

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::open(const StoreOptions& options) {
  if (options.in_memory != options.path.empty()) {
    return Error(ErrorCode::invalid_argument,
                 options.in_memory ? "A database in memory has no data folder: leave the path empty"
                                   : "No data folder: give the path of one");
  }
  auto impl = std::make_unique<Impl>();
  impl->in_memory = options.in_memory;
  impl->waits = options.durability == Durability::synced && !options.in_memory;
  impl->write_options.disableWAL = options.in_memory;

  const std::string path = options.in_memory ? std::string(memory_path) : options.path;
  rocksdb::Env& base = options.env != nullptr ? *options.env : *rocksdb::Env::Default();
  if (options.in_memory) {
    impl->env.reset(rocksdb::NewMemEnv(&base));
  } else {
    if (options.env == nullptr) TRY(make_folder(path));
    impl->env = impl->log_guard.watch(base);
  }

  auto db = db_options(options, impl->env.get());
  db.create_if_missing = db.create_missing_column_families = TRY(lacks_families(path, db));
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t id = 0; id < family_count; ++id) {
    families.emplace_back(std::string(family_names[id]),
                          family_options(options, static_cast<Family>(id), cache));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> opened;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::Open(db, path, families, &opened, &raw);
  if (!status.ok()) return to_open_error(status, path);

  auto& handles = impl->handles;
  handles.db.reset(raw);
  INVARIANT(opened.size() == handles.families.size());
  for (std::size_t id = 0; id < opened.size(); ++id) {
    handles.families[id] = opened[id];
    INVARIANT(opened[id]->GetID() == id);  // as WriteSet says them
  }
  TRY(check_format(handles, impl->write_options, path));
  // The write, and the flush when the store is closed.
  if (has_many_logs(db, path)) TRY(write_format(handles, impl->write_options, path));

  if (!options.in_memory) {
    const bool by_itself = options.durability == Durability::interval;
    impl->sync_loop = std::make_unique<SyncLoop>(
        SyncLoop::Log{.written = [state = impl.get()] { return state->sequence(); },
                      .sync = [state = impl.get()] { return state->sync_log(); }},
        by_itself ? options.sync_interval : std::chrono::milliseconds(0));
  }
  return std::unique_ptr<KeyValueStore>(new KeyValueStore(std::move(impl)));
}

// ---- reading ----

Result<bool> KeyValueStore::get(Family family, std::string_view key, std::string& value) const {
  return storage::get(impl_->handles, impl_->read_options, family, key, value);
}

Cursor KeyValueStore::cursor(Family family, KeyRange range, Direction direction) const {
  return Cursor(std::make_unique<Cursor::Impl>(impl_->handles, impl_->read_options, family,
                                               std::move(range), direction));
}

ReadView KeyValueStore::view() const {
  return ReadView(std::make_unique<ReadView::Impl>(impl_->handles));
}

// ---- writing ----

Result<Position> KeyValueStore::commit(WriteSet& writes) {
  if (writes.empty()) return Position{0};
  if (impl_->sync_loop) TRY(impl_->sync_loop->health());

  if (impl_->waits) impl_->recent_writes.before_commit(writes.partitions());
  const auto status = impl_->handles.db->Write(impl_->write_options, &writes.impl_->batch);
  // All that is visible by now is in the log, ours included: the position may cover more than ours,
  // never less.
  const Position position = impl_->waits && status.ok() ? impl_->sequence() : 0;
  if (impl_->waits) impl_->recent_writes.after_commit(writes.partitions(), position);

  if (!status.ok()) return to_error(status).set_outcome_unknown(true);
  return position;
}

Result<bool> KeyValueStore::erase_space(SpaceId space, const std::function<bool()>& should_stop) {
  constexpr std::size_t step_keys = 1000;
  auto& db = *impl_->handles.db;
  auto* const data = impl_->handles.family(Family::data);
  auto range = space_range(space);

  // What lets the space go must not be undone by a loss of power once its files are gone.
  TRY(sync());
  // Whole files first, at no cost. Nothing that this brings back to light outlives the walk below.
  const rocksdb::Slice begin(range.begin);
  const rocksdb::Slice end(range.end);
  const auto dropped =
      rocksdb::DeleteFilesInRange(&db, data, &begin, range.end.empty() ? nullptr : &end, false);
  if (!dropped.ok()) return to_error(dropped);

  auto write_options = impl_->write_options;
  write_options.low_pri = true;  // waits while compaction is behind
  auto read_options = impl_->read_options;
  read_options.fill_cache = false;
  rocksdb::WriteBatch batch;
  for (;;) {
    if (should_stop()) return false;
    batch.Clear();
    // A new cursor each step: an old one would keep the deleted files alive.
    auto cursor = Cursor(std::make_unique<Cursor::Impl>(impl_->handles, read_options, Family::data,
                                                        range, Direction::forward));
    for (; cursor.valid() && batch.Count() < step_keys; cursor.next()) {
      const auto status = batch.Delete(data, cursor.key());
      INVARIANT(status.ok());
      range.begin.assign(cursor.key());
    }
    TRY(cursor.result());
    if (batch.Count() == 0) return true;
    if (impl_->sync_loop) TRY(impl_->sync_loop->health());
    const auto status = db.Write(write_options, &batch);
    if (!status.ok()) return to_error(status);
  }
}

Result<void> KeyValueStore::erase_records(const KeyRange& range) {
  INVARIANT(!range.end.empty());
  if (range.empty()) return {};
  if (impl_->sync_loop) TRY(impl_->sync_loop->health());
  auto& db = *impl_->handles.db;
  auto* const records = impl_->handles.family(Family::records);
  const rocksdb::Slice begin(range.begin);
  const rocksdb::Slice end(range.end);
  // The note first: files that go must not bring older ones of theirs back to light.
  auto status = db.DeleteRange(impl_->write_options, records, begin, end);
  if (status.ok()) status = rocksdb::DeleteFilesInRange(&db, records, &begin, &end, false);
  if (!status.ok()) return to_error(status);
  return {};
}

// ---- durability ----

Position KeyValueStore::latest_position() const { return impl_->waits ? impl_->sequence() : 0; }

Position KeyValueStore::unsynced_position(Partition partition) const {
  if (!impl_->waits) return 0;
  const auto position = impl_->recent_writes.last_position(partition, impl_->sequence());
  return position > impl_->sync_loop->durable() ? position : 0;
}

Position KeyValueStore::unsynced_position(SpaceId space) const {
  if (!impl_->waits) return 0;
  const auto position = impl_->recent_writes.last_position(space, impl_->sequence());
  return position > impl_->sync_loop->durable() ? position : 0;
}

Position KeyValueStore::durable_position() const {
  return impl_->sync_loop ? impl_->sync_loop->durable() : 0;
}

Result<void> KeyValueStore::wait_until_durable(Position position) {
  if (!impl_->sync_loop) return {};
  return impl_->sync_loop->wait(position);
}

void KeyValueStore::when_durable(Position position, std::function<void(const Result<void>&)> then) {
  if (!impl_->sync_loop) {
    then({});
    return;
  }
  impl_->sync_loop->when_durable(position, std::move(then));
}

Result<void> KeyValueStore::sync() {
  if (!impl_->sync_loop) return {};
  return impl_->sync_loop->wait(impl_->sequence());
}

}  // namespace dynakeep::storage
