// What an operation costs in the process, beside raw RocksDB with the same bytes under keys of the
// same size: the floor of anything built on it.

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include "dynakeep/embedded.h"

namespace dynakeep {
namespace {

constexpr int items = 10'000;

std::string folder(const char* name) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("dynakeep-bench-" + std::to_string(getpid()) + "-" + name);
  std::filesystem::remove_all(path);
  return path.string();
}

std::string name_of(int number) {
  char text[32];
  std::snprintf(text, sizeof text, "song-%010d", number);
  return text;
}

Item song(int number, std::int64_t turn) {
  return Item{{"name", name_of(number)},
              {"title", "Feeling Good"},
              {"album", "I Put a Spell on You"},
              {"plays", turn},
              {"live", false},
              {"tags", StringSet{"jazz", "soul", "vocal"}},
              {"home", AttributeMap{{"city", "Tryon"}, {"year", 1933}}},
              {"notes", std::string(300, 'n')}};
}

std::unique_ptr<Database> open_ours(const char* name) {
  auto database = open_embedded({.path = folder(name), .durability = Durability::none}).value();
  database
      ->create_table(
          {.table_name = "Songs",
           .attribute_definitions = std::vector<AttributeDefinition>{{"name", ScalarType::string}},
           .key_schema = KeySchema{{"name", KeyType::hash}},
           .billing_mode = BillingMode::pay_per_request})
      .value();
  for (int i = 0; i < items; ++i) {
    database->put_item({.table_name = "Songs", .item = song(i, 0)}).value();
  }
  return database;
}

// The same bytes under a key of the same size, with the options a user would turn on first.
std::unique_ptr<rocksdb::DB> open_raw(const char* name) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::DB* database = nullptr;
  if (!rocksdb::DB::Open(options, folder(name), &database).ok()) std::abort();
  return std::unique_ptr<rocksdb::DB>(database);
}

std::string raw_key(int number) { return "01234567890a" + name_of(number) + "\0\0"; }
std::string raw_value(int turn) {
  std::string value = std::to_string(turn);
  value.resize(470, 'v');
  return value;
}

int any_item() {
  thread_local std::mt19937 chance(7);
  return static_cast<int>(chance() % items);
}

void DynakeepGet(benchmark::State& state) {
  static const auto database = open_ours("get");
  for (auto _ : state) {
    auto found =
        database->get_item({.table_name = "Songs", .key = Key{{"name", name_of(any_item())}}});
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(DynakeepGet);

void RocksDbGet(benchmark::State& state) {
  static const auto database = [] {
    auto made = open_raw("raw-get");
    for (int i = 0; i < items; ++i) made->Put({}, raw_key(i), raw_value(i));
    return made;
  }();
  for (auto _ : state) {
    std::string value;
    if (!database->Get({}, raw_key(any_item()), &value).ok()) std::abort();
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(RocksDbGet);

void DynakeepPut(benchmark::State& state) {
  static const auto database = open_ours("put");
  std::int64_t turn = 0;
  for (auto _ : state) {
    auto done = database->put_item({.table_name = "Songs", .item = song(any_item(), ++turn)});
    if (!done) std::abort();
  }
}
BENCHMARK(DynakeepPut);

void DynakeepUpdate(benchmark::State& state) {
  static const auto database = open_ours("update");
  for (auto _ : state) {
    auto done = database->update_item({.table_name = "Songs",
                                       .key = Key{{"name", name_of(any_item())}},
                                       .update_expression = "SET plays = plays + :one",
                                       .expression_attribute_values = Item{{":one", 1}}});
    if (!done) std::abort();
  }
}
BENCHMARK(DynakeepUpdate);

// Ten songs each of a thousand artists, for pages.
std::unique_ptr<Database> open_pages(const char* name) {
  auto database = open_embedded({.path = folder(name), .durability = Durability::none}).value();
  database
      ->create_table(
          {.table_name = "Songs",
           .attribute_definitions =
               std::vector<AttributeDefinition>{{"artist", ScalarType::string},
                                                {"number", ScalarType::number}},
           .key_schema = KeySchema{{"artist", KeyType::hash}, {"number", KeyType::range}},
           .billing_mode = BillingMode::pay_per_request})
      .value();
  for (int i = 0; i < items; ++i) {
    Item item = song(i, 0);
    item["artist"] = name_of(i / 10);
    item["number"] = i % 10;
    database->put_item({.table_name = "Songs", .item = item}).value();
  }
  return database;
}

void DynakeepQueryOf10(benchmark::State& state) {
  static const auto database = open_pages("query");
  for (auto _ : state) {
    auto page = database->query(
        {.table_name = "Songs",
         .key_condition_expression = "artist = :artist",
         .expression_attribute_values = Item{{":artist", name_of(any_item() / 10)}}});
    if (page.value().count != 10) std::abort();
  }
}
BENCHMARK(DynakeepQueryOf10);

void DynakeepScanOf100(benchmark::State& state) {
  static const auto database = open_pages("scan");
  for (auto _ : state) {
    auto page = database->scan({.table_name = "Songs", .limit = 100});
    if (page.value().count != 100) std::abort();
  }
}
BENCHMARK(DynakeepScanOf100);

// A walk from some key on, each value copied.
void RocksDbWalk(benchmark::State& state) {
  static const auto database = [] {
    auto made = open_raw("raw-walk");
    for (int i = 0; i < items; ++i) made->Put({}, raw_key(i), raw_value(i));
    return made;
  }();
  const auto length = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    std::vector<std::string> page;
    const std::unique_ptr<rocksdb::Iterator> walk(database->NewIterator({}));
    for (walk->Seek(raw_key(any_item() / 2)); page.size() < length; walk->Next()) {
      page.push_back(walk->value().ToString());
    }
    benchmark::DoNotOptimize(page);
  }
}
BENCHMARK(RocksDbWalk)->Arg(10)->Arg(100);

void RocksDbPut(benchmark::State& state) {
  static const auto database = open_raw("raw-put");
  int turn = 0;
  for (auto _ : state) {
    if (!database->Put({}, raw_key(any_item()), raw_value(++turn)).ok()) std::abort();
  }
}
BENCHMARK(RocksDbPut);

void RocksDbSyncedPut(benchmark::State& state) {
  static const auto database = open_raw("raw-synced");
  static std::atomic<int> turn = 0;
  rocksdb::WriteOptions synced;
  synced.sync = true;
  for (auto _ : state) {
    if (!database->Put(synced, raw_key(any_item()), raw_value(++turn)).ok()) std::abort();
  }
}
BENCHMARK(RocksDbSyncedPut)->UseRealTime()->Threads(1)->Threads(32);

}  // namespace
}  // namespace dynakeep
