#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "dynakeep/pages.h"
#include "stores/versioned_collections/collections_contract.h"

// Lists beside the plain way: look at every version there is.
namespace dynakeep {
namespace {

using contract::application;
using contract::content;
using contract::must;
using contract::names_of;
using contract::user;
using contract::value_of;

std::uint64_t seed_of_this_run() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("DYNAKEEP_SEED");
    const std::uint64_t chosen =
        given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::cout << "DYNAKEEP_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return seed;
}

// "2023-11-14T22:13:20.000Z" is 1'700'000'000'000; times here stay within its minute.
constexpr Millis start = 1'700'000'000'000;
std::string iso(Millis time) {
  std::string text = "2023-11-14T22:13:20.000Z";
  const std::string digits = std::to_string(20'000 + time - start);
  text.replace(17, 2, digits, 0, 2);
  text.replace(20, 3, digits, 2, 3);
  return text;
}

class CollectionsLists : public contract::CollectionsContract {
 protected:
  struct Row {
    Millis version = 0;
    std::string name = {};
    std::optional<Millis> deleted = {};
  };
  using Rows = std::map<std::string, std::vector<Row>>;  // by id; versions rise

  unsigned below(unsigned bound) {
    return std::uniform_int_distribution<unsigned>(0, bound - 1)(random_);
  }

  // Histories of all lengths, those about the one where reading every version ends above all.
  Rows random_rows() {
    static constexpr std::array<unsigned, 10> lengths = {1, 1, 2, 3, 19, 20, 21, 22, 41, 90};
    Rows all;
    for (unsigned i = 0, count = 1 + below(25); i < count; ++i) {
      std::vector<Row>& rows = all["e" + std::to_string(below(1000))];
      if (!rows.empty()) continue;
      Millis version = start + below(2000);
      for (unsigned n = lengths[below(lengths.size())]; n > 0; --n) {
        version += 1 + below(100);
        Row row{.version = version, .name = "n" + std::to_string(below(3))};
        if (below(4) == 0) row.deleted = version + below(50);
        rows.push_back(std::move(row));
      }
    }
    return all;
  }

  void store_rows(const ResourcePath& of, const Rows& all) {
    const std::string partition = of.user + "#" + of.collection + "#";
    std::vector<WriteRequest> writes;
    for (const auto& [id, rows] : all) {
      ResourcePath path = of;
      path.entry = id;
      for (const Row& row : rows) {
        Item item = entry_row(path, row.version, row.name);
        if (row.deleted) item["deletedAt"] = iso(*row.deleted);
        writes.push_back({.put = std::move(item)});
      }
    }
    for (const std::string key : {"e5#x", "no number", "e7#170000000000000000000"}) {
      writes.push_back({.put = Item{{"userCollection", partition}, {"entryVersion", key}}});
    }
    must(write_items(database(), entries_table(), std::move(writes)));
  }

  static bool shows(const Row& row, const ReadOptions& options) {
    const bool deleted = row.deleted && (!options.at || *row.deleted <= *options.at);
    if (deleted && options.filter == VersionFilter::latest) return false;
    return !options.name || row.name == options.name;
  }

  // What a list tells, told so that it can be compared: in the order of the keys.
  using Told = std::vector<std::pair<std::string, Millis>>;

  static Told expected(const Rows& all, const ReadOptions& options) {
    Told told;
    for (const auto& [id, rows] : all) {
      const Row* newest = nullptr;
      for (const Row& row : rows) {
        if (options.at && row.version > *options.at) continue;
        newest = &row;
        if (options.filter == VersionFilter::all && shows(row, options)) {
          told.emplace_back(id, row.version);
        }
      }
      if (options.filter != VersionFilter::all && newest != nullptr && shows(*newest, options)) {
        told.emplace_back(id, newest->version);
      }
    }
    return told;
  }

  static Told told(const std::vector<ResourceVersion>& items) {
    Told told;
    for (const ResourceVersion& each : items) told.emplace_back(each.path.entry, each.version);
    return told;
  }

  std::vector<ResourceVersion> in_pages(const ResourcePath& of, std::size_t limit,
                                        const ReadOptions& options) {
    std::vector<ResourceVersion> items;
    PageOptions page{.limit = limit};
    do {
      ResourcePage got = must(store().list_entries_page(of, page, options));
      EXPECT_LE(got.items.size(), limit);
      std::move(got.items.begin(), got.items.end(), std::back_inserter(items));
      page.cursor = got.next_cursor;
    } while (!page.cursor.empty());
    return items;
  }

  static std::vector<ResourceVersion> drained(ResourceStream& stream) {
    std::vector<ResourceVersion> items;
    for (auto piece = must(stream.next()); !piece.empty(); piece = must(stream.next())) {
      std::move(piece.begin(), piece.end(), std::back_inserter(items));
    }
    return items;
  }

  // Of each its share of 2 MB: too many to be held.
  ResourcePath large_collection(std::size_t entries) {
    const ResourcePath posts = collection();
    for (std::size_t i = 0; i < entries; ++i) {
      entry(posts, "e" + std::to_string(i), '"' + std::string(2'000'000 / entries, 'v') + '"');
      if (i % 3 == 0) tick(1);
    }
    return posts;
  }

  std::mt19937_64 random_{seed_of_this_run()};
};

TEST_P(CollectionsLists, TellWhatReadingEveryVersionTells) {
  for (int round = 0; round < 5; ++round) {
    const ResourcePath of = collection("c" + std::to_string(round));
    const Rows all = random_rows();
    store_rows(of, all);
    for (const VersionFilter filter :
         {VersionFilter::latest, VersionFilter::current, VersionFilter::all}) {
      for (const bool timed : {false, true}) {
        ReadOptions options{.filter = filter};
        if (timed) options.at = start + below(5000);
        if (below(3) == 0) options.name = "n1";
        SCOPED_TRACE(testing::Message() << "round " << round << ", filter " << int(filter)
                                        << ", at " << options.at.value_or(0));
        const Told wanted = expected(all, options);
        for (const std::size_t limit : {std::size_t{1}, std::size_t{4}, std::size_t{1000}}) {
          // Of the keys: an id may be the beginning of another, and '#' comes before its digits.
          EXPECT_EQ(told(in_pages(of, limit, options)), wanted);
        }
        Told by_version = wanted;
        std::stable_sort(by_version.begin(), by_version.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
        const auto listed = must(store().list_entries(of, options));
        EXPECT_EQ(told(listed.items), by_version);
        const auto stream = must(store().stream_entries(of, options));
        EXPECT_EQ(drained(*stream), listed.items);
      }
    }
  }
}

TEST_P(CollectionsLists, StreamsOfAnyLengthTellWhatListsTell) {
  const ResourcePath posts = large_collection(250);
  const auto stream = must(store().stream_entries(posts));
  const auto again = must(store().stream_entries(posts));
  EXPECT_EQ(stream->fingerprint(), again->fingerprint());

  const auto listed = must(store().list_entries(posts)).items;
  ASSERT_EQ(listed.size(), 250U);
  std::vector<ResourceVersion> streamed;
  std::size_t pieces = 0;
  for (auto piece = must(stream->next()); !piece.empty(); piece = must(stream->next())) {
    ++pieces;
    EXPECT_LE(piece.size(), 50U);
    std::move(piece.begin(), piece.end(), std::back_inserter(streamed));
  }
  EXPECT_EQ(streamed, listed);
  EXPECT_GT(pieces, 5U);
}

TEST_P(CollectionsLists, AStreamShowsWhatWasThereWhenItWasMade) {
  const ResourcePath posts = large_collection(20);
  const auto before = must(store().list_entries(posts)).items;
  const auto stream = must(store().stream_entries(posts));
  tick();
  must(store().update(before[0].path, value_of("1")));
  must(store().remove(before[1].path));
  must(store().remove(before[2].path));
  must(store().purge(before[2].path, {.all = true}));
  entry(posts, "new");

  auto wanted = before;
  wanted.erase(wanted.begin() + 2);
  EXPECT_EQ(drained(*stream), wanted);
  EXPECT_NE(must(store().stream_entries(posts))->fingerprint(), stream->fingerprint());
}

TEST_P(CollectionsLists, CollectionsAreStreamedAsTheyAreListed) {
  for (const std::string name : {"a", "b", "c"}) collection(name);
  must(store().create_collection(application, "user-2", "d"));
  for (const std::optional<std::string_view> of :
       {std::optional<std::string_view>(user), std::optional<std::string_view>()}) {
    const auto stream = must(store().stream_collections(application, of));
    const auto listed = must(store().list_collections(application, of)).items;
    EXPECT_EQ(listed.size(), of ? 3U : 4U);
    EXPECT_EQ(drained(*stream), listed);
  }
}

ON_EVERY_COLLECTIONS_KIND(CollectionsLists);

}  // namespace
}  // namespace dynakeep
