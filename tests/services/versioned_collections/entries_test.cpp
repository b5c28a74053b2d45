#include "services/versioned_collections/collections_service.h"

// Entries over HTTP: R7 to R11 of the specification, in dynamodb-mini's form, and the merge patch.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class EntriesOverHttp : public contract::CollectionsService {
 protected:
  // The one in the answer's array.
  JsonDocument only(const HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    JsonDocument array = json_of(answer);
    EXPECT_EQ(array.elements().size(), 1U);
    return array.elements().empty() ? JsonDocument() : array.elements()[0];
  }
  void expect_400(const HttpAnswer& answer, const std::string& message, std::string_view body) {
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.body, "Error: " + message) << body;
    EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
  }
};

const std::string id = "2a1d6012-8eaf-4bbc-9886-6b29b80d4915";

std::string id_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

TEST_P(EntriesOverHttp, AreShownToTheByteAsDynamodbMiniShowsThem) {
  const std::string posts = collection();
  const HttpAnswer created =
      post(posts + "/entry", R"({"name": "post-1", "value": {"body": "om my gosh", "index": 9}})");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(created.body, "");
  EXPECT_EQ(created.header("x-revision"), "1");
  const std::string location = created.header("location");
  EXPECT_THAT(location, StartsWith(posts + "/entry/"));
  const std::string shown = R"([{"meta":{"user":"user-1","collection":")" + id_of(posts) +
                            R"(","entry":")" + id_of(location) + R"(","version":)" +
                            std::to_string(now()) +
                            R"(},"name":"post-1","value":{"body":"om my gosh","index":9}}])";
  EXPECT_EQ(get(location).body, shown);
  EXPECT_EQ(get(posts + "/entry").body, shown);
  EXPECT_EQ(get(posts + "/entry?filter=all").body, shown);
}

TEST_P(EntriesOverHttp, AreShownAtOnceIfTheClientPrefers) {
  const HttpAnswer created = post(collection() + "/entry", R"({"value":{"a":1.50}})",
                                  {{"Prefer", "respond-async, return=representation"}});
  EXPECT_EQ(created.status, 201);
  EXPECT_THAT(created.body, HasSubstr(R"("value":{"a":1.50}})"));
}

TEST_P(EntriesOverHttp, NeedANameOrAValue) {
  const std::string entries = collection() + "/entry";
  for (const char* const body :
       {"{}", R"({"name":""})", R"({"name":5})", R"({"value":{}})", R"({"value":[]})",
        R"({"value":5})", R"({"value":true})", R"({"value":null})", R"({"value":""})",
        R"({"name":null,"value":false})", R"({"name":[],"value":0})", "[1]", "[]", ""}) {
    expect_400(post(entries, body), "Entry name or value required", body);
    expect_400(put(entries + "/" + id, body), "Entry name or value required", body);
  }
  EXPECT_EQ(get(entries + "?filter=all").body, "[]");
}

TEST_P(EntriesOverHttp, HaveNoTextForAValue) {
  const std::string entries = collection() + "/entry";
  for (const char* const body :
       {R"({"name":"n","value":"s"})", R"({"value":"s"})", R"({"name":5,"value":"s"})"}) {
    expect_400(post(entries, body), "Invalid entry payload", body);
    expect_400(put(entries + "/" + id, body), "Invalid entry payload", body);
  }
}

TEST_P(EntriesOverHttp, HaveATextForAName) {
  const std::string entries = collection() + "/entry";
  for (const char* const body :
       {R"({"name":5,"value":{"a":1}})", R"({"name":{"a":1},"value":{"a":1}})", R"({"name":["n"]})",
        R"({"name":true,"value":{"a":1}})", R"({"name":{},"value":{"a":1}})"}) {
    expect_400(post(entries, body), "Invalid entry name", body);
    expect_400(put(entries + "/" + id, body), "Invalid entry name", body);
  }
  EXPECT_EQ(get(entries + "?filter=all").body, "[]");
}

TEST_P(EntriesOverHttp, KeepWhateverValueTheyAreGiven) {
  const std::string entries = collection() + "/entry";
  for (const char* const value :
       {"[]", "{}", "5", "0", "true", "false", "[[],{},null]", R"({"":1})", "12345678901234567890",
        "1.50", "-1e-7", R"({"b":1,"a":2,"1":3})", R"(["é😀\u0000\"\\\u001f"])",
        R"({"deep":{"er":[{"a":null}]}})"}) {
    const std::string body = R"({"name":"n","value":)" + std::string(value) + "}";
    const HttpAnswer shown = get(entry(entries.substr(0, entries.rfind('/')), body));
    EXPECT_THAT(shown.body,
                testing::EndsWith(R"(,"name":"n","value":)" + std::string(value) + "}]"));
  }
}

TEST_P(EntriesOverHttp, LeaveOutWhatTheyDoNotHave) {
  const std::string posts = collection();
  EXPECT_THAT(get(entry(posts, R"({"name":"n"})")).body, testing::EndsWith(R"(},"name":"n"}])"));
  EXPECT_THAT(get(entry(posts, R"({"value":{"a":1}})")).body,
              testing::EndsWith(R"(},"value":{"a":1}}])"));
  for (const char* const body : {R"({"name":"n","value":null})", R"({"name":"n","value":""})"}) {
    EXPECT_THAT(get(entry(posts, body)).body, testing::EndsWith(R"(},"name":"n"}])")) << body;
  }
  EXPECT_THAT(get(entry(posts, R"({"name":"","value":[1]})")).body,
              testing::EndsWith(R"(},"value":[1]}])"));
}

TEST_P(EntriesOverHttp, ReadMembersAsJavaScriptDoes) {
  const std::string posts = collection();
  // Of two of one name the last; lone surrogates escaped; no white space between.
  EXPECT_THAT(get(entry(posts, "{\"name\":\"n\",\"value\":{\"a\":1,\"b\":2,\"a\" : 3}}")).body,
              HasSubstr(R"("value":{"a":3,"b":2})"));
  EXPECT_THAT(get(entry(posts, R"({"name":"n","value":["\ud800","\u00e9 \/"]})")).body,
              HasSubstr(R"("value":["\ud800","é /"])"));
}

TEST_P(EntriesOverHttp, HaveNoHalfOfACharacterInTheirName) {
  const std::string posts = collection();
  EXPECT_EQ(post(posts + "/entry", R"({"name":"\ud800"})").status, 400);
  EXPECT_EQ(post("/api/user/user-1/collection", R"({"name":"\ud800"})").status, 400);
  EXPECT_THAT(get(entry(posts, R"({"name":"\ud83d\ude00 \u0000"})")).body,
              HasSubstr("\"name\":\"\xF0\x9F\x98\x80 \\u0000\""));
}

TEST_P(EntriesOverHttp, OfAnIdThatNoneCanHaveAreNotThere) {
  const std::string entries = collection() + "/entry/";
  for (const std::string& odd : {std::string("%20"), std::string("%E4%B8%AD"),
                                 std::string(1100, 'e'), std::string("a%00b")}) {
    EXPECT_EQ(get(entries + odd).status, 404) << odd;
    EXPECT_EQ(put(entries + odd, R"({"name":"n"})").status, 404) << odd;
    EXPECT_EQ(remove(entries + odd).status, 404) << odd;
    EXPECT_EQ(get("/api/user/user-1/collection/" + odd).status, 404) << odd;
    EXPECT_EQ(get("/api/user/user-1/collection/" + odd + "/entry").status, 404) << odd;
  }
}

TEST_P(EntriesOverHttp, IgnoreWhatElseTheirBodySays) {
  const std::string posts = collection();
  const std::string location =
      entry(posts, R"({"name":"n","deletedAt":"2019-06-26T16:38:43.123Z","meta":{"entry":"e"}})");
  EXPECT_EQ(put(location, R"({"name":"m","deletedAt":"now"})").status, 200);
  EXPECT_THAT(names_of(get(posts + "/entry")), ElementsAre("m"));
}

TEST_P(EntriesOverHttp, AreListedInTheOrderOfTheirVersions) {
  const std::string posts = collection();
  const std::string first = entry(posts, R"({"name":"first"})");
  const std::string second = entry(posts, R"({"name":"second"})");
  put(first, R"({"value":[1]})");
  EXPECT_THAT(names_of(get(posts + "/entry")), ElementsAre("second", "first"));
  EXPECT_THAT(names_of(get(posts + "/entry?filter=all")), ElementsAre("first", "second", "first"));
  remove(second);
  EXPECT_THAT(names_of(get(posts + "/entry")), ElementsAre("first"));
  EXPECT_THAT(names_of(get(posts + "/entry?filter=current")), ElementsAre("second", "first"));
}

TEST_P(EntriesOverHttp, KeepWhatAnUpdateDoesNotName) {
  const std::string location = entry(collection(), R"({"name":"old","value":{"a":1}})");
  const HttpAnswer updated = put(location, R"({"name":"new"})");
  EXPECT_EQ(updated.status, 200);
  EXPECT_EQ(updated.body, "");
  EXPECT_EQ(updated.header("x-revision"), "2");
  EXPECT_EQ(updated.header("etag"), "\"" + std::to_string(now()) + "\"");
  EXPECT_THAT(get(location).body, HasSubstr(R"("name":"new","value":{"a":1}})"));
  put(location, R"({"value":[2]})");
  EXPECT_THAT(get(location).body, HasSubstr(R"("name":"new","value":[2]})"));
  EXPECT_THAT(names_of(get(location + "?filter=all")), ElementsAre("old", "new", "new"));
}

TEST_P(EntriesOverHttp, LoseWhatAnUpdateSetsToNothing) {
  const std::string location = entry(collection(), R"({"name":"n","value":{"a":1}})");
  EXPECT_EQ(put(location, R"({"name":"x","value":null})").status, 200);
  EXPECT_THAT(get(location).body, testing::EndsWith(R"(},"name":"x"}])"));
  EXPECT_EQ(put(location, R"({"name":null,"value":[1]})").status, 200);
  EXPECT_THAT(get(location).body, testing::EndsWith(R"(},"value":[1]}])"));
  EXPECT_EQ(put(location, R"({"name":"y","value":""})").status, 200);
  EXPECT_THAT(get(location).body, testing::EndsWith(R"(},"name":"y"}])"));
  EXPECT_EQ(put(location, R"({"name":"","value":[2]})").status, 200);
  EXPECT_THAT(get(location).body, testing::EndsWith(R"(},"value":[2]}])"));
}

TEST_P(EntriesOverHttp, AreToldOfAnInvalidBodyBeforeTheyAreLookedUp) {
  const std::string entries = collection() + "/entry/";
  EXPECT_EQ(put(entries + id, "{}").status, 400);
  EXPECT_EQ(put(entries + id, R"({"name":"n"})").status, 404);
}

TEST_P(EntriesOverHttp, AreMarkedAsDeletedAndStay) {
  const std::string posts = collection();
  const std::string location = entry(posts, R"({"name":"n","value":[1]})");
  put(location, R"({"name":"m"})");
  const std::string version = get(location).header("x-version");
  const HttpAnswer removed = remove(location);
  EXPECT_EQ(removed.status, 200);
  EXPECT_EQ(removed.body, "");
  EXPECT_EQ(removed.header("etag"), "\"" + version + ".d\"");
  EXPECT_EQ(removed.header("x-version"), version);
  EXPECT_EQ(removed.header("x-revision"), "2");
  EXPECT_EQ(get(location).status, 404);
  const JsonDocument shown = only(get(location + "?filter=current"));
  EXPECT_EQ(text_at(shown, {"meta", "version"}), version);
  EXPECT_NE(text_at(shown, {"meta", "deletedAt"}), "");
  EXPECT_EQ(text_at(shown, {"value"}), "[1]");
  EXPECT_EQ(json_of(get(location + "?filter=all")).elements().size(), 2U);
}

TEST_P(EntriesOverHttp, ThatAreDeletedOrUnknownCannotBeChanged) {
  const std::string posts = collection();
  const std::string deleted = entry(posts, R"({"name":"n"})");
  remove(deleted);
  for (const std::string& path : {deleted, posts + "/entry/" + id}) {
    for (const HttpAnswer& answer : {put(path, R"({"name":"n"})"), remove(path), get(path)}) {
      EXPECT_EQ(answer.status, 404) << path;
      EXPECT_EQ(answer.body, "");
    }
  }
  for (const char* const filter : {"latest", "current", "all", "bogus"}) {
    EXPECT_EQ(get(posts + "/entry/" + id + "?filter=" + filter).status, 404) << filter;
  }
}

TEST_P(EntriesOverHttp, OfUnknownCollectionsAreNotThere) {
  const std::string nowhere = "/api/user/user-1/collection/" + id;
  for (const char* const filter : {"latest", "current", "all"}) {
    EXPECT_EQ(get(nowhere + "/entry?filter=" + filter).status, 404);
    EXPECT_EQ(get(nowhere + "/entry/" + id + "?filter=" + filter).status, 404);
  }
  EXPECT_EQ(post(nowhere + "/entry", R"({"name":"n"})").status, 404);
  EXPECT_EQ(post(nowhere + "/entry", "{}").status, 400);
  const std::string empty = collection();
  EXPECT_EQ(get(empty + "/entry").status, 200);
  EXPECT_EQ(get(empty + "/entry").body, "[]");
}

TEST_P(EntriesOverHttp, OfDeletedCollectionsAreStillReadAndWritten) {
  const std::string posts = collection();
  const std::string location = entry(posts, R"({"name":"n"})");
  remove(posts);
  EXPECT_EQ(put(location, R"({"name":"m"})").status, 200);
  EXPECT_EQ(post(posts + "/entry", R"({"name":"o"})").status, 201);
  EXPECT_THAT(names_of(get(posts + "/entry")), ElementsAre("m", "o"));
  serve_store({.name_policy = NamePolicy::slug, .freeze_deleted = true});
  EXPECT_EQ(put(location, R"({"name":"p"})").status, 404);
  EXPECT_EQ(post(posts + "/entry", R"({"name":"q"})").status, 404);
  EXPECT_EQ(remove(location).status, 404);
  EXPECT_EQ(get(location).status, 200);
}

TEST_P(EntriesOverHttp, OfOtherApplicationsAreNotThere) {
  const std::string posts = collection();
  const std::string location = entry(posts, R"({"name":"n"})");
  const Headers other{{"x-api-key", "other-key"}};
  EXPECT_EQ(get(posts + "/entry", other).status, 404);
  EXPECT_EQ(get(location, other).status, 404);
  EXPECT_EQ(get(location + "?filter=all", other).status, 404);
  EXPECT_EQ(post(posts + "/entry", R"({"name":"n"})", other).status, 404);
  EXPECT_EQ(put(location, R"({"name":"m"})", other).status, 404);
  EXPECT_EQ(
      send("PATCH", location,
           {{"x-api-key", "other-key"}, {"Content-Type", "application/merge-patch+json"}}, "{}")
          .status,
      404);
  EXPECT_EQ(remove(location, other).status, 404);
  EXPECT_THAT(names_of(get(posts + "/entry?filter=all")), ElementsAre("n"));
}

TEST_P(EntriesOverHttp, AreFoundByTheirName) {
  const std::string posts = collection();
  entry(posts, R"({"name":"a b"})");
  entry(posts, R"({"name":"other"})");
  entry(posts, R"({"value":[1]})");
  EXPECT_THAT(names_of(get(posts + "/entry?name=a%20b")), ElementsAre("a b"));
  EXPECT_THAT(names_of(get(posts + "/entry?name=none")), IsEmpty());
  EXPECT_THAT(names_of(get(posts + "/entry?name=a+b&limit=10")), ElementsAre("a b"));
}

TEST_P(EntriesOverHttp, AreCreatedOnlyIfAbsentWhereThatIsAsked) {
  const std::string entries = collection() + "/entry?ifAbsent=true";
  const HttpAnswer created = post(entries, R"({"name":"n","value":[1]})");
  EXPECT_EQ(created.status, 201);
  const HttpAnswer again = post(entries, R"({"name":"n","value":[2]})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.header("location"), created.header("location"));
  EXPECT_THAT(get(created.header("location")).body, HasSubstr(R"("value":[1])"));
  EXPECT_EQ(post(entries, R"({"value":[1]})").status, 400);
  EXPECT_EQ(remove(created.header("location")).status, 200);
  const HttpAnswer anew = post(entries, R"({"name":"n"})");
  EXPECT_EQ(anew.status, 201);
  EXPECT_NE(anew.header("location"), created.header("location"));
}

TEST_P(EntriesOverHttp, ArePatchedByAMergePatch) {
  const std::string location =
      entry(collection(), R"({"name":"n","value":{"a":1.50,"b":{"c":2,"d":3}}})");
  const auto patch = [&](std::string_view body, Headers headers = {}) {
    headers.emplace_back("Content-Type", "application/merge-patch+json");
    return send("PATCH", location, headers, body);
  };
  const HttpAnswer patched = patch(R"({"b":{"c":null},"e":[1]})");
  EXPECT_EQ(patched.status, 200);
  EXPECT_EQ(patched.body, "");
  EXPECT_EQ(patched.header("x-revision"), "2");
  EXPECT_THAT(get(location).body,
              HasSubstr(R"("name":"n","value":{"a":1.50,"b":{"d":3},"e":[1]}})"));
  const HttpAnswer refused = patch("{}", {{"If-Match", "\"1\""}});
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(text_at(json_of(refused), {"error"}), "precondition_failed");
  EXPECT_EQ(patch("{bad").status, 400);
  EXPECT_EQ(patch("[1,2]").status, 200);
  EXPECT_THAT(get(location).body, HasSubstr(R"("value":[1,2]})"));
  EXPECT_EQ(send("PATCH", location, {}, R"({"a":1})").status, 415);
  EXPECT_EQ(send("PATCH", location).status, 415);
  EXPECT_EQ(patch("").status, 400);
  remove(location);
  const HttpAnswer gone = patch("{}");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(text_at(json_of(gone), {"error"}), "deleted");
}

ON_EVERY_SERVICE_KIND(EntriesOverHttp);

}  // namespace
}  // namespace dynakeep
