#include "storage/key_value_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "dynakeep/attribute_value.h"
#include "model/encoded_item.h"

namespace dynakeep::storage {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "storage_test_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string path(const char* inside) const { return (path_ / inside).string(); }

 private:
  std::filesystem::path path_;
};

std::unique_ptr<KeyValueStore> open_in_memory() {
  return KeyValueStore::open({.in_memory = true}).value();
}

// A key of Family::data of one partition a first word.
std::string key(std::string_view partition, int sort = 0, SpaceId space = 1) {
  std::string partition_bytes, sort_bytes;
  model::append_value(partition_bytes, AttributeValue(partition));
  model::append_value(sort_bytes, AttributeValue(sort));
  return item_key(space, ValueView(partition_bytes), ValueView(sort_bytes));
}

KeyRange range_of(std::string_view partition, SpaceId space = 1) {
  std::string bytes;
  model::append_value(bytes, AttributeValue(partition));
  return partition_range(space, ValueView(bytes));
}

Position put(KeyValueStore& store, std::string_view at, std::string_view value,
             Family family = Family::data) {
  WriteSet writes;
  writes.put(family, at, value);
  return store.commit(writes).value();
}

std::string get(const auto& from, std::string_view at, Family family = Family::data) {
  std::string value;
  return from.get(family, at, value).value() ? value : "(none)";
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs walk(Cursor cursor) {
  Pairs pairs;
  for (; cursor.valid(); cursor.next()) pairs.emplace_back(cursor.key(), cursor.value());
  cursor.result().value();
  return pairs;
}

std::string refusal(const StoreOptions& options) {
  const auto store = KeyValueStore::open(options);
  if (store) return "(opened)";
  return std::string(store.error().code() == ErrorCode::invalid_argument ? "" : "(other code) ") +
         store.error().message();
}

// ---- reading and writing ----

TEST(KeyValueStore, GivesBackWhatWasPut) {
  const auto store = open_in_memory();
  put(*store, key("a"), "1");
  put(*store, "catalog", "2", Family::meta);
  EXPECT_EQ(get(*store, key("a")), "1");
  EXPECT_EQ(get(*store, "catalog", Family::meta), "2");
  EXPECT_EQ(get(*store, key("b")), "(none)");
  EXPECT_EQ(get(*store, key("a"), Family::meta), "(none)") << "families are apart";
}

TEST(KeyValueStore, TheLastEntryOfASetForAKeyCounts) {
  const auto store = open_in_memory();
  WriteSet writes;
  writes.put(Family::data, key("a"), "1");
  writes.erase(Family::data, key("a"));
  writes.erase(Family::data, key("b"));
  writes.put(Family::data, key("b"), "2");
  ASSERT_TRUE(store->commit(writes));
  EXPECT_EQ(get(*store, key("a")), "(none)");
  EXPECT_EQ(get(*store, key("b")), "2");
}

TEST(KeyValueStore, ASetMayBeCommittedAgainAndClearedForAnother) {
  const auto store = open_in_memory();
  WriteSet writes;
  EXPECT_TRUE(writes.empty());
  writes.put(Family::data, key("a"), "1");
  writes.put(Family::data, key("a", 1), "1");
  writes.put(Family::data, key("b"), "1");
  EXPECT_EQ(writes.size(), 3u);
  EXPECT_EQ(writes.partitions().size(), 2u);
  ASSERT_TRUE(store->commit(writes));
  put(*store, key("a"), "2");
  ASSERT_TRUE(store->commit(writes));
  EXPECT_EQ(get(*store, key("a")), "1");

  writes.clear();
  EXPECT_TRUE(writes.empty());
  EXPECT_TRUE(writes.partitions().empty());
  EXPECT_EQ(store->commit(writes).value(), 0u);
  writes.erase(Family::data, key("a"));
  ASSERT_TRUE(store->commit(writes));
  EXPECT_EQ(get(*store, key("a")), "(none)");
  EXPECT_EQ(get(*store, key("b")), "1");
}

TEST(KeyValueStore, ValuesMayBeEmptyOrLarge) {
  const auto store = open_in_memory();
  const std::string large(400 * 1024, 'x');
  put(*store, key("empty"), "");
  put(*store, key("large"), large);
  EXPECT_EQ(get(*store, key("empty")), "");
  EXPECT_EQ(get(*store, key("large")), large);
}

TEST(KeyValueStore, AViewAndACursorSeeTheMomentTheyWereMade) {
  const auto store = open_in_memory();
  put(*store, key("a", 1), "old");
  const auto view = store->view();
  auto cursor = store->cursor(Family::data, range_of("a"));
  auto view_cursor = view.cursor(Family::data, range_of("a"));
  put(*store, key("a", 1), "new");
  put(*store, key("a", 2), "new");

  const Pairs old{{key("a", 1), "old"}};
  EXPECT_EQ(get(view, key("a", 1)), "old");
  EXPECT_EQ(get(view, key("a", 2)), "(none)");
  EXPECT_EQ(walk(std::move(cursor)), old);
  EXPECT_EQ(walk(std::move(view_cursor)), old);
  EXPECT_EQ(walk(view.cursor(Family::data, range_of("a"))), old);
  EXPECT_EQ(get(*store, key("a", 1)), "new");
}

TEST(KeyValueStore, ACursorOutlivesTheViewItCameFrom) {
  const auto store = open_in_memory();
  put(*store, key("a", 1), "old");
  auto cursor = [&] { return store->view().cursor(Family::data, range_of("a")); }();
  put(*store, key("a", 1), "new");
  EXPECT_EQ(walk(std::move(cursor)), (Pairs{{key("a", 1), "old"}}));
}

// Random contents, some in memory and some in files, against a map: every pair of bounds that can
// make a difference, in both directions.
TEST(KeyValueStore, CursorsWalkExactlyTheirRangeInEitherDirection) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const TemporaryFolder folder;
  std::map<std::string, std::string> expected;
  for (int round = 0; round < 3; ++round) {
    // Closing writes the memtable out: each round has files of those before.
    const auto store = KeyValueStore::open({.path = folder.path()}).value();
    for (int i = 0; i < 40; ++i) {
      const auto at = key(std::string(1, static_cast<char>('a' + random() % 4)),
                          static_cast<int>(random() % 10), 1 + static_cast<SpaceId>(random() % 2));
      WriteSet writes;
      if (random() % 3 == 0) {
        writes.erase(Family::data, at);
        expected.erase(at);
      } else {
        writes.put(Family::data, at, std::to_string(i));
        expected[at] = std::to_string(i);
      }
      ASSERT_TRUE(store->commit(writes));
    }
    std::vector<std::string> bounds;
    for (const auto& [at, value] : expected) {
      bounds.push_back(at);
      bounds.push_back(at + '\0');
    }
    for (const auto& range :
         {range_of("a"), range_of("b"), range_of("nobody"), space_range(1), space_range(2),
          segment_range(1, 0, 2), segment_range(1, 1, 2), KeyRange{}}) {
      bounds.push_back(range.begin);
      bounds.push_back(range.end);
    }
    for (const auto& begin : bounds) {
      for (const auto& end : bounds) {
        const KeyRange range{.begin = begin, .end = end};
        Pairs within;
        for (const auto& pair : expected) {
          if (range.contains(pair.first)) within.push_back(pair);
        }
        ASSERT_EQ(walk(store->cursor(Family::data, range)), within);
        std::reverse(within.begin(), within.end());
        ASSERT_EQ(walk(store->cursor(Family::data, range, Direction::backward)), within);
      }
    }
  }
}

// One writer moves a unit from one key to another; whoever reads both at one moment sees one unit.
TEST(KeyValueStore, ACommitIsSeenWholeOrNotAtAll) {
  const auto store = open_in_memory();
  std::atomic<bool> done = false;
  put(*store, key("a"), "1");
  put(*store, key("b"), "0");
  std::jthread reader([&] {
    while (!done) {
      const auto view = store->view();
      ASSERT_EQ(get(view, key("a")) + get(view, key("b")),
                get(view, key("a")) == "1" ? "10" : "01");
      std::string walked;
      for (const auto& pair : walk(store->cursor(Family::data, space_range(1)))) {
        walked += pair.second;
      }
      ASSERT_TRUE(walked == "10" || walked == "01") << walked;
    }
  });
  for (int i = 0; i < 2000; ++i) {
    WriteSet writes;
    writes.put(Family::data, key("a"), i % 2 == 0 ? "0" : "1");
    writes.put(Family::data, key("b"), i % 2 == 0 ? "1" : "0");
    ASSERT_TRUE(store->commit(writes));
  }
  done = true;
}

// ---- opening and closing ----

// The memtable is told where such keys went last; that must never lead it astray, among other keys,
// with several threads (whose commits take another way in), and for readers of earlier moments.
TEST(KeyValueStore, OftenWrittenKeysKeepTheirPlaces) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const TemporaryFolder folder;
  const StoreOptions options{.path = folder.path(), .durability = Durability::none};
  constexpr std::size_t threads = 3;
  std::array<std::map<std::string, std::string>, threads> expected;  // each thread has keys its own
  const auto all_expected = [&] {
    std::map<std::string, std::string> all;
    for (const auto& own : expected) all.insert(own.begin(), own.end());
    return Pairs(all.begin(), all.end());
  };
  const KeyRange our_keys{.begin = "K", .end = "N"};
  {
    const auto store = KeyValueStore::open(options).value();
    const auto write_some = [&](std::size_t thread, int commits) {
      std::mt19937_64 random(seed + thread);
      for (int i = 0; i < commits; ++i) {
        WriteSet writes;
        for (auto count = 1 + random() % 3; count > 0; --count) {
          std::string at(1, "KLLLM"[random() % 5]);
          at += static_cast<char>('a' + random() % 20);
          at += std::to_string(thread);
          if (random() % 8 == 0) {
            writes.erase(Family::meta, at);
            expected[thread].erase(at);
          } else {
            const std::string value = std::to_string(random());
            writes.put(Family::meta, at, value);
            expected[thread][at] = value;
          }
        }
        ASSERT_TRUE(store->commit(writes));
      }
    };
    write_some(0, 3000);
    const ReadView earlier = store->view();
    const Pairs earlier_expected = all_expected();
    {
      std::vector<std::jthread> writers;
      for (std::size_t thread = 0; thread < threads; ++thread) {
        writers.emplace_back(write_some, thread, 3000);
      }
    }
    EXPECT_EQ(walk(store->cursor(Family::meta, our_keys)), all_expected());
    EXPECT_EQ(walk(earlier.cursor(Family::meta, our_keys)), earlier_expected);
  }
  const auto store = KeyValueStore::open(options).value();
  EXPECT_EQ(walk(store->cursor(Family::meta, our_keys)), all_expected());
}

TEST(KeyValueStore, WhatWasCommittedIsThereAfterReopening) {
  const TemporaryFolder folder;
  for (const auto durability : {Durability::synced, Durability::interval, Durability::none}) {
    const StoreOptions options{.path = folder.path("made/if/absent"), .durability = durability};
    const auto at = key("a", static_cast<int>(durability));
    put(*KeyValueStore::open(options).value(), at, "1");
    EXPECT_EQ(get(*KeyValueStore::open(options).value(), at), "1");
  }
}

// Names and sizes of the log files in a folder.
std::map<std::string, std::uintmax_t> logs_in(const TemporaryFolder& folder) {
  std::map<std::string, std::uintmax_t> logs;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    if (file.path().extension() == ".log") logs[file.path().filename()] = file.file_size();
  }
  return logs;
}

TEST(KeyValueStore, ClosingLeavesNoLogToReplay) {
  const TemporaryFolder folder;
  put(*KeyValueStore::open({.path = folder.path()}).value(), key("a"), std::string(1000, 'x'));
  for (const auto& [name, bytes] : logs_in(folder)) EXPECT_EQ(bytes, 0u) << name;
}

TEST(KeyValueStore, OpeningOnlyToReadGathersNoLogs) {
  const TemporaryFolder folder;
  put(*KeyValueStore::open({.path = folder.path()}).value(), key("a"), "1");
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(get(*KeyValueStore::open({.path = folder.path()}).value(), key("a")), "1");
  }
  EXPECT_LE(logs_in(folder).size(), 10u);
}

TEST(KeyValueStore, AStoreInMemoryIsGoneWhenClosed) {
  put(*open_in_memory(), key("a"), "1");
  EXPECT_EQ(get(*open_in_memory(), key("a")), "(none)");
}

TEST(KeyValueStore, APathIsForStoresOnDiskAndOnlyForThose) {
  EXPECT_EQ(refusal({.path = ""}), "No data folder: give the path of one");
  EXPECT_EQ(refusal({.path = "/tmp/x", .in_memory = true}),
            "A database in memory has no data folder: leave the path empty");
}

TEST(KeyValueStore, AFolderThatCannotBeMadeIsRefused) {
  const TemporaryFolder folder;
  std::ofstream(folder.path("file")) << "not a folder";
  const auto path = folder.path("file/inside");
  EXPECT_EQ(refusal({.path = path}), "Cannot make data folder '" + path +
                                         "': Not a directory; choose another, or make it yourself");
}

TEST(KeyValueStore, OneProcessHasOneFolderOnce) {
  const TemporaryFolder folder;
  const auto store = KeyValueStore::open({.path = folder.path()}).value();
  EXPECT_EQ(refusal({.path = folder.path()}), "This process has data folder '" + folder.path() +
                                                  "' open already: share it, or choose another");
}

TEST(KeyValueStore, AFolderThatAnotherProcessHasIsRefused) {
  const TemporaryFolder folder;
  const std::string lock_file = folder.path("LOCK");
  ASSERT_EQ(refusal({.path = folder.path()}), "(opened)");
  int locked[2], let_go[2];
  ASSERT_EQ(pipe(locked) | pipe(let_go), 0);
  const auto child = fork();
  if (child == 0) {
    // The other process. It has RocksDB's lock, and no RocksDB: after a fork only calls to the
    // system are safe.
    char byte = '-';
    const int file = open(lock_file.c_str(), O_RDWR);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    if (fcntl(file, F_SETLK, &whole) == 0) byte = '+';
    (void)!write(locked[1], &byte, 1);
    (void)!read(let_go[0], &byte, 1);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(locked[0], &byte, 1), 1);
  EXPECT_EQ(byte, '+');
  EXPECT_EQ(refusal({.path = folder.path()}), "Another process uses data folder '" + folder.path() +
                                                  "': end it, or choose another folder");
  ASSERT_EQ(write(let_go[1], &byte, 1), 1);
  waitpid(child, nullptr, 0);
  for (const int end : {locked[0], locked[1], let_go[0], let_go[1]}) close(end);
  EXPECT_EQ(refusal({.path = folder.path()}), "(opened)");
}

TEST(KeyValueStore, AFolderOfALaterFormatIsRefused) {
  const TemporaryFolder folder;
  {
    const auto store = KeyValueStore::open({.path = folder.path()}).value();
    std::string version = get(*store, format_key, Family::meta);
    EXPECT_EQ(base::to_hex(version), "00000001");
    version.back() = 2;
    put(*store, format_key, version, Family::meta);
  }
  EXPECT_EQ(refusal({.path = folder.path()}),
            "Data folder '" + folder.path() +
                "' has format 2 and this program knows 1: use a later version of Dynakeep");
}

TEST(KeyValueStore, AFolderOfAnotherProgramIsRefusedAndLeftAsItIs) {
  const TemporaryFolder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.path(), &raw).ok());
  ASSERT_TRUE(raw->Put({}, "theirs", "1").ok());
  delete raw;

  EXPECT_EQ(refusal({.path = folder.path()}), "Something else than Dynakeep made data folder '" +
                                                  folder.path() + "': choose another");
  std::vector<std::string> families;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, folder.path(), &families).ok());
  EXPECT_EQ(families, std::vector<std::string>{"default"});
}

TEST(KeyValueStore, AFolderWithOtherFamiliesIsRefused) {
  const TemporaryFolder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.path(), &raw).ok());
  rocksdb::ColumnFamilyHandle* family = nullptr;
  ASSERT_TRUE(raw->CreateColumnFamily({}, "theirs", &family).ok());
  ASSERT_TRUE(raw->DestroyColumnFamilyHandle(family).ok());
  delete raw;
  EXPECT_TRUE(refusal({.path = folder.path()})
                  .starts_with("Something else than Dynakeep made data folder"));
}

TEST(KeyValueStore, AFolderThatACrashLeftHalfMadeIsFinished) {
  const TemporaryFolder folder;
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder.path(), &raw).ok());
  delete raw;
  const auto store = KeyValueStore::open({.path = folder.path()});
  ASSERT_TRUE(store) << store.error();
  put(**store, key("a"), "1");
  EXPECT_EQ(get(**store, key("a")), "1");
}

TEST(KeyValueStore, AFolderFromBeforeThereWereRecordsGetsAPlaceForThem) {
  const TemporaryFolder folder;
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder.path(), &raw).ok());
    ASSERT_TRUE(raw->Put({}, rocksdb::Slice(format_key.data(), format_key.size()),
                         rocksdb::Slice("\0\0\0\1", 4))
                    .ok());
    rocksdb::ColumnFamilyHandle* data = nullptr;
    ASSERT_TRUE(raw->CreateColumnFamily({}, "data", &data).ok());
    ASSERT_TRUE(raw->Put({}, data, key("a"), "1").ok());
    ASSERT_TRUE(raw->DestroyColumnFamilyHandle(data).ok());
    delete raw;
  }
  const auto store = KeyValueStore::open({.path = folder.path()});
  ASSERT_TRUE(store) << store.error();
  put(**store, "r", "2", Family::records);
  EXPECT_EQ(get(**store, key("a")), "1");
  EXPECT_EQ(get(**store, "r", Family::records), "2");
}

TEST(KeyValueStore, DamagedAndMissingFilesAreSaidToBeDamage) {
  for (const bool missing : {true, false}) {
    const TemporaryFolder folder;
    put(*KeyValueStore::open({.path = folder.path()}).value(), key("a"), "1");
    for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
      if (file.path().extension() != ".sst") continue;
      if (missing) {
        std::filesystem::remove(file.path());
      } else {
        std::ofstream(file.path()) << "not a table";
      }
    }
    const auto message = refusal({.path = folder.path()});
    EXPECT_TRUE(message.starts_with("(other code) What is in data folder '" + folder.path() +
                                    "' is damaged: restore it from a backup"))
        << message;
  }
}

// ---- durability: positions; the rest is tests/power_loss ----

TEST(KeyValueStore, APositionIsDurableAfterTheWaitForIt) {
  const TemporaryFolder folder;
  const auto store = KeyValueStore::open({.path = folder.path()}).value();
  const auto position = put(*store, key("a"), "1");
  EXPECT_GT(position, 0u);
  EXPECT_GE(store->latest_position(), position);
  ASSERT_TRUE(store->wait_until_durable(position));
  EXPECT_GE(store->durable_position(), position);
  EXPECT_EQ(store->unsynced_position(partition_of(key("a"))), 0u);
  EXPECT_EQ(store->unsynced_position(SpaceId{1}), 0u);

  bool answered = false;
  store->when_durable(position, [&](const Result<void>& result) { answered = result.has_value(); });
  EXPECT_TRUE(answered) << "from within, since it is durable already";
}

TEST(KeyValueStore, OnlyReadersOfAnUnsyncedWriteHaveToWait) {
  const TemporaryFolder folder;
  const auto store = KeyValueStore::open({.path = folder.path()}).value();
  ASSERT_TRUE(store->wait_until_durable(put(*store, key("durable", 0, 2), "1")));
  const auto position = put(*store, key("a"), "1");
  EXPECT_EQ(store->unsynced_position(partition_of(key("a"))), position);
  EXPECT_EQ(store->unsynced_position(SpaceId{1}), position);
  EXPECT_EQ(store->unsynced_position(partition_of(key("durable", 0, 2))), 0u);
  EXPECT_EQ(store->unsynced_position(SpaceId{2}), 0u);
  ASSERT_TRUE(store->sync());
  EXPECT_EQ(store->unsynced_position(partition_of(key("a"))), 0u);
}

TEST(KeyValueStore, NobodyWaitsUnlessSyncedIsAskedFor) {
  const TemporaryFolder folder;
  for (const auto durability : {Durability::interval, Durability::none}) {
    const auto store =
        KeyValueStore::open({.path = folder.path(), .durability = durability}).value();
    EXPECT_EQ(put(*store, key("a"), "1"), 0u);
    EXPECT_EQ(store->latest_position(), 0u);
    EXPECT_EQ(store->unsynced_position(partition_of(key("a"))), 0u);
    EXPECT_TRUE(store->wait_until_durable(0));
    EXPECT_TRUE(store->sync());
    EXPECT_GT(store->durable_position(), 0u);
  }
  const auto memory = open_in_memory();
  EXPECT_EQ(put(*memory, key("a"), "1"), 0u);
  EXPECT_TRUE(memory->sync());
}

// ---- erase_space ----

TEST(KeyValueStore, ErasingASpaceTakesAllOfItAndNothingElse) {
  const TemporaryFolder folder;
  for (const bool in_memory : {true, false}) {
    const auto store = KeyValueStore::open({.path = in_memory ? "" : folder.path(),
                                            .in_memory = in_memory,
                                            .write_buffer_bytes = 64 << 10})
                           .value();
    for (const SpaceId space : {1u, 2u, 3u}) {
      for (int i = 0; i < 2500; ++i) {
        put(*store, key(std::to_string(i), i, space), std::string(100, 'x'));
      }
    }
    EXPECT_TRUE(store->erase_space(2, [] { return false; }).value());
    EXPECT_EQ(walk(store->cursor(Family::data, space_range(1))).size(), 2500u);
    EXPECT_TRUE(walk(store->cursor(Family::data, space_range(2))).empty());
    EXPECT_EQ(walk(store->cursor(Family::data, space_range(3))).size(), 2500u);
    EXPECT_TRUE(store->erase_space(2, [] { return false; }).value()) << "again is nothing new";
  }
}

TEST(KeyValueStore, ErasingASpaceStopsWhenAskedAndGoesOnLater) {
  const auto store = open_in_memory();
  for (int i = 0; i < 2500; ++i) put(*store, key("a", i, 2), "x");
  int steps = 0;
  EXPECT_FALSE(store->erase_space(2, [&] { return ++steps > 1; }).value());
  const auto left = walk(store->cursor(Family::data, space_range(2))).size();
  EXPECT_GT(left, 0u);
  EXPECT_LT(left, 2500u);
  EXPECT_TRUE(store->erase_space(2, [] { return false; }).value());
  EXPECT_TRUE(walk(store->cursor(Family::data, space_range(2))).empty());
}

TEST(KeyValueStore, ErasedRecordsAreGoneForGoodAndOthersStay) {
  const TemporaryFolder folder;
  for (const bool in_memory : {true, false}) {
    const StoreOptions options{.path = in_memory ? "" : folder.path(),
                               .in_memory = in_memory,
                               .write_buffer_bytes = 64 << 10};
    auto store = KeyValueStore::open(options).value();
    const auto record = [](int i) { return "r" + std::to_string(10'000 + i); };
    for (int i = 0; i < 3000; ++i) {
      put(*store, record(i), std::string(100, 'x'), Family::records);
    }
    ASSERT_TRUE(store->erase_records({.begin = record(0), .end = record(2000)}));
    ASSERT_TRUE(store->erase_records({.begin = record(0), .end = record(2000)}));
    if (!in_memory) {
      store.reset();
      store = KeyValueStore::open(options).value();
    }
    const auto left = walk(store->cursor(Family::records, KeyRange{}));
    ASSERT_EQ(left.size(), 1000u);
    EXPECT_EQ(left.front().first, record(2000));
  }
}

TEST(KeyValueStore, TheLastSpaceOfAllCanBeErased) {
  const auto store = open_in_memory();
  put(*store, key("a", 0, 0xFFFFFFFF), "x");
  put(*store, key("a", 0, 0xFFFFFFFE), "x");
  EXPECT_TRUE(store->erase_space(0xFFFFFFFF, [] { return false; }).value());
  EXPECT_EQ(walk(store->cursor(Family::data, KeyRange{})).size(), 1u);
}

}  // namespace
}  // namespace dynakeep::storage
