// What src/storage costs beside plain RocksDB doing the same: items of 450 bytes, 50,000 of them,
// in partitions of ten, all in RocksDB's cache. Each pair "Raw…" and "Store…" is to be compared.
//
//   storage_bench [--benchmark_filter=REGEX] …    data in a folder of $TMPDIR or /tmp

#include <array>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include "dynakeep/attribute_value.h"
#include "model/encoded_item.h"
#include "storage/key_value_store.h"

namespace dynakeep::storage {
namespace {

constexpr int partitions = 5'000;
constexpr int items_each = 10;
constexpr std::size_t item_bytes = 450;

[[noreturn]] void stop(std::string_view why) {
  std::cerr << "storage_bench: " << why << '\n';
  std::exit(1);
}

void must(const rocksdb::Status& status) {
  if (!status.ok()) stop(status.ToString());
}

template <typename T>
T must(Result<T> result) {
  if (!result) stop(result.error().message());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

std::string encoded(const AttributeValue& value) {
  std::string bytes;
  model::append_value(bytes, value);
  return bytes;
}

// Keys and ranges are made beforehand: their cost is the codec's, measured on its own.
struct Keys {
  Keys() {
    for (int partition = 0; partition < partitions; ++partition) {
      const auto value = encoded("user#" + std::to_string(partition));
      ranges.push_back(partition_range(1, ValueView(value)));
      for (int item = 0; item < items_each; ++item) {
        const auto sort = encoded(item);
        keys.push_back(item_key(1, ValueView(value), ValueView(sort)));
      }
    }
  }
  std::vector<std::string> keys;
  std::vector<KeyRange> ranges;
};

const Keys& all() {
  static const Keys keys;
  return keys;
}

const std::string& value() {
  static const std::string bytes = [] {
    std::mt19937_64 random(1);
    std::string text(item_bytes, ' ');
    for (auto& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
  }();
  return bytes;
}

// The next index, in an order that no cache line prefetcher knows.
class Random {
 public:
  explicit Random(const benchmark::State& state)
      : random_(static_cast<unsigned>(state.thread_index()) + 1) {}
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  std::minstd_rand random_;
};

// A folder of this run and the databases in it, opened on first use and gone before main returns:
// RocksDB must not be closed among the destructors of statics.
class Databases {
 public:
  Databases() : path_((std::filesystem::temp_directory_path() / "storage_bench_XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) stop("cannot make " + path_);
  }
  ~Databases() {
    raw_.reset();
    for (auto& store : stores_) store.reset();
    std::filesystem::remove_all(path_);
  }
  Databases(const Databases&) = delete;
  Databases& operator=(const Databases&) = delete;

  rocksdb::DB& raw() {
    const std::lock_guard lock(mutex_);
    if (!raw_) raw_ = open_raw();
    return *raw_;
  }

  KeyValueStore& store(Durability durability) {
    const std::lock_guard lock(mutex_);
    auto& opened = stores_[durability == Durability::synced ? 1 : 0];
    if (!opened) opened = open_store(durability);
    return *opened;
  }

 private:
  std::unique_ptr<rocksdb::DB> open_raw() const;
  std::unique_ptr<KeyValueStore> open_store(Durability durability) const;

  std::string path_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::unique_ptr<rocksdb::DB> raw_;
  std::array<std::unique_ptr<KeyValueStore>, 2> stores_;
};

std::unique_ptr<rocksdb::DB> Databases::open_raw() const {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::DB* opened = nullptr;
  must(rocksdb::DB::Open(options, path_ + "/raw", &opened));
  for (const auto& key : all().keys) must(opened->Put({}, key, value()));
  must(opened->Flush({}));
  std::string found;
  for (const auto& key : all().keys) must(opened->Get({}, key, &found));
  return std::unique_ptr<rocksdb::DB>(opened);
}

std::unique_ptr<KeyValueStore> Databases::open_store(Durability durability) const {
  const StoreOptions options{
      .path = path_ + "/store" + std::to_string(static_cast<int>(durability)),
      .durability = durability};
  {
    const auto filled = must(KeyValueStore::open(options));
    WriteSet writes;
    for (const auto& key : all().keys) {
      writes.clear();
      writes.put(Family::data, key, value());
      must(filled->commit(writes));
    }
  }
  auto opened = must(KeyValueStore::open(options));  // all in files now, as with the raw one
  std::string found;
  for (const auto& key : all().keys) must(opened->get(Family::data, key, found));
  return opened;
}

Databases* databases = nullptr;  // main's

rocksdb::DB& raw() { return databases->raw(); }
KeyValueStore& store(Durability durability = Durability::none) {
  return databases->store(durability);
}

// ---- plain RocksDB ----

void RawGet(benchmark::State& state) {
  auto& db = raw();
  Random random(state);
  std::string found;
  for (auto _ : state) {
    must(db.Get({}, all().keys[random.below(all().keys.size())], &found));
  }
}
BENCHMARK(RawGet);

void RawCursorOf10(benchmark::State& state) {
  auto& db = raw();
  Random random(state);
  for (auto _ : state) {
    const auto& range = all().ranges[random.below(partitions)];
    const rocksdb::Slice upper(range.end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &upper;
    const std::unique_ptr<rocksdb::Iterator> at(db.NewIterator(options));
    std::size_t bytes = 0;
    for (at->Seek(range.begin); at->Valid(); at->Next()) {
      bytes += at->key().size() + at->value().size();
    }
    must(at->status());
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(RawCursorOf10);

void RawPut(benchmark::State& state) {
  auto& db = raw();
  Random random(state);
  for (auto _ : state) {
    must(db.Put({}, all().keys[random.below(all().keys.size())], value()));
  }
}
BENCHMARK(RawPut)->Threads(1)->Threads(2)->UseRealTime();

void RawSyncedPut(benchmark::State& state) {
  auto& db = raw();
  Random random(state);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (auto _ : state) {
    must(db.Put(synced, all().keys[random.below(all().keys.size())], value()));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(RawSyncedPut)->Threads(1)->Threads(32)->UseRealTime();

// ---- the store ----

void StoreGet(benchmark::State& state) {
  auto& in = store();
  Random random(state);
  std::string found;
  for (auto _ : state) {
    must(in.get(Family::data, all().keys[random.below(all().keys.size())], found));
  }
}
BENCHMARK(StoreGet);

void StoreGetAndWhatToWaitFor(benchmark::State& state) {
  auto& in = store(Durability::synced);
  Random random(state);
  std::string found;
  for (auto _ : state) {
    const auto& key = all().keys[random.below(all().keys.size())];
    must(in.get(Family::data, key, found));
    benchmark::DoNotOptimize(in.unsynced_position(partition_of(key)));
  }
}
BENCHMARK(StoreGetAndWhatToWaitFor);

void StoreGetAbsent(benchmark::State& state) {
  auto& in = store();
  Random random(state);
  std::string found;
  for (auto _ : state) {
    std::string key = all().keys[random.below(all().keys.size())];
    key.back() ^= 1;
    benchmark::DoNotOptimize(must(in.get(Family::data, key, found)));
  }
}
BENCHMARK(StoreGetAbsent);

void StoreGetThroughView(benchmark::State& state) {
  auto& in = store();
  Random random(state);
  std::string found;
  for (auto _ : state) {
    const auto view = in.view();
    must(view.get(Family::data, all().keys[random.below(all().keys.size())], found));
  }
}
BENCHMARK(StoreGetThroughView);

void cursor_of_10(benchmark::State& state, Direction direction) {
  auto& in = store();
  Random random(state);
  for (auto _ : state) {
    std::size_t bytes = 0, items = 0;
    auto cursor = in.cursor(Family::data, all().ranges[random.below(partitions)], direction);
    for (; cursor.valid(); cursor.next(), ++items) {
      bytes += cursor.key().size() + cursor.value().size();
    }
    must(cursor.result());
    if (items != items_each) stop("a partition is not whole");
    benchmark::DoNotOptimize(bytes);
  }
}
void StoreCursorOf10(benchmark::State& state) { cursor_of_10(state, Direction::forward); }
BENCHMARK(StoreCursorOf10);
void StoreCursorOf10Backward(benchmark::State& state) { cursor_of_10(state, Direction::backward); }
BENCHMARK(StoreCursorOf10Backward);

void StoreCursorOf10ThroughView(benchmark::State& state) {
  auto& in = store();
  Random random(state);
  for (auto _ : state) {
    std::size_t bytes = 0;
    const auto view = in.view();
    auto cursor = view.cursor(Family::data, all().ranges[random.below(partitions)]);
    for (; cursor.valid(); cursor.next()) bytes += cursor.key().size() + cursor.value().size();
    must(cursor.result());
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(StoreCursorOf10ThroughView);

void StoreCursorOfNone(benchmark::State& state) {
  auto& in = store();
  const auto absent = encoded("nobody");
  const auto range = partition_range(1, ValueView(absent));
  for (auto _ : state) {
    const auto cursor = in.cursor(Family::data, range);
    must(cursor.result());
  }
}
BENCHMARK(StoreCursorOfNone);

void StoreCursorOf100(benchmark::State& state) {
  auto& in = store();
  Random random(state);
  for (auto _ : state) {
    auto range = space_range(1);
    range.begin = all().ranges[random.below(partitions)].begin;
    std::size_t bytes = 0, items = 0;
    auto cursor = in.cursor(Family::data, std::move(range));
    for (; cursor.valid() && items < 100; cursor.next(), ++items) bytes += cursor.value().size();
    must(cursor.result());
    benchmark::DoNotOptimize(bytes);
  }
}
BENCHMARK(StoreCursorOf100);

void put(benchmark::State& state, Durability durability) {
  auto& in = store(durability);
  Random random(state);
  WriteSet writes;
  for (auto _ : state) {
    writes.clear();
    writes.put(Family::data, all().keys[random.below(all().keys.size())], value());
    must(in.commit(writes));
  }
}
void StorePutNone(benchmark::State& state) { put(state, Durability::none); }
BENCHMARK(StorePutNone)->Threads(1)->Threads(2)->UseRealTime();
void StorePutNotWaited(benchmark::State& state) { put(state, Durability::synced); }
BENCHMARK(StorePutNotWaited)->Threads(1)->Threads(2)->UseRealTime();

void StoreSyncedPut(benchmark::State& state) {
  auto& in = store(Durability::synced);
  Random random(state);
  WriteSet writes;
  for (auto _ : state) {
    writes.clear();
    writes.put(Family::data, all().keys[random.below(all().keys.size())], value());
    must(in.wait_until_durable(must(in.commit(writes))));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(StoreSyncedPut)->Threads(1)->Threads(32)->Threads(64)->UseRealTime();

// As the server does it: two threads with half of 64 connections each, which all have one write
// under way, and nobody blocks in a sync.
void StoreSyncedPutByCallback(benchmark::State& state) {
  constexpr int connections = 32;
  auto& in = store(Durability::synced);
  Random random(state);
  WriteSet writes;
  std::mutex mutex;
  std::condition_variable changed;
  int under_way = 0;
  for (auto _ : state) {
    writes.clear();
    writes.put(Family::data, all().keys[random.below(all().keys.size())], value());
    const auto position = must(in.commit(writes));
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return under_way < connections; });
      ++under_way;
    }
    in.when_durable(position, [&](const Result<void>& result) {
      must(result);
      const std::lock_guard lock(mutex);
      --under_way;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return under_way == 0; });
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(StoreSyncedPutByCallback)->Threads(2)->UseRealTime();

// ---- keys ----

void EncodeItemKey(benchmark::State& state) {
  const auto partition = encoded("user#12345");
  const auto sort = encoded(12345);
  std::string key;
  for (auto _ : state) {
    key.clear();
    append_item_key(key, 1, ValueView(partition), ValueView(sort));
    benchmark::DoNotOptimize(key.data());
  }
}
BENCHMARK(EncodeItemKey);

void PartitionRange(benchmark::State& state) {
  const auto partition = encoded("user#12345");
  for (auto _ : state) benchmark::DoNotOptimize(partition_range(1, ValueView(partition)));
}
BENCHMARK(PartitionRange);

}  // namespace
}  // namespace dynakeep::storage

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  dynakeep::storage::Databases databases;
  dynakeep::storage::databases = &databases;
  benchmark::RunSpecifiedBenchmarks();
}
