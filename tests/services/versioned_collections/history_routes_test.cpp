#include "services/versioned_collections/collections_service.h"

// The history of collections and entries over HTTP: V1 to V7 and K5, K10, K11 of the specification,
// and what each route refuses.
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

const Headers purger{{"x-api-key", "purger"}};

class CollectionsHistory : public contract::CollectionsService {
 protected:
  // An entry with versions of the values 1, 2, …; and of a collection, names.
  std::string entry_with_versions(int count) {
    const std::string posts = collection();
    std::string path = entry(posts, R"({"name":"post","value":{"n":1}})");
    for (int n = 2; n <= count; ++n) {
      EXPECT_EQ(put(path, R"({"value":{"n":)" + std::to_string(n) + "}}").status, 200);
    }
    return path;
  }
  std::string collection_with_versions(int count) {
    std::string path = collection("name-1");
    for (int n = 2; n <= count; ++n) {
      EXPECT_EQ(put(path, R"({"name":"name-)" + std::to_string(n) + R"("})").status, 200);
    }
    return path;
  }

  std::vector<JsonDocument> versions_of(const std::string& path, const std::string& query = "") {
    const HttpAnswer answer = get(path + "/version" + query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json_of(answer).find("versions")->elements();
  }
  std::string number_of(const std::string& path, const std::string& reference) {
    return text_at(json_of(get(path + "/version/" + reference)), {"version"});
  }
  void expect_refusal(const HttpAnswer& answer, int status, const std::string& code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const JsonDocument body = json_of(answer);
    EXPECT_EQ(text_at(body, {"error"}), code);
    EXPECT_NE(text_at(body, {"message"}), "");
    EXPECT_EQ(body.members().size(), 2U);
  }
};

std::vector<std::string> all_of(const std::vector<JsonDocument>& versions, std::string_view name) {
  std::vector<std::string> texts;
  for (const JsonDocument& version : versions) texts.push_back(text_at(version, {name}));
  return texts;
}

// ---- 8.1 ----

TEST_P(CollectionsHistory, IsListedNewestFirstOrOldestFirst) {
  for (const std::string& path : {entry_with_versions(3), collection_with_versions(3)}) {
    EXPECT_THAT(all_of(versions_of(path), "revision"), ElementsAre("3", "2", "1"));
    EXPECT_THAT(all_of(versions_of(path, "?order=desc"), "revision"), ElementsAre("3", "2", "1"));
    EXPECT_THAT(all_of(versions_of(path, "?order=asc"), "revision"), ElementsAre("1", "2", "3"));
    EXPECT_THAT(all_of(versions_of(path), "current"), ElementsAre("true", "false", "false"));
  }
}

TEST_P(CollectionsHistory, ShowsOfEachVersionAllThatIsKnown) {
  const std::string posts = collection();
  const std::string path = post(posts + "/entry", R"({"name":"one","value":{"b":1.50,"a":[]}})",
                                {{"x-api-key", "second-key"}, {"X-Comment", "first \"try\""}})
                               .header("location");
  const Millis created = now();
  EXPECT_EQ(remove(path).status, 200);
  const JsonDocument version = versions_of(path).at(0);
  EXPECT_EQ(version.to_text(),
            R"({"version":)" + std::to_string(created) + R"(,"revision":1,"createdAt":")" +
                text_at(version, {"createdAt"}) + R"(","current":true,"deletedAt":")" +
                text_at(version, {"deletedAt"}) +
                R"(","by":"ci","message":"first \"try\"","name":"one",)"
                R"("value":{"b":1.50,"a":[]}})");
  EXPECT_THAT(text_at(version, {"createdAt"}), testing::EndsWith("Z"));
  EXPECT_EQ(
      json_of(get(path + "/version?values=false")).find("versions")->elements()[0].find("value"),
      nullptr);
}

TEST_P(CollectionsHistory, ComesInPagesWithEachVersionOnce) {
  for (const std::string& path : {entry_with_versions(3), collection_with_versions(3)}) {
    for (const std::string order : {"asc", "desc"}) {
      std::vector<std::string> revisions;
      std::string target = path + "/version?limit=1&order=" + order;
      for (int pages = 0; !target.empty() && pages < 5; ++pages) {
        const HttpAnswer answer = get(target);
        ASSERT_EQ(answer.status, 200);
        const JsonDocument body = json_of(answer);
        for (const JsonDocument& each : body.find("versions")->elements()) {
          revisions.push_back(text_at(each, {"revision"}));
        }
        const std::string link = answer.header("link");
        EXPECT_EQ(link.empty(), body.find("next")->is_null());
        target.clear();
        if (!link.empty()) {
          EXPECT_THAT(link, HasSubstr("cursor=" + text_at(body, {"next"})));
          EXPECT_EQ(answer.header("x-next-cursor"), text_at(body, {"next"}));
          EXPECT_THAT(link, testing::EndsWith(">; rel=\"next\""));
          target = link.substr(1, link.find('>') - 1);
        }
      }
      if (order == "desc") std::reverse(revisions.begin(), revisions.end());
      EXPECT_THAT(revisions, ElementsAre("1", "2", "3"));
    }
  }
}

TEST_P(CollectionsHistory, IsListedFromOneTimeToAnother) {
  const std::string path = entry_with_versions(3);
  const std::string second = number_of(path, "r2");
  const std::string third = number_of(path, "r3");
  EXPECT_THAT(all_of(versions_of(path, "?from=" + second), "revision"), ElementsAre("3", "2"));
  EXPECT_THAT(all_of(versions_of(path, "?to=" + third), "revision"), ElementsAre("2", "1"));
  EXPECT_THAT(all_of(versions_of(path, "?from=" + second + "&to=" + third), "revision"),
              ElementsAre("2"));
  const std::string iso = text_at(versions_of(path)[1], {"createdAt"});
  EXPECT_THAT(all_of(versions_of(path, "?from=" + iso + "&to=" + third), "revision"),
              ElementsAre("2"));
  EXPECT_THAT(versions_of(path, "?from=2001-01-01T00:00Z&to=2001-01-02T00:00%2B02:00"), IsEmpty());
}

TEST_P(CollectionsHistory, ListsTellWhatDoesNotMakeSense) {
  const std::string posts = collection();
  for (const std::string& path : {posts, entry(posts, R"({"name":"n"})")}) {
    for (const char* const query :
         {"limit=0", "limit=1001", "limit=abc", "limit=", "limit=-1", "limit=1.5", "order=up",
          "order=ASC", "values=no", "from=yesterday", "to=2026-01-31", "to=2026-01-31T12:00:00",
          "from=", "cursor=nonsense", "cursor=%00", "to=99999999999999999999"}) {
      expect_refusal(get(path + "/version?" + query), 400, "invalid");
    }
  }
}

TEST_P(CollectionsHistory, CursorsOfElsewhereAreRefused) {
  const std::string first = entry_with_versions(2);
  const std::string second = entry_with_versions(2);
  const std::string cursor = text_at(json_of(get(first + "/version?limit=1")), {"next"});
  EXPECT_EQ(get(first + "/version?limit=1&cursor=" + cursor).status, 200);
  expect_refusal(get(second + "/version?limit=1&cursor=" + cursor), 400, "invalid");
  expect_refusal(get(first + "/version?limit=1&order=asc&cursor=" + cursor), 400, "invalid");
  const std::string of_collection = first.substr(0, first.find("/entry/"));
  expect_refusal(get(of_collection + "/version?limit=1&cursor=" + cursor), 400, "invalid");
}

TEST_P(CollectionsHistory, OfWhatNeverWasIsNotFound) {
  const std::string posts = collection();
  for (const std::string& path :
       {posts + "/entry/nothing", std::string("/api/user/user-1/collection/nothing"),
        std::string("/api/user/user-1/collection/nothing/entry/nothing")}) {
    expect_refusal(get(path + "/version"), 404, "not_found");
    expect_refusal(get(path + "/version/last"), 404, "not_found");
    expect_refusal(get(path + "/diff"), 404, "not_found");
    expect_refusal(post(path + "/restore", "{}"), 404, "not_found");
    expect_refusal(post(path + "/purge", R"({"keepLast":1})", purger), 404, "not_found");
  }
}

TEST_P(CollectionsHistory, OfAnotherApplicationIsNotFound) {
  const std::string path = entry_with_versions(2);
  const Headers other{{"x-api-key", "other-key"}};
  expect_refusal(get(path + "/version", other), 404, "not_found");
  expect_refusal(get(path + "/version/r1", other), 404, "not_found");
  expect_refusal(get(path + "/diff", other), 404, "not_found");
  expect_refusal(post(path + "/restore", R"({"revision":1})", other), 404, "not_found");
  EXPECT_THAT(all_of(versions_of(path), "revision"), ElementsAre("2", "1"));
}

TEST_P(CollectionsHistory, TakesThePermissionForIt) {
  const std::string path = entry_with_versions(2);
  const Headers no_history{{"x-api-key", "no-history"}};
  expect_refusal(get(path + "/version", no_history), 403, "forbidden");
  expect_refusal(get(path + "/version/r1", no_history), 403, "forbidden");
  expect_refusal(get(path + "/diff", no_history), 403, "forbidden");
  expect_refusal(post(path + "/restore", "{}", {{"x-api-key", "reader"}}), 403, "forbidden");
  // V7.
  expect_refusal(post(path + "/purge", R"({"keepLast":1})"), 403, "forbidden");
  EXPECT_THAT(all_of(versions_of(path), "revision"), ElementsAre("2", "1"));
}

TEST_P(CollectionsHistory, ListsCarryATagByWhichTheyAreKnownAgain) {
  const std::string path = entry_with_versions(2);
  for (const std::string& target :
       {path + "/version", path + "/diff", std::string("/api/capabilities")}) {
    const HttpAnswer answer = get(target);
    EXPECT_THAT(answer.header("etag"), testing::StartsWith("W/\""));
    const HttpAnswer again = get(target, {{"If-None-Match", answer.header("etag")}});
    EXPECT_EQ(again.status, 304) << target;
    EXPECT_EQ(again.body, "");
  }
}

// ---- 8.2 ----

TEST_P(CollectionsHistory, AVersionIsFoundByNumberRevisionFirstAndLast) {
  for (const std::string& path : {entry_with_versions(3), collection_with_versions(3)}) {
    const std::vector<JsonDocument> versions = versions_of(path);
    const auto one = [&](const std::string& reference) {
      return json_of(get(path + "/version/" + reference)).to_text();
    };
    EXPECT_EQ(one(text_at(versions[1], {"version"})), versions[1].to_text());
    EXPECT_EQ(one("r2"), versions[1].to_text());
    EXPECT_EQ(one("first"), versions[2].to_text());
    EXPECT_EQ(one("last"), versions[0].to_text());
    for (const char* const unknown : {"1", "r4", "r0", "99999999999999"}) {
      expect_refusal(get(path + "/version/" + unknown), 404, "not_found");
    }
    for (const char* const nonsense :
         {"R2", "r", "rx", "latest", "-1", "r-1", "1.5", "99999999999999999999"}) {
      expect_refusal(get(path + "/version/" + nonsense), 400, "invalid");
    }
  }
}

TEST_P(CollectionsHistory, AVersionThatIsNotTheNewestMayBeKeptForEver) {
  const std::string path = entry_with_versions(2);
  const std::string first = number_of(path, "r1");
  const HttpAnswer old = get(path + "/version/" + first);
  EXPECT_EQ(old.header("etag"), '"' + first + '"');
  EXPECT_EQ(old.header("cache-control"), "private, max-age=31536000, immutable");
  EXPECT_EQ(get(path + "/version/r1", {{"If-None-Match", '"' + first + '"'}}).status, 304);
  // What is first, and what is last, may change.
  EXPECT_EQ(get(path + "/version/first").header("cache-control"), "");
  EXPECT_EQ(get(path + "/version/last").header("cache-control"), "");
  EXPECT_EQ(get(path + "/version/last").header("etag"), get(path).header("etag"));
  remove(path);
  EXPECT_EQ(get(path + "/version/last").header("etag"), '"' + number_of(path, "last") + ".d\"");
}

// ---- 8.3 ----

TEST_P(CollectionsHistory, StatesOfOtherTimesAreShownAsTheyWere) {  // V3
  const std::string posts = collection();
  const Millis before = now();
  tick(5000);
  const std::string path = entry(posts, R"({"name":"n","value":{"n":1}})");
  const Millis created = now();
  put(path, R"({"value":{"n":2}})");
  const Millis changed = now();
  remove(path);
  const Millis deleted = now();
  post(path + "/restore", "{}");
  const auto at = [&](Millis time, const char* more = "") {
    return get(path + "?at=" + std::to_string(time) + more);
  };
  EXPECT_EQ(at(before).status, 404);
  EXPECT_THAT(at(created).body, HasSubstr(R"("value":{"n":1})"));
  EXPECT_THAT(at(changed).body, HasSubstr(R"("value":{"n":2})"));
  EXPECT_THAT(at(changed).body, testing::Not(HasSubstr("deletedAt")));
  EXPECT_EQ(at(deleted).status, 404);
  EXPECT_THAT(at(deleted, "&filter=current").body, HasSubstr("deletedAt"));
  EXPECT_EQ(at(now()).status, 200);
}

// ---- 8.5 ----

TEST_P(CollectionsHistory, AnOldVersionIsMadeTheNewest) {  // V4
  for (const std::string& path : {entry_with_versions(3), collection_with_versions(3)}) {
    const std::string first = number_of(path, "r1");
    const std::string second = number_of(path, "r2");
    for (const std::string& body :
         {R"({"version":)" + first + "}", std::string(R"({"revision":1})"),
          R"({"at":)" + first + "}", R"({"at":")" + first + R"("})",
          R"({"at":)" + std::to_string(std::stoll(second) - 1) + "}"}) {
      const HttpAnswer answer = post(path + "/restore", body, {{"X-Comment", "back"}});
      ASSERT_EQ(answer.status, 200) << answer.body;
      const JsonDocument newest = json_of(answer);
      EXPECT_EQ(newest.to_text(), json_of(get(path + "/version/last")).to_text());
      EXPECT_EQ(text_at(newest, {"restoredFrom"}), first);
      EXPECT_EQ(text_at(newest, {"current"}), "true");
      EXPECT_EQ(text_at(newest, {"message"}), "back");
      EXPECT_EQ(answer.header("etag"), get(path).header("etag"));
      EXPECT_EQ(answer.header("x-version"), text_at(newest, {"version"}));
      const JsonDocument old = json_of(get(path + "/version/r1"));
      EXPECT_EQ(text_at(newest, {"name"}), text_at(old, {"name"}));
      EXPECT_EQ(text_at(newest, {"value"}), text_at(old, {"value"}));
    }
    EXPECT_EQ(versions_of(path).size(), 8U);
  }
}

TEST_P(CollectionsHistory, WhatIsDeletedIsUndeletedAndWhatIsLiveIsNot) {
  for (const std::string& path : {entry_with_versions(2), collection_with_versions(2)}) {
    expect_refusal(post(path + "/restore", "{}"), 409, "conflict");
    EXPECT_EQ(post(path + "/restore", "").status, 409);
    remove(path);
    EXPECT_EQ(get(path).status, 404);
    const HttpAnswer answer = post(path + "/restore", "{}");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(text_at(json_of(answer), {"revision"}), "3");
    EXPECT_EQ(answer.header("x-revision"), "3");
    EXPECT_EQ(get(path).status, 200);
  }
}

TEST_P(CollectionsHistory, ARestoreIsOfOneVersion) {
  const std::string path = entry_with_versions(2);
  for (const char* const body :
       {R"({"version":1,"revision":1})", R"({"version":1,"at":1})", R"({"revision":1,"at":1})",
        R"({"version":"1"})", R"({"version":-1})", R"({"version":1.0})", R"({"version":1e3})",
        R"({"revision":null})", R"({"at":"noon"})", R"({"at":true})", R"({"at":1.5})",
        R"({"entries":"yes"})", R"({"entries":true})", R"({"entries":true,"at":1})", "[1]",
        R"({"version":99999999999999999999})"}) {
    expect_refusal(post(path + "/restore", body), 400, "invalid");
  }
  expect_refusal(post(path + "/restore", "{bad"), 400, "invalid");
  expect_refusal(post(path + "/restore", R"({"revision":9})"), 404, "not_found");
  expect_refusal(post(path + "/restore", R"({"version":9})"), 404, "not_found");
  expect_refusal(post(path + "/restore", R"({"at":9})"), 404, "not_found");
  EXPECT_EQ(versions_of(path).size(), 2U);
}

TEST_P(CollectionsHistory, ARestoreHonoursIfMatch) {
  const std::string path = entry_with_versions(2);
  const std::string tag = get(path).header("etag");
  const HttpAnswer refused = post(path + "/restore", R"({"revision":1})", {{"If-Match", "\"1\""}});
  expect_refusal(refused, 412, "precondition_failed");
  EXPECT_EQ(refused.header("etag"), tag);
  remove(path);
  expect_refusal(post(path + "/restore", "{}", {{"If-Match", tag}}), 412, "precondition_failed");
  std::string of_deleted = tag;
  of_deleted.insert(of_deleted.size() - 1, ".d");
  EXPECT_EQ(post(path + "/restore", "{}", {{"If-Match", of_deleted}}).status, 200);
}

TEST_P(CollectionsHistory, ACollectionIsRestoredWithItsEntries) {
  const std::string posts = collection("then");
  const std::string kept = entry(posts, R"({"name":"kept"})");
  const std::string changed = entry(posts, R"({"name":"changed","value":{"n":1}})");
  const std::string deleted = entry(posts, R"({"name":"deleted"})");
  const Millis then = now();
  put(changed, R"({"value":{"n":2}})");
  remove(deleted);
  const std::string later = entry(posts, R"({"name":"later"})");
  put(posts, R"({"name":"now"})");

  const std::string body = R"({"entries":true,"at":)" + std::to_string(then) + "}";
  expect_refusal(post(posts + "/restore", R"({"entries":true})"), 400, "invalid");
  expect_refusal(post(posts + "/restore", R"({"entries":true,"revision":1})"), 400, "invalid");
  expect_refusal(post(posts + "/restore", R"({"entries":true,"at":9,"version":1})"), 400,
                 "invalid");
  const HttpAnswer restored = post(posts + "/restore", body);
  EXPECT_EQ(restored.status, 200);
  EXPECT_EQ(restored.body, R"({"restored":2,"deleted":1,"unchanged":1,"failed":[]})");
  EXPECT_THAT(get(posts).body, HasSubstr(R"("name":"then")"));
  EXPECT_THAT(names_of(get(posts + "/entry?limit=10")),
              testing::UnorderedElementsAre("kept", "changed", "deleted"));
  EXPECT_EQ(get(later).status, 404);
  EXPECT_EQ(post(posts + "/restore", body).body,
            R"({"restored":0,"deleted":0,"unchanged":4,"failed":[]})");
}

TEST_P(CollectionsHistory, ARestoreIsRepeatedUnderItsKeyOnce) {  // K11
  const std::string path = entry_with_versions(2);
  const Headers key{{"Idempotency-Key", "again"}};
  const HttpAnswer first = post(path + "/restore", R"({"revision":1})", key);
  const HttpAnswer second = post(path + "/restore", R"({"revision":1})", key);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(versions_of(path).size(), 3U);
}

// ---- 8.6 ----

TEST_P(CollectionsHistory, IsPurgedButForTheNewest) {  // V5
  for (const std::string& path : {entry_with_versions(3), collection_with_versions(3)}) {
    const std::string first = number_of(path, "r1");
    const std::string second = number_of(path, "r2");
    const std::string report = R"({"purged":2,"kept":1,"floor":)" + second + "}";
    EXPECT_EQ(post(path + "/purge", R"({"keepLast":1,"dryRun":true})", purger).body, report);
    EXPECT_EQ(versions_of(path).size(), 3U);
    const HttpAnswer purged = post(path + "/purge", R"({"keepLast":1})", purger);
    EXPECT_EQ(purged.status, 200);
    EXPECT_EQ(purged.body, report);
    EXPECT_EQ(versions_of(path).size(), 1U);
    expect_refusal(get(path + "/version/" + first), 410, "gone");
    expect_refusal(get(path + "/version/r1"), 410, "gone");
    expect_refusal(post(path + "/restore", R"({"revision":1})"), 410, "gone");
    expect_refusal(post(path + "/restore", R"({"version":)" + first + "}"), 410, "gone");
    EXPECT_EQ(get(path + "?at=" + first).status, 410);
    EXPECT_EQ(put(path, R"({"name":"m"})").header("x-revision"), "4");
    EXPECT_EQ(post(path + "/purge", R"({"keepLast":2})", purger).body,
              R"({"purged":0,"kept":2,"floor":)" + second + "}");
  }
}

TEST_P(CollectionsHistory, IsPurgedByVersionsAndByTime) {
  const std::string path = entry_with_versions(4);
  const std::string second = number_of(path, "r2");
  EXPECT_EQ(post(path + "/purge", R"({"versions":[)" + second + "]}", purger).body,
            R"({"purged":1,"kept":3,"floor":null})");
  expect_refusal(get(path + "/version/" + second), 404, "not_found");
  const std::string first = number_of(path, "r1");
  const std::string fourth = number_of(path, "r4");
  EXPECT_EQ(
      post(path + "/purge", R"({"before":)" + std::to_string(std::stoll(first) + 1) + "}", purger)
          .body,
      R"({"purged":1,"kept":2,"floor":)" + first + "}");
  EXPECT_EQ(post(path + "/purge", R"({"before":"2999-01-01T00:00Z"})", purger).status, 200);
  EXPECT_THAT(all_of(versions_of(path), "version"), ElementsAre(fourth));
}

TEST_P(CollectionsHistory, GoesAltogetherOnlyIfItIsDeletedOrForced) {  // V6
  const std::string posts = collection();
  const std::string path = entry(posts, R"({"name":"n"})");
  const std::string other = entry(posts, R"({"name":"other"})");
  expect_refusal(post(path + "/purge", R"({"all":true})", purger), 409, "conflict");
  remove(path);
  EXPECT_EQ(post(path + "/purge", R"({"all":true})", purger).body,
            R"({"purged":1,"kept":0,"floor":null})");
  EXPECT_EQ(get(path + "?filter=current").status, 404);
  expect_refusal(get(path + "/version"), 404, "not_found");
  expect_refusal(post(posts + "/purge", R"({"all":true})", purger), 409, "conflict");
  EXPECT_EQ(post(posts + "/purge", R"({"all":true,"force":true})", purger).body,
            R"({"purged":2,"kept":0,"floor":null})");
  EXPECT_EQ(get(posts + "?filter=current").status, 404);
  EXPECT_EQ(get(other).status, 404);
}

TEST_P(CollectionsHistory, APurgeIsOfExactlyOneThing) {
  const std::string path = entry_with_versions(2);
  for (const char* const body :
       {"{}", "[]", R"({"all":false})", R"({"all":1})", R"({"keepLast":0})", R"({"keepLast":-1})",
        R"({"keepLast":"1"})", R"({"versions":[]})", R"({"versions":[1,"2"]})", R"({"versions":1})",
        R"({"before":"soon"})", R"({"before":1,"keepLast":1})", R"({"all":true,"keepLast":1})",
        R"({"keepLast":1,"dryRun":"yes"})", R"({"dryRun":true})", "{bad"}) {
    expect_refusal(post(path + "/purge", body, purger), 400, "invalid");
  }
  EXPECT_EQ(versions_of(path).size(), 2U);
}

TEST_P(CollectionsHistory, APurgeHonoursIfMatch) {
  const std::string path = entry_with_versions(3);
  Headers headers = purger;
  headers.emplace_back("If-Match", "\"1\"");
  const HttpAnswer refused = post(path + "/purge", R"({"keepLast":2})", headers);
  expect_refusal(refused, 412, "precondition_failed");
  EXPECT_EQ(refused.header("etag"), get(path).header("etag"));
  headers.back().second = get(path).header("etag");
  EXPECT_EQ(post(path + "/purge", R"({"keepLast":2})", headers).status, 200);
  headers.back().second = "*";
  EXPECT_EQ(post(path + "/purge", R"({"keepLast":1})", headers).status, 200);
  remove(path);
  const HttpAnswer deleted = post(path + "/purge", R"({"all":true})", headers);
  expect_refusal(deleted, 412, "precondition_failed");
  EXPECT_THAT(deleted.header("etag"), HasSubstr(".d"));
  expect_refusal(post(path + "x/purge", R"({"all":true})", headers), 412, "precondition_failed");
}

// ---- 8.7 ----

TEST_P(CollectionsHistory, TellsHowVersionsDiffer) {
  const std::string posts = collection();
  const std::string path = entry(posts, R"({"name":"one","value":{"a":1,"b":2}})");
  put(path, R"({"name":"two","value":{"a":1,"b":3,"c":[]}})");
  put(path, R"({"value":{"a":1}})");
  const std::string first = number_of(path, "r1");
  const std::string second = number_of(path, "r2");
  const std::string third = number_of(path, "r3");
  const std::string last_two =
      R"({"from":)" + second + R"(,"to":)" + third +
      R"(,"patch":[{"op":"remove","path":"/b"},{"op":"remove","path":"/c"}]})";
  EXPECT_EQ(get(path + "/diff").body, last_two);
  EXPECT_EQ(get(path + "/diff?from=r2&to=last").body, last_two);
  EXPECT_EQ(get(path + "/diff?from=" + second).body, last_two);
  const std::string first_two =
      R"({"from":)" + first + R"(,"to":)" + second +
      R"(,"name":["one","two"],"patch":[{"op":"replace","path":"/b","value":3},)"
      R"({"op":"add","path":"/c","value":[]}]})";
  EXPECT_EQ(get(path + "/diff?to=r2").body, first_two);
  EXPECT_EQ(get(path + "/diff?from=first&to=r2").body, first_two);
  EXPECT_THAT(get(path + "/diff?from=r2&to=r1").body, HasSubstr(R"("name":["two","one"])"));
  expect_refusal(get(path + "/diff?to=first"), 404, "not_found");
  expect_refusal(get(path + "/diff?from=r9"), 404, "not_found");
  for (const char* const query : {"from=x", "to=x", "from=", "to=R1"}) {
    expect_refusal(get(path + "/diff?" + query), 400, "invalid");
  }
  const std::string named = collection_with_versions(2);
  EXPECT_THAT(get(named + "/diff").body, HasSubstr(R"("name":["name-1","name-2"],"patch":[]})"));
}

TEST_P(CollectionsHistory, OfNamelessValuesDiffersFromNothing) {
  const std::string posts = collection();
  const std::string path = entry(posts, R"({"name":"n"})");
  put(path, R"({"name":null,"value":{"a":1}})");
  EXPECT_THAT(
      get(path + "/diff").body,
      HasSubstr(R"("name":["n",""],"patch":[{"op":"replace","path":"","value":{"a":1}}]})"));
}

// ---- what a server can do ----

TEST_P(CollectionsHistory, ClientsCanAskWhatThereIs) {
  const HttpAnswer answer = get("/api/capabilities", {{"x-api-key", "reader"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(
      json_of(answer).to_text(),
      R"({"history":1,"restore":1,"purge":1,"preconditions":1,"paging":1,"batch":1,"watch":1})");
  EXPECT_EQ(send_bare("GET", "/api/capabilities").status, 401);
}

TEST_P(CollectionsHistory, AnybodyMayReadWhatTheServiceIs) {
  const HttpAnswer answer = send_bare("GET", "/api/openapi.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(text_at(json_of(answer), {"openapi"}), "3.1.0");
  EXPECT_EQ(answer.header("access-control-allow-origin"), "*");
  const HttpAnswer again =
      send_bare("GET", "/api/openapi.json", {{"If-None-Match", answer.header("etag")}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(send_bare("HEAD", "/api/openapi.json").status, 200);
  EXPECT_EQ(send_bare("POST", "/api/openapi.json").status, 401);
}

TEST_P(CollectionsHistory, PathsTakeOtherMethodsOnlyWhereTheyAre) {
  const std::string path = entry_with_versions(1);
  for (const char* const route : {"/version", "/version/r1", "/diff"}) {
    const HttpAnswer answer = post(path + route, "{}");
    EXPECT_EQ(answer.status, 405) << route;
    EXPECT_EQ(answer.header("allow"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(send("HEAD", path + route).body, "");
  }
  EXPECT_EQ(get(path + "/restore").status, 405);
  EXPECT_EQ(get(path + "/purge").header("allow"), "POST, OPTIONS");
}

TEST_P(CollectionsHistory, WithoutTransactionsConditionsAreNotSupported) {
  serve_store({.name_policy = NamePolicy::slug, .write_mode = WriteMode::conditional});
  const std::string path = entry_with_versions(2);
  expect_refusal(post(path + "/restore", R"({"revision":1})", {{"If-Match", "*"}}), 501,
                 "unsupported");
  expect_refusal(post(path + "/restore", R"({"revision":1})", {{"Idempotency-Key", "k"}}), 501,
                 "unsupported");
  EXPECT_EQ(post(path + "/restore", R"({"revision":1})").status, 200);
  EXPECT_EQ(text_at(json_of(get("/api/capabilities")), {"preconditions"}), "0");
}

TEST_P(CollectionsHistory, AFailureBelowIsToldAsSuch) {  // H28
  const std::string path = entry_with_versions(2);
  database().stop();
  for (const char* const route : {"/version", "/version/r1", "/diff"}) {
    const HttpAnswer answer = get(path + route);
    expect_refusal(answer, 502, "backend");
    EXPECT_EQ(answer.header("retry-after"), "1");
  }
  expect_refusal(post(path + "/restore", R"({"revision":1})"), 502, "backend");
  expect_refusal(post(path + "/purge", R"({"keepLast":1})", purger), 502, "backend");
  database().start();
  EXPECT_THAT(all_of(versions_of(path), "revision"), ElementsAre("2", "1"));
}

ON_EVERY_SERVICE_KIND(CollectionsHistory);

}  // namespace
}  // namespace dynakeep
