#include "services/versioned_collections/collections_service.h"

// Collections over HTTP: R1 to R6 of the specification, in dynamodb-mini's form.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

class CollectionsOverHttp : public contract::CollectionsService {};

const std::string of_user = "/api/user/user-1/collection";
const std::string unknown = of_user + "/2a1d6012-8eaf-4bbc-9886-6b29b80d4915";
const char* const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

std::string id_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

TEST_P(CollectionsOverHttp, AreCreatedWithAnIdThatOnlyHeadersTell) {
  const HttpAnswer created = post(of_user, R"({"name":"posts"})");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.body, "");
  EXPECT_EQ(created.header("content-type"), "");
  EXPECT_EQ(created.header("content-length"), "0");
  const std::string location = created.header("location");
  EXPECT_THAT(location, StartsWith(of_user + "/"));
  EXPECT_THAT(id_of(location), MatchesRegex(uuid));
  EXPECT_EQ(created.header("x-version"), std::to_string(now()));
  EXPECT_EQ(created.header("x-revision"), "1");
  EXPECT_EQ(created.header("etag"), "\"" + std::to_string(now()) + "\"");
}

TEST_P(CollectionsOverHttp, AreShownToTheByteAsDynamodbMiniShowsThem) {
  const std::string location = collection("posts #1 \"Жук\"");
  const std::string shown = R"([{"meta":{"application":"test-app","user":"user-1","collection":")" +
                            id_of(location) + R"(","version":)" + std::to_string(now()) +
                            R"(},"name":"posts #1 \"Жук\""}])";
  EXPECT_EQ(get(location).body, shown);
  EXPECT_EQ(get(of_user).body, shown);
  EXPECT_EQ(get("/api/collection?filter=latest").body, shown);
  EXPECT_EQ(get(location).header("content-type"), "application/json; charset=utf-8");
}

TEST_P(CollectionsOverHttp, AreShownAtOnceIfTheClientPrefers) {
  const HttpAnswer created =
      post(of_user, R"({"name":"posts"})", {{"Prefer", "return=representation"}});
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.header("preference-applied"), "return=representation");
  const JsonDocument shown = json_of(created);
  EXPECT_EQ(text_at(shown, {"name"}), "posts");
  EXPECT_EQ(text_at(shown, {"meta", "collection"}), id_of(created.header("location")));
}

TEST_P(CollectionsOverHttp, NeedANameThatIsAText) {
  const std::string location = collection();
  for (const char* const body : {"{}", R"({"name":5})", R"({"name":null})", R"({"name":""})",
                                 R"({"name":["n"]})", R"({"name":{"a":"n"}})", "[]", "[1]", ""}) {
    for (const HttpAnswer& answer : {post(of_user, body), put(location, body)}) {
      EXPECT_EQ(answer.status, 400) << body;
      EXPECT_EQ(answer.body, "Error: Collection name required") << body;
      EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
    }
  }
  EXPECT_EQ(post(of_user, R"({"name":"n"})", {{"Content-Type", "text/plain"}}).status, 400);
  EXPECT_THAT(names_of(get("/api/collection?filter=all")), ElementsAre("posts"));
}

TEST_P(CollectionsOverHttp, OfOneNameMayBeMany) {
  EXPECT_NE(collection("posts"), collection("posts"));
  EXPECT_THAT(names_of(get(of_user)), ElementsAre("posts", "posts"));
}

TEST_P(CollectionsOverHttp, IgnoreWhatElseTheirBodySays) {
  const std::string location = collection();
  EXPECT_EQ(
      post(of_user, R"({"name":"n","deletedAt":"2019-06-26T16:38:43.123Z","meta":{"version":1}})")
          .status,
      201);
  EXPECT_EQ(put(location, R"({"name":"m","deletedAt":"now","value":{}})").status, 200);
  EXPECT_THAT(names_of(get(of_user)), ElementsAre("n", "m"));
}

TEST_P(CollectionsOverHttp, AreListedInTheOrderOfTheirVersions) {
  const std::string first = collection("first");
  collection("second");
  collection("third", "user-2");
  EXPECT_THAT(names_of(get("/api/collection")), ElementsAre("first", "second", "third"));
  put(first, R"({"name":"renamed"})");
  EXPECT_THAT(names_of(get("/api/collection")), ElementsAre("second", "third", "renamed"));
  EXPECT_THAT(names_of(get(of_user)), ElementsAre("second", "renamed"));
  EXPECT_THAT(names_of(get(of_user + "?filter=all")), ElementsAre("first", "second", "renamed"));
  EXPECT_EQ(get("/api/user/nobody/collection").body, "[]");
  EXPECT_EQ(get("/api/user/nobody/collection").status, 200);
}

TEST_P(CollectionsOverHttp, OfOtherApplicationsAreNotThere) {
  const std::string location = collection();
  const Headers other{{"x-api-key", "other-key"}};
  EXPECT_EQ(get("/api/collection", other).body, "[]");
  EXPECT_EQ(get(of_user, other).body, "[]");
  EXPECT_EQ(get(location, other).status, 404);
  EXPECT_EQ(get(location + "?filter=all", other).status, 404);
  EXPECT_EQ(put(location, R"({"name":"mine"})", other).status, 404);
  EXPECT_EQ(remove(location, other).status, 404);
  EXPECT_THAT(names_of(get(of_user, {{"x-api-key", "second-key"}})), ElementsAre("posts"));
}

TEST_P(CollectionsOverHttp, AreRenamedByANewVersion) {
  const std::string location = collection("old");
  entry(location, R"({"name":"kept"})");
  const HttpAnswer renamed = put(location, R"({"name":"new"})");
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(renamed.body, "");
  EXPECT_EQ(renamed.header("x-revision"), "2");
  EXPECT_EQ(renamed.header("location"), "");
  EXPECT_THAT(names_of(get(location)), ElementsAre("new"));
  EXPECT_THAT(names_of(get(location + "?filter=all")), ElementsAre("old", "new"));
  EXPECT_THAT(names_of(get(location + "/entry")), ElementsAre("kept"));
}

TEST_P(CollectionsOverHttp, AreMarkedAsDeletedAndStay) {
  const std::string location = collection();
  const std::string version = get(location).header("x-version");
  const HttpAnswer removed = remove(location);
  EXPECT_EQ(removed.status, 200);
  EXPECT_EQ(removed.body, "");
  EXPECT_EQ(removed.header("etag"), "\"" + version + ".d\"");
  EXPECT_EQ(get(location).status, 404);
  EXPECT_EQ(get(location).body, "");
  EXPECT_EQ(get(of_user).body, "[]");

  const HttpAnswer current = get(location + "?filter=current");
  EXPECT_EQ(current.status, 200);
  EXPECT_EQ(current.header("etag"), "\"" + version + ".d\"");
  const JsonDocument shown = json_of(current);
  ASSERT_EQ(shown.elements().size(), 1U);
  EXPECT_EQ(text_at(shown.elements()[0], {"meta", "version"}), version);
  EXPECT_THAT(text_at(shown.elements()[0], {"meta", "deletedAt"}),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(get(of_user + "?filter=current").body, current.body);
  EXPECT_EQ(json_of(get(location + "?filter=all")).elements().size(), 1U);
}

TEST_P(CollectionsOverHttp, ThatAreDeletedOrUnknownCannotBeChanged) {
  const std::string deleted = collection();
  remove(deleted);
  for (const std::string& path : {deleted, unknown}) {
    for (const HttpAnswer& answer : {put(path, R"({"name":"n"})"), remove(path), get(path)}) {
      EXPECT_EQ(answer.status, 404) << path;
      EXPECT_EQ(answer.body, "");
    }
  }
  EXPECT_EQ(get(unknown + "?filter=current").status, 404);
  EXPECT_EQ(get(unknown + "?filter=all").status, 404);
  EXPECT_EQ(json_of(get(deleted + "?filter=all")).elements().size(), 1U);
}

TEST_P(CollectionsOverHttp, AreFilteredByLatestIfTheFilterIsNone) {
  const std::string live = collection("live");
  put(live, R"({"name":"renamed"})");
  remove(collection("deleted"));
  for (const char* const query :
       {"", "?filter=bogus", "?filter=ALL", "?filter=", "?filter", "?filter=all&filter=all",
        "?filter[]=all", "?filter%5B%5D=all", "?Filter=all", "?filter=all%20"}) {
    EXPECT_THAT(names_of(get("/api/collection" + std::string(query))), ElementsAre("renamed"))
        << query;
    EXPECT_THAT(names_of(get(live + query)), ElementsAre("renamed")) << query;
  }
  EXPECT_THAT(names_of(get("/api/collection?filter=current")), ElementsAre("renamed", "deleted"));
  EXPECT_THAT(names_of(get("/api/collection?filter=all")),
              ElementsAre("live", "renamed", "deleted"));
}

TEST_P(CollectionsOverHttp, AreTheUsersWhoseNamesHaveTheirSlug) {
  struct Name {
    const char* text;
    const char* encoded;
    const char* slug;
  };
  for (const Name& name : {
           Name{"a b", "a%20b", "a-b"},
           Name{"é&ß€Ж%$|<>…•", "%C3%A9%26%C3%9F%E2%82%AC%D0%96%25%24%7C%3C%3E%E2%80%A6%E2%80%A2",
                "eandsseuroZhpercentdollarorlessgreater...*"},
           Name{"john@x.com", "john@x.com", "john@x.com"},
       }) {
    const std::string location = collection("n", name.encoded);
    const JsonDocument shown = json_of(get(location));
    ASSERT_EQ(shown.elements().size(), 1U) << name.text;
    EXPECT_EQ(text_at(shown.elements()[0], {"meta", "user"}), name.slug);
    for (const std::string& user : {std::string(name.encoded), std::string(name.slug)}) {
      EXPECT_THAT(names_of(get("/api/user/" + user + "/collection")), ElementsAre("n")) << user;
    }
  }
  // The original client inserts names as they are.
  EXPECT_THAT(names_of(get("/api/user/\xC3\xA9&\xC3\x9F\xE2\x82\xAC\xD0\x96%25$|<>"
                           "\xE2\x80\xA6\xE2\x80\xA2/collection")),
              ElementsAre("n"));
}

TEST_P(CollectionsOverHttp, AreNoUsersWithoutASlugOrWithALongOne) {
  for (const std::string& user : {std::string("%E4%B8%AD%E6%96%87"), std::string("%23"),
                                  std::string("%20"), std::string(1100, 'u')}) {
    for (const HttpAnswer& answer : {get("/api/user/" + user + "/collection"),
                                     post("/api/user/" + user + "/collection", R"({"name":"n"})"),
                                     get("/api/user/" + user + "/collection/c"),
                                     get("/api/user/" + user + "/collection/c/entry"),
                                     remove("/api/user/" + user + "/collection/c/entry/e")}) {
      EXPECT_EQ(answer.status, 400) << user;
      EXPECT_EQ(answer.body, "Error: Invalid user") << user;
    }
  }
  EXPECT_EQ(get("/api/user/" + std::string(973, 'u') + "/collection").status, 200);
  EXPECT_EQ(get("/api/collection?filter=all").body, "[]");
}

TEST_P(CollectionsOverHttp, OfUsersThatLookAlikeDoNotMix) {
  collection("of pre", "pre");
  collection("of pre-fix", "pre-fix");
  collection("of Ab", "Ab");
  collection("of ab", "ab");
  for (const char* const user : {"pre", "pre-fix", "Ab", "ab"}) {
    EXPECT_THAT(names_of(get("/api/user/" + std::string(user) + "/collection")),
                ElementsAre("of " + std::string(user)));
  }
}

TEST_P(CollectionsOverHttp, TakeNoUserByItsSlugIfNamesAreStrict) {
  serve_store({.name_policy = NamePolicy::strict});
  EXPECT_EQ(get("/api/user/a%2Fb/collection").status, 400);
  EXPECT_EQ(get("/api/user/a%2Fb/collection").body, "Error: Invalid user");
  EXPECT_EQ(post("/api/user/a-b/collection", R"({"name":"n"})").status, 201);
}

TEST_P(CollectionsOverHttp, AreFoundByTheirName) {
  collection("posts");
  collection("drafts");
  remove(collection("posts"));
  EXPECT_THAT(names_of(get(of_user + "?name=posts")), ElementsAre("posts"));
  EXPECT_THAT(names_of(get(of_user + "?name=posts&filter=current")), ElementsAre("posts", "posts"));
  EXPECT_THAT(names_of(get(of_user + "?name=Posts")), IsEmpty());
}

TEST_P(CollectionsOverHttp, AreCreatedOnlyIfAbsentWhereThatIsAsked) {
  const HttpAnswer created = post(of_user + "?ifAbsent=true", R"({"name":"posts"})");
  EXPECT_EQ(created.status, 201);
  const HttpAnswer again = post(of_user + "?ifAbsent=true", R"({"name":"posts"})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.header("location"), created.header("location"));
  EXPECT_EQ(again.header("etag"), created.header("etag"));
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(post(of_user + "?ifAbsent=false", R"({"name":"posts"})").status, 201);
  EXPECT_EQ(post(of_user + "?ifAbsent=true", R"({"name":""})").status, 400);
  EXPECT_EQ(json_of(get(of_user)).elements().size(), 2U);
}

ON_EVERY_SERVICE_KIND(CollectionsOverHttp);

}  // namespace
}  // namespace dynakeep
