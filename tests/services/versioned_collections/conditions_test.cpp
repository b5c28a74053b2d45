#include "services/versioned_collections/collections_service.h"

// Conditions of writes: If-Match, If-None-Match, Idempotency-Key; and who wrote it, and why.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CollectionsConditions : public contract::CollectionsService {
 protected:
  void SetUp() override {
    CollectionsService::SetUp();
    posts_ = collection();
    post_ = entry(posts_, R"({"name":"n"})");
  }
  Headers if_match(const std::string& tags) { return {{"If-Match", tags}}; }
  std::string tag(const std::string& path) { return get(path + "?filter=current").header("etag"); }

  std::string posts_;
  std::string post_;
};

const std::string renamed = R"({"name":"renamed"})";
const Headers only_new = {{"If-None-Match", "*"}};

TEST_P(CollectionsConditions, LetAWriteThroughIfItsTagIsThatOfTheState) {
  for (const std::string& path : {posts_, post_}) {
    const std::string first = tag(path);
    EXPECT_EQ(put(path, renamed, if_match("\"1\", " + first)).status, 200);
    const std::string second = tag(path);
    EXPECT_NE(first, second);
    for (const HttpAnswer& refused :
         {put(path, renamed, if_match(first)), remove(path, if_match(first))}) {
      EXPECT_EQ(refused.status, 412);
      EXPECT_EQ(refused.header("etag"), second);
      EXPECT_THAT(refused.body, StartsWith("Error: "));
    }
    EXPECT_EQ(tag(path), second);
    EXPECT_EQ(remove(path, if_match(second)).status, 200);
  }
}

TEST_P(CollectionsConditions, AreNotMetByWhatIsNoTagOfAState) {
  const std::string now_there = tag(post_);
  for (const std::string& tags : {"W/" + now_there, std::string("\"abc\""), std::string("\"\""),
                                  "\"" + now_there.substr(1, 13) + ".x\""}) {
    EXPECT_EQ(put(post_, renamed, if_match(tags)).status, 412) << tags;
  }
  for (const char* const tags : {"\"1", "", "* , \"1\""}) {
    EXPECT_EQ(put(post_, renamed, if_match(tags)).status, 400) << tags;
  }
  EXPECT_EQ(tag(post_), now_there);
}

TEST_P(CollectionsConditions, WithAStarAreMetByWhateverIsLive) {
  EXPECT_EQ(put(post_, renamed, if_match("*")).status, 200);
  EXPECT_EQ(remove(post_, if_match("*")).status, 200);
  const HttpAnswer refused = put(post_, renamed, if_match("*"));
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(refused.header("etag"), tag(post_));
  const HttpAnswer unknown = put(posts_ + "/entry/unknown", renamed, if_match("*"));
  EXPECT_EQ(unknown.status, 412);
  EXPECT_EQ(unknown.header("etag"), "");
}

TEST_P(CollectionsConditions, CreateUnderAChosenIdWhatIsNotThere) {
  for (const std::string& path :
       {std::string("/api/user/user-1/collection/chosen"), posts_ + "/entry/chosen"}) {
    const HttpAnswer created = put(path, renamed, only_new);
    EXPECT_EQ(created.status, 201);
    EXPECT_EQ(created.header("location"), path);
    EXPECT_EQ(created.header("x-revision"), "1");
    EXPECT_THAT(names_of(get(path)), ElementsAre("renamed"));
    const HttpAnswer again = put(path, renamed, only_new);
    EXPECT_EQ(again.status, 412);
    EXPECT_EQ(again.header("etag"), created.header("etag"));
    remove(path);
    EXPECT_EQ(put(path, renamed, only_new).status, 412);
  }
  EXPECT_EQ(put("/api/user/user-1/collection/no%20slug", renamed, only_new).status, 400);
  EXPECT_EQ(put(posts_ + "/entry/" + std::string(201, 'e'), renamed, only_new).status, 400);
  EXPECT_EQ(put(posts_ + "/entry/other", renamed, {{"If-None-Match", "\"1\""}}).status, 400);
  EXPECT_EQ(
      put(posts_ + "/entry/other", renamed, {{"If-None-Match", "*"}, {"If-Match", "*"}}).status,
      400);
}

TEST_P(CollectionsConditions, MayBeRequired) {
  serve({.require_if_match = true});
  const Headers patch{{"Content-Type", "application/merge-patch+json"}};
  for (const HttpAnswer& refused :
       {put(posts_, renamed), put(post_, renamed), remove(posts_), remove(post_)}) {
    EXPECT_EQ(refused.status, 428);
    EXPECT_EQ(refused.body, "Error: If-Match is required here");
  }
  const HttpAnswer patched = send("PATCH", post_, patch, "{}");
  EXPECT_EQ(patched.status, 428);
  EXPECT_EQ(text_at(json_of(patched), {"error"}), "precondition_required");
  EXPECT_EQ(put(post_, renamed, if_match(tag(post_))).status, 200);
  EXPECT_EQ(put(posts_ + "/entry/chosen", renamed, only_new).status, 201);
  EXPECT_EQ(post(posts_ + "/entry", renamed).status, 201);
  EXPECT_EQ(remove(post_, if_match("*")).status, 200);
}

TEST_P(CollectionsConditions, LetARepeatedWriteAnswerAsTheFirstTime) {
  const Headers keyed{{"Idempotency-Key", "once"}};
  const HttpAnswer first = put(post_, renamed, keyed);
  const HttpAnswer again = put(post_, R"({"name":"other"})", keyed);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.header("etag"), first.header("etag"));
  EXPECT_EQ(again.header("x-revision"), "2");
  EXPECT_THAT(names_of(get(post_)), ElementsAre("renamed"));

  const HttpAnswer removed = remove(post_, {{"Idempotency-Key", "removal"}});
  EXPECT_EQ(removed.status, 200);
  const HttpAnswer removed_again = remove(post_, {{"Idempotency-Key", "removal"}});
  EXPECT_EQ(removed_again.status, 200);
  EXPECT_EQ(removed_again.header("etag"), removed.header("etag"));
  EXPECT_EQ(remove(post_).status, 404);

  const HttpAnswer created = post(posts_ + "/entry", renamed, keyed);
  EXPECT_EQ(post(posts_ + "/entry", renamed, keyed).header("location"), created.header("location"));
  EXPECT_EQ(put(post_, renamed, {{"Idempotency-Key", std::string(129, 'k')}}).status, 400);
  EXPECT_EQ(put(post_, renamed, {{"Idempotency-Key", ""}}).status, 400);
}

TEST_P(CollectionsConditions, AreNotPromisedWithoutTransactions) {
  serve_store({.name_policy = NamePolicy::slug, .write_mode = WriteMode::conditional});
  for (const Headers& headers :
       {if_match("\"1\""), if_match("*"), only_new, Headers{{"Idempotency-Key", "once"}}}) {
    const HttpAnswer refused = put(post_, renamed, headers);
    EXPECT_EQ(refused.status, 501) << headers[0].first;
    EXPECT_THAT(refused.body, StartsWith("Error: "));
  }
  EXPECT_EQ(post(posts_ + "/entry?ifAbsent=true", renamed).status, 501);
  EXPECT_EQ(post("/api/user/user-1/collection?ifAbsent=true", renamed).status, 501);
  EXPECT_EQ(put(post_, renamed).status, 200);
  EXPECT_EQ(remove(post_).status, 200);
}

TEST_P(CollectionsConditions, TellOfAVersionWhoWroteItAndWhy) {
  const Headers told{{"x-api-key", "second-key"}, {"X-Actor", "alice"}, {"X-Comment", "a typo"}};
  put(post_, R"({"name":"m"})", told);
  const HttpAnswer full = get(post_ + "?view=full&filter=all");
  const JsonDocument versions = json_of(full);
  ASSERT_EQ(versions.elements().size(), 2U);
  EXPECT_EQ(versions.elements()[0].find("meta")->find("by"), nullptr);
  const JsonDocument& last = versions.elements()[1];
  EXPECT_EQ(text_at(last, {"meta", "by"}), "ci/alice");
  EXPECT_EQ(text_at(last, {"meta", "message"}), "a typo");
  EXPECT_EQ(text_at(last, {"meta", "revision"}), "2");
  EXPECT_EQ(text_at(last, {"meta", "createdAt"}).substr(0, 14), "2023-11-14T22:");
  EXPECT_EQ(get(post_).body.find("alice"), std::string::npos);
  EXPECT_EQ(put(post_, renamed, {{"X-Actor", std::string(257, 'a')}}).status, 400);
  EXPECT_EQ(put(post_, renamed, {{"X-Comment", std::string(1025, 'a')}}).status, 400);
  for (const char* const header : {"X-Actor", "X-Comment", "Idempotency-Key"}) {
    EXPECT_EQ(put(post_, renamed, {{header, "\xFF"}}).status, 400) << header;
  }
}

ON_EVERY_SERVICE_KIND(CollectionsConditions);

}  // namespace
}  // namespace dynakeep
