// What the store of versioned collections says of a write must be true, whatever happened on the
// way: written means a version at that number, an error that does not say outcome_unknown means
// none, revisions have no gaps, and nobody is in conflict with himself.

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/stores/versioned_collections.h"
#include "faults/world.h"

namespace dynakeep::faults {
namespace {

constexpr std::size_t threads = 8;

enum class Told : std::uint8_t { written, not_written, unknown };

template <typename T>
Told told_of(const Result<T>& result) {
  if (result) return Told::written;
  return result.error().outcome_unknown() ? Told::unknown : Told::not_written;
}

// What each write was told, by the value it wrote, which is its alone.
class Ledger {
 public:
  void note(const std::string& value, const Result<ResourceVersion>& result) {
    const std::lock_guard lock(mutex_);
    told_[value] = told_of(result);
    if (result) versions_[value] = result->version;
    ++counts_[static_cast<std::size_t>(told_[value])];
  }
  Told told(const std::string& value) const { return told_.at(value); }
  // Number of its version, of what was told that it is written.
  const std::map<std::string, Millis>& written() const { return versions_; }

  friend std::ostream& operator<<(std::ostream& out, const Ledger& ledger) {
    return out << ledger.counts_[0] << " written, " << ledger.counts_[1] << " not written, "
               << ledger.counts_[2] << " unknown";
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Told> told_;
  std::map<std::string, Millis> versions_;
  std::array<std::size_t, 3> counts_ = {};
};

std::unique_ptr<VersionedCollections> store_on(Database& database,
                                               WriteMode mode = WriteMode::linear) {
  auto made = VersionedCollections::create(database, {.write_mode = mode});
  EXPECT_TRUE(made) << made.error();
  return std::move(*made);
}

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result) << result.error();
  return std::move(*result);
}

ResourceChange value_of(const std::string& value) {
  return {.sets_value = true, .value = '"' + value + '"'};
}

std::string name_of(std::size_t thread, int turn) {
  return std::to_string(thread) + "-" + std::to_string(turn);
}

std::string plain(const ResourceVersion& version) {
  const std::string& quoted = version.value.value();
  return quoted.substr(1, quoted.size() - 2);
}

class FaultyCollections : public testing::Test {
 protected:
  void SetUp() override {
    world_ = make_world(all_faults_but({}));
    local_ = store_on(*world_.embedded);
    const auto prepared = local_->prepare_tables();
    ASSERT_TRUE(prepared) << prepared.error();
    posts_ = must(local_->create_collection("app", "u", "posts")).path;
    // Two processes, as far as the tables know.
    for (auto& store : remote_) store = store_on(*world_.remote);
  }

  VersionedCollections& remote(std::size_t thread) { return *remote_[thread % remote_.size()]; }

  ResourcePath entry() { return must(local_->create_entry(posts_, value_of("first"))).path; }

  void settle(std::uint64_t faults_least = 200) {
    world_.settle();
    EXPECT_GT(world_.proxy->counts().faults(), faults_least);
  }

  // Past all that can go wrong.
  std::vector<ResourceVersion> versions(const ResourcePath& path) {
    return must(local_->all_versions(path));
  }

  // Versions rise, revisions are 1 to n, and what is there is what was told.
  void expect_whole(const std::vector<ResourcePath>& paths, const Ledger& ledger) {
    std::map<std::string, Millis> found;
    for (const ResourcePath& path : paths) {
      std::int64_t revision = 0;
      Millis before = 0;
      for (const ResourceVersion& version : versions(path)) {
        EXPECT_EQ(version.revision, ++revision);
        EXPECT_GT(version.version, before);
        before = version.version;
        if (revision == 1) continue;
        const std::string value = plain(version);
        EXPECT_TRUE(found.emplace(value, version.version).second) << value << " is there twice";
        EXPECT_NE(ledger.told(value), Told::not_written) << value;
      }
    }
    EXPECT_FALSE(ledger.written().empty());
    for (const auto& [value, version] : ledger.written()) {
      EXPECT_TRUE(found.contains(value)) << value << " is lost";
      EXPECT_EQ(found[value], version) << value;
    }
    std::cout << ledger << '\n';
  }

  World world_;
  std::unique_ptr<VersionedCollections> local_;
  std::array<std::unique_ptr<VersionedCollections>, 2> remote_;
  ResourcePath posts_;
};

TEST_F(FaultyCollections, LoseNoVersionAndNumberThemWithoutAGap) {
  const std::vector<ResourcePath> entries{entry(), entry(), entry()};
  Ledger ledger;
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 120; ++turn) {
      const std::string value = name_of(thread, turn);
      const ResourcePath& path = entries[static_cast<std::size_t>(turn) % entries.size()];
      ledger.note(value, remote(thread).update(path, value_of(value)));
    }
  });
  settle();
  expect_whole(entries, ledger);
}

TEST_F(FaultyCollections, HaveNoConflictWithAWriterThatIsAlone) {
  std::vector<ResourcePath> entries;
  for (std::size_t i = 0; i < threads; ++i) entries.push_back(entry());
  Ledger ledger;
  on_threads(threads, [&](std::size_t thread) {
    const ResourcePath& path = entries[thread];
    // What it saw last, and what it does not know of: that may have come, or may come yet.
    std::optional<StateTag> seen;
    bool in_doubt = false;
    for (int turn = 0; turn < 120; ++turn) {
      while (!seen) {
        if (const auto newest = remote(thread).get(path)) seen = newest->tag();
      }
      const std::string value = name_of(thread, turn);
      const auto written =
          remote(thread).update(path, value_of(value), {.if_match = std::vector{*seen}});
      ledger.note(value, written);
      if (written) {
        seen = written->tag();
        continue;
      }
      EXPECT_NE(written.error().code(), ErrorCode::write_conflict) << written.error();
      if (written.error().code() == ErrorCode::precondition_failed) {
        EXPECT_TRUE(in_doubt) << written.error();
      }
      in_doubt = in_doubt || written.error().outcome_unknown();
      seen.reset();
    }
  });
  settle();
  expect_whole(entries, ledger);
}

// Whatever a write is told, its caller may repeat it until it is told that it is done.
TEST_F(FaultyCollections, DoAWriteWithAKeyOnceHoweverOftenItIsRepeated) {
  std::vector<ResourcePath> entries;
  for (std::size_t i = 0; i < threads; ++i) entries.push_back(entry());
  std::mutex mutex;
  std::set<std::string> created;
  std::atomic<int> repeats = 0;
  const auto until_done = [&](const auto& write) {
    auto written = write();
    for (; !written; written = write()) ++repeats;
    return *written;
  };
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 25; ++turn) {
      const WriteOptions once{.idempotency_key = name_of(thread, turn)};
      const ResourceChange change = value_of(name_of(thread, turn));
      const ResourceVersion updated =
          until_done([&] { return remote(thread).update(entries[thread], change, once); });
      EXPECT_EQ(updated.revision, turn + 2);
      EXPECT_EQ(updated.value, change.value);
      const ResourceVersion made =
          until_done([&] { return remote(thread).create_entry(posts_, change, once); });
      const std::lock_guard lock(mutex);
      created.insert(made.path.entry);
    }
  });
  settle(100);
  std::cout << repeats << " repeats\n";
  for (const ResourcePath& path : entries) EXPECT_EQ(versions(path).size(), 26U);
  EXPECT_EQ(created.size(), threads * 25);
  EXPECT_EQ(must(local_->list_entries(posts_)).items.size(), threads * 26);
}

TEST_F(FaultyCollections, MakeOneEntryOfANameAndOneOfEachCreate) {
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> ids;  // by name
  std::set<std::string> created;
  std::atomic<std::size_t> in_doubt = 0;
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 15; ++turn) {
      const std::string name = "name-" + std::to_string(turn);
      auto obtained = remote(thread).get_or_create_entry(posts_, ResourceChange::rename(name));
      while (!obtained) {
        obtained = remote(thread).get_or_create_entry(posts_, ResourceChange::rename(name));
      }
      const auto made = remote(thread).create_entry(posts_, value_of(name_of(thread, turn)));
      if (!made && made.error().outcome_unknown()) ++in_doubt;
      const std::lock_guard lock(mutex);
      ids[name].insert(obtained->resource.path.entry);
      if (made) created.insert(made->path.entry);
    }
  });
  settle(100);
  EXPECT_EQ(ids.size(), 15U);
  for (const auto& [name, of_name] : ids) EXPECT_EQ(of_name.size(), 1U) << name;

  const std::size_t acknowledged = created.size();
  std::size_t named = 0;
  std::size_t nameless = 0;
  for (const ResourceVersion& each : must(local_->list_entries(posts_)).items) {
    ++(each.name ? named : nameless);
    created.erase(each.path.entry);
  }
  EXPECT_EQ(named, 15U);
  EXPECT_LE(nameless, acknowledged + in_doubt);
  EXPECT_TRUE(created.empty());
  std::cout << nameless << " created, " << in_doubt << " in doubt\n";
}

TEST_F(FaultyCollections, NeverDeleteAndUpdateOneState) {
  std::vector<ResourcePath> entries;
  for (int i = 0; i < 40; ++i) entries.push_back(entry());
  std::vector<std::array<Told, 2>> told(entries.size());
  on_threads(threads, [&](std::size_t thread) {
    // Two threads for each entry, of different stores: one deletes it, one updates it.
    for (std::size_t i = thread / 2; i < entries.size(); i += threads / 2) {
      told[i][thread % 2] = thread % 2 == 0
                                ? told_of(remote(thread).remove(entries[i]))
                                : told_of(remote(thread).update(entries[i], value_of("second")));
    }
  });
  settle(50);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto all = versions(entries[i]);
    const bool deleted = all.back().is_deleted();
    const bool updated = all.size() == 2;
    if (told[i][0] != Told::unknown) {
      EXPECT_EQ(deleted, told[i][0] == Told::written);
    }
    if (told[i][1] != Told::unknown) {
      EXPECT_EQ(updated, told[i][1] == Told::written);
    }
    // Only the newest may be marked.
    EXPECT_FALSE(updated && all.front().is_deleted());
  }
}

// WriteMode::conditional: a version that was told of is there, at its number, and is nobody else's.
// Who doubles a request and passes on the second answer makes a refusal of a success. No client can
// know, since to it there was one request.
TEST(FaultyCollectionsWithoutTransactions, LoseNoVersionAndWriteNoneTwice) {
  World world =
      make_world_without_transactions(all_faults_but({support::Fault::send_twice_answer_second}));
  const auto local = store_on(*world.embedded, WriteMode::conditional);
  ASSERT_TRUE(local->prepare_tables());
  const auto posts = must(local->create_collection("app", "u", "posts")).path;
  std::vector<ResourcePath> entries;
  for (int i = 0; i < 3; ++i) {
    entries.push_back(must(local->create_entry(posts, value_of("first"))).path);
  }
  // Two processes, as far as the tables know.
  const std::array stores{store_on(*world.remote, WriteMode::conditional),
                          store_on(*world.remote, WriteMode::conditional)};
  Ledger ledger;
  on_threads(threads, [&](std::size_t thread) {
    for (int turn = 0; turn < 100; ++turn) {
      const std::string value = name_of(thread, turn);
      const auto& path = entries[static_cast<std::size_t>(turn) % entries.size()];
      const auto written = stores[thread % stores.size()]->update(path, value_of(value));
      ledger.note(value, written);
      EXPECT_TRUE(written || written.error().code() != ErrorCode::precondition_failed);
    }
  });
  world.settle();
  EXPECT_GT(world.proxy->counts().faults(), 200U);
  std::cout << ledger << '\n';

  std::map<std::string, Millis> found;
  for (const ResourcePath& path : entries) {
    Millis before = 0;
    for (const ResourceVersion& version : must(local->all_versions(path))) {
      EXPECT_GT(version.version, before);
      before = version.version;
      const std::string value = plain(version);
      if (value == "first") continue;
      EXPECT_TRUE(found.emplace(value, version.version).second) << value << " is there twice";
      EXPECT_NE(ledger.told(value), Told::not_written) << value;
    }
  }
  EXPECT_FALSE(ledger.written().empty());
  for (const auto& [value, version] : ledger.written()) {
    EXPECT_TRUE(found.contains(value)) << value << " is lost";
    EXPECT_EQ(found[value], version) << value;
  }
}

}  // namespace
}  // namespace dynakeep::faults
