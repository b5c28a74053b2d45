#include <algorithm>
#include <mutex>
#include <set>

#include "dynakeep/log.h"
#include "stores/versioned_collections/collections_contract.h"

// What is in the tables, and reading and writing it.
namespace dynakeep {
namespace {

using contract::application;
using contract::content;
using contract::must;
using contract::names_of;
using contract::refused;
using contract::user;
using contract::value_of;
using testing::ElementsAre;

class CollectionsData : public contract::CollectionsContract {};

TEST_P(CollectionsData, VersionsAreStoredAsDynamodbMiniStoresThem) {
  const ResourcePath posts = collection();
  const Millis created = now();
  const ResourcePath post = entry(posts, "post", R"({"b":1,"a":[2.50]})");
  tick();
  must(store().update(post, value_of(R"({"b":2})")));
  const Millis updated = now();
  tick();
  must(store().remove(post));

  const std::string partition = user + "#" + posts.collection + "#";
  Item first{{"userCollection", partition},
             {"entryVersion", post.entry + "#" + std::to_string(created)},
             {"name", "post"},
             {"value", R"({"b":1,"a":[2.50]})"},
             {"rev", 1}};
  Item second{{"userCollection", partition},
              {"entryVersion", post.entry + "#" + std::to_string(updated)},
              {"name", "post"},
              {"value", R"({"b":2})"},
              {"rev", 2},
              {"deletedAt", "2023-11-14T22:13:22.000Z"}};
  std::vector<Item> versions;
  for (Item& row : rows(entries_table())) {
    if (row.at("userCollection").as_string() == partition) versions.push_back(std::move(row));
  }
  EXPECT_THAT(versions, ElementsAre(first, second));
  EXPECT_THAT(rows(collections_table()),
              ElementsAre(Item{{"application", application},
                               {"userCollectionVersion", partition + std::to_string(created)},
                               {"name", "posts"},
                               {"rev", 1}}));
}

TEST_P(CollectionsData, RowsOfDynamodbMiniAreReadUpdatedAndDeleted) {
  const ResourcePath posts = collection();
  ResourcePath post = posts;
  post.entry = "01ea4da3-e618-4f5b-9171-3c4907d850b6";
  Item row = entry_row(post, now(), "theirs");
  row["extra"] = "kept";
  put_row(entries_table(), row);

  EXPECT_EQ(must(store().get(post)).value, R"({"n": 1})");
  const auto updated = must(store().update(post, ResourceChange::rename("ours")));
  EXPECT_EQ(updated.version, now() + 1);
  EXPECT_EQ(updated.revision, 2);
  EXPECT_EQ(updated.value, R"({"n": 1})");

  ResourcePath other = posts;
  other.entry = "b0000000-e618-4f5b-9171-3c4907d850b6";
  row = entry_row(other, now(), "other");
  row["extra"] = "kept";
  put_row(entries_table(), row);
  EXPECT_TRUE(must(store().remove(other)).is_deleted());
  for (const Item& each : rows(entries_table())) {
    if (each.contains("deletedAt")) {
      EXPECT_EQ(each.at("extra"), AttributeValue("kept"));
    }
  }
}

TEST_P(CollectionsData, AnUpdateIsTheNewestAlsoIfTheOneBeforeIsOfTheFuture) {
  ResourcePath post = collection();
  post.entry = "e-1";
  put_row(entries_table(), entry_row(post, now() + 3'600'000, "future"));
  const auto updated = must(store().update(post, ResourceChange::rename("now")));
  EXPECT_EQ(updated.version, now() + 3'600'001);
  EXPECT_EQ(must(store().get(post)).name, "now");
}

TEST_P(CollectionsData, RowsThatAreNoVersionsDoNotSpoilAList) {
  const ResourcePath posts = collection();
  const ResourcePath good = entry(posts, "good");
  const std::string partition = user + "#" + posts.collection + "#";
  put_row(entries_table(), Item{{"userCollection", partition}, {"entryVersion", "no number"}});
  put_row(entries_table(), Item{{"userCollection", partition}, {"entryVersion", "x#12ab"}});
  ResourcePath broken = posts;
  broken.entry = "broken";
  Item row = entry_row(broken, now() + 1, "broken");
  row["value"] = "{not JSON";
  put_row(entries_table(), row);

  std::mutex mutex;
  std::multiset<std::string> warnings;
  set_log_sink(
      [&](const LogLine& line) {
        if (line.message.find("is no version") == std::string_view::npos &&
            line.message.find("is not JSON") == std::string_view::npos) {
          return;
        }
        std::string text;
        for (const LogField& field : line.fields) text += "|" + field.value;
        const std::lock_guard lock(mutex);
        warnings.insert(text);
      },
      LogLevel::warning);
  const auto listed = must(store().list_entries(posts)).items;
  set_log_sink({});
  EXPECT_THAT(names_of(listed), ElementsAre("good", "broken"));
  EXPECT_EQ(listed[1].value, std::nullopt);
  const std::string where = "|" + entries_table() + "|" + partition + "|";
  EXPECT_EQ(warnings, (std::multiset<std::string>{where + "no number", where + "x#12ab",
                                                  where + "broken#" + std::to_string(now() + 1)}));
}

TEST_P(CollectionsData, ResultsPastAPageAreComplete) {
  const ResourcePath posts = collection();
  const ResourcePath post = entry(posts, "small");
  const ResourcePath other = entry(posts, "other");
  for (int i = 0; i < 15; ++i) {
    tick();
    must(store().update(post,
                        value_of("\"" + std::string(95'000, 'a' + static_cast<char>(i)) + "\"")));
  }
  EXPECT_EQ(must(store().get(post)).value->at(1), 'o');
  EXPECT_EQ(must(store().all_versions(post)).size(), 16u);
  EXPECT_EQ(all(post).size(), 16u);
  EXPECT_EQ(must(store().list_entries(posts)).items.size(), 2u);

  const auto small = another({.list_bytes_max = 1'000'000});
  refused(small->list_entries(posts), ErrorCode::limit_exceeded);
  refused(small->all_versions(post), ErrorCode::limit_exceeded);
  EXPECT_EQ(must(small->get(other)).name, "other");
}

TEST_P(CollectionsData, AHeadThatIsGoneIsMadeAgain) {
  const ResourcePath post = entry(collection());
  must(store().update(post, ResourceChange::rename("two")));
  Key head = head_of(post).value();
  must(database().delete_item({.table_name = entries_table(),
                               .key = Key{{"userCollection", head.at("userCollection")},
                                          {"entryVersion", head.at("entryVersion")}}}));
  EXPECT_EQ(must(store().update(post, ResourceChange::rename("three"))).revision, 3);
}

TEST_P(CollectionsData, TablesOfOtherKeysAreRefused) {
  must(database().delete_table({.table_name = entries_table()}));
  contract::wait_until(
      [&] { return !database().describe_table({.table_name = entries_table()}).has_value(); });
  EXPECT_FALSE(must(store().tables_are_ready()));
  refused(store().prepare_tables(false), ErrorCode::resource_not_found);
  CreateTableRequest wrong = store().entries_table_definition();
  wrong.key_schema->pop_back();
  wrong.attribute_definitions->pop_back();
  must(database().create_table(wrong));
  const Error error = refused(store().prepare_tables(), ErrorCode::invalid_argument);
  EXPECT_THAT(error.message(), testing::HasSubstr("entryVersion (sort, string)"));
}

// ---- reading and writing ----

TEST_P(CollectionsData, ACollectionLivesIsRenamedAndDeleted) {
  const ResourcePath posts = collection();
  const ResourcePath drafts = collection("drafts");
  tick();
  const auto renamed = must(store().update(posts, ResourceChange::rename("renamed")));
  EXPECT_EQ(renamed.revision, 2);
  EXPECT_THAT(names_of(must(store().list_collections(application, user)).items),
              ElementsAre("drafts", "renamed"));
  tick();
  must(store().remove(posts));
  const Error again = refused(store().remove(posts), ErrorCode::not_found);
  EXPECT_EQ(met_state(again), (StateTag{renamed.version, true}));
  refused(store().update(posts, ResourceChange::rename("x")), ErrorCode::not_found);
  refused(store().get(posts), ErrorCode::not_found);
  EXPECT_TRUE(must(store().get(posts, {.filter = VersionFilter::current})).is_deleted());
  EXPECT_THAT(names_of(must(store().list_collections(application, std::nullopt)).items),
              ElementsAre("drafts"));
  EXPECT_EQ(must(store().list_collections(application, user, {.filter = VersionFilter::current}))
                .items.size(),
            2u);
  EXPECT_EQ(must(store().list_collections(application, user, {.filter = VersionFilter::all}))
                .items.size(),
            3u);
  EXPECT_TRUE(must(store().list_collections("other-app", std::nullopt)).items.empty());
  EXPECT_TRUE(must(store().list_collections(application, "user")).items.empty());
  EXPECT_EQ(must(store().find_collection(application, user, "drafts")).path, drafts);
  refused(store().find_collection(application, user, "renamed"), ErrorCode::not_found);
}

TEST_P(CollectionsData, AnUpdateKeepsWhatItDoesNotName) {
  const ResourcePath post = entry(collection(), "post", R"({"a":1})");
  EXPECT_EQ(must(store().update(post, ResourceChange::rename("new"))).value, R"({"a":1})");
  EXPECT_EQ(must(store().update(post, value_of("[2]"))).name, "new");
  EXPECT_EQ(must(store().update(post, {.sets_value = true})).value, std::nullopt);
  refused(store().update(post, {.sets_name = true}), ErrorCode::invalid_argument);
  EXPECT_EQ(must(store().merge_patch(post, R"({"a":{"b":1.50},"c":null})")).value,
            R"({"a":{"b":1.50}})");
  EXPECT_EQ(must(store().get(post)).name, "new");
}

TEST_P(CollectionsData, WhatCannotBeIsRefusedAndNothingIsStored) {
  const ResourcePath posts = collection();
  const auto before = rows(entries_table());
  refused(store().create_entry(posts, {}), ErrorCode::invalid_argument);
  refused(store().create_entry(posts, value_of("{bad")), ErrorCode::invalid_argument);
  refused(store().create_entry(posts, content(std::string(410'000, 'x'), "1")),
          ErrorCode::invalid_argument);
  refused(store().create_entry(posts, ResourceChange::rename("\xff")), ErrorCode::invalid_argument);
  refused(store().create_entry(posts, ResourceChange::rename("n"), {.by = std::string(257, 'b')}),
          ErrorCode::invalid_argument);
  refused(store().create_collection(application, user, ""), ErrorCode::invalid_argument);
  refused(store().create_collection(application, "", "n"), ErrorCode::invalid_argument);
  refused(store().create_collection(application, "中文", "n"), ErrorCode::invalid_argument);
  refused(store().create_collection(application, "a/b", "n"), ErrorCode::invalid_argument);
  refused(store().create_collection(application, std::string(974, 'u'), "n"),
          ErrorCode::invalid_argument);
  refused(store().create_collection("", user, "n"), ErrorCode::invalid_argument);
  refused(store().list_entries_page(posts, {.limit = 0}), ErrorCode::invalid_argument);
  refused(store().list_entries_page(posts, {.cursor = "?"}), ErrorCode::invalid_argument);
  ResourcePath nobody = posts;
  nobody.entry = std::string(2000, 'e');
  refused(store().get(nobody), ErrorCode::not_found);
  nobody.entry = "#";
  refused(store().get(nobody), ErrorCode::not_found);
  EXPECT_EQ(rows(entries_table()), before);
}

TEST_P(CollectionsData, UsersAreTheirSlugsWhereThatIsThePolicy) {
  const auto loose = another({.name_policy = NamePolicy::slug});
  const auto made = must(loose->create_collection(application, "Jürgen & Söhne", "n"));
  EXPECT_EQ(made.path.user, "Jurgen-and-Sohne");
  EXPECT_EQ(must(loose->list_collections(application, "Jurgen-and-Sohne")).items.size(), 1u);
  const auto empty = another({.name_policy = NamePolicy::slug, .allow_empty_slug = true});
  const auto nameless = must(empty->create_collection(application, "中文", "n"));
  EXPECT_EQ(nameless.path.user, "");
  EXPECT_EQ(must(empty->list_collections(application, " ")).items.size(), 1u);
}

TEST_P(CollectionsData, EntriesAreOfOneApplicationAlone) {
  ResourcePath posts = collection();
  ResourcePath post = entry(posts);
  posts.application = post.application = "other-app";
  refused(store().get(post), ErrorCode::not_found);
  refused(store().list_entries(posts), ErrorCode::not_found);
  refused(store().create_entry(posts, ResourceChange::rename("n")), ErrorCode::not_found);
  refused(store().update(post, ResourceChange::rename("n")), ErrorCode::not_found);
  refused(store().remove(post), ErrorCode::not_found);
  refused(store().history(post), ErrorCode::not_found);
  refused(store().restore(post, VersionReference::first()), ErrorCode::not_found);
  refused(store().purge(post, {.keep_last = 1}), ErrorCode::not_found);
  refused(store().changes_since(posts, 0), ErrorCode::not_found);
  refused(store().write_entries(posts, {{.change = ResourceChange::rename("n")}}, false),
          ErrorCode::not_found);
  const auto open = another({.isolated = false});
  EXPECT_EQ(must(open->get(post)).name, "post");
}

TEST_P(CollectionsData, EntriesOfADeletedCollectionAreFrozenWhereAskedFor) {
  const ResourcePath posts = collection();
  const ResourcePath post = entry(posts);
  must(store().remove(posts));
  must(store().update(post, ResourceChange::rename("still")));
  const auto frozen = another({.freeze_deleted = true});
  refused(frozen->update(post, ResourceChange::rename("no")), ErrorCode::not_found);
  refused(frozen->create_entry(posts, ResourceChange::rename("no")), ErrorCode::not_found);
  EXPECT_EQ(must(frozen->get(post)).name, "still");
}

TEST_P(CollectionsData, PagesHoldEachResourceOnce) {
  const ResourcePath posts = collection();
  std::set<std::string> made;
  for (int i = 0; i < 25; ++i) made.insert(entry(posts, "e" + std::to_string(i)).entry);
  tick();
  for (const std::string& id : made) {
    ResourcePath path = posts;
    path.entry = id;
    must(store().update(path, value_of("2")));
  }
  for (const std::size_t limit : {1, 7, 25, 1000}) {
    for (const VersionFilter filter : {VersionFilter::latest, VersionFilter::all}) {
      std::vector<std::string> seen;
      PageOptions page{.limit = limit};
      do {
        auto got = must(store().list_entries_page(posts, page, {.filter = filter}));
        EXPECT_LE(got.items.size(), limit);
        for (const auto& each : got.items) seen.push_back(each.path.entry);
        page.cursor = got.next_cursor;
      } while (!page.cursor.empty());
      EXPECT_EQ(seen.size(), filter == VersionFilter::all ? 50u : 25u);
      EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
      EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), made);
    }
  }
  for (int i = 0; i < 5; ++i) collection("c" + std::to_string(i));
  std::size_t found = 0;
  PageOptions page{.limit = 2};
  do {
    auto got = must(store().list_collections_page(application, std::nullopt, page));
    found += got.items.size();
    page.cursor = got.next_cursor;
  } while (!page.cursor.empty());
  EXPECT_EQ(found, 6u);
}

ON_EVERY_COLLECTIONS_KIND(CollectionsData);

}  // namespace
}  // namespace dynakeep
