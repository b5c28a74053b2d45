#include "services/versioned_collections/collections_service.h"

// Several changes to a collection's entries in one request.
namespace dynakeep {
namespace {

using contract::Headers;
using contract::HttpAnswer;
using contract::json_of;
using contract::names_of;
using contract::text_at;
using testing::ElementsAre;
using testing::HasSubstr;

class CollectionsBatch : public contract::CollectionsService {
 protected:
  void SetUp() override {
    CollectionsService::SetUp();
    posts_ = collection();
  }

  HttpAnswer batch(const std::string& operations, bool atomic = false, Headers headers = {}) {
    return post(posts_ + "/batch",
                std::string(R"({"atomic":)") + (atomic ? "true" : "false") + R"(,"operations":[)" +
                    operations + "]}",
                std::move(headers));
  }
  static std::vector<JsonDocument> results_of(const HttpAnswer& answer) {
    const JsonDocument body = json_of(answer);
    const JsonDocument* const results = body.find("results");
    return results == nullptr ? std::vector<JsonDocument>() : results->elements();
  }
  static std::vector<std::string> statuses_of(const HttpAnswer& answer) {
    std::vector<std::string> statuses;
    for (const JsonDocument& each : results_of(answer)) {
      const std::string error = text_at(each, {"error"});
      statuses.push_back(text_at(each, {"status"}) + (error.empty() ? "" : " " + error));
    }
    return statuses;
  }
  // The id of a new one.
  std::string new_entry(const std::string& body) {
    const std::string path = entry(posts_, body);
    return path.substr(path.rfind('/') + 1);
  }
  std::string read(const std::string& id) { return get(posts_ + "/entry/" + id).body; }
  void expect_refusal(const HttpAnswer& answer, int status, const std::string& code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(text_at(json_of(answer), {"error"}), code) << answer.body;
  }

  std::string posts_;
};

TEST_P(CollectionsBatch, DoesWhatItsOperationsSay) {
  for (const bool atomic : {false, true}) {
    const std::string changed = new_entry(R"({"name":"old","value":{"n":1}})");
    const std::string removed = new_entry(R"({"name":"removed"})");
    const std::string undeleted = new_entry(R"({"name":"undeleted"})");
    remove(posts_ + "/entry/" + undeleted);
    const std::string restored = new_entry(R"({"name":"first"})");
    put(posts_ + "/entry/" + restored, R"({"name":"second"})");

    const HttpAnswer answer = batch(R"({"op":"create","name":"new","value":[1]},)"
                                    R"({"op":"update","entry":")" +
                                        changed +
                                        R"(","value":{"n":2}},)"
                                        R"({"op":"delete","entry":")" +
                                        removed +
                                        R"("},)"
                                        R"({"op":"restore","entry":")" +
                                        undeleted +
                                        R"("},)"
                                        R"({"op":"restore","entry":")" +
                                        restored + R"(","revision":1})",
                                    atomic, {{"X-Comment", "together"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_THAT(statuses_of(answer), ElementsAre("201", "200", "200", "200", "200"));
    const auto results = results_of(answer);
    const std::string created = text_at(results[0], {"entry"});
    EXPECT_THAT(read(created), HasSubstr(R"("name":"new","value":[1])"));
    EXPECT_THAT(read(created), HasSubstr(R"("version":)" + text_at(results[0], {"version"})));
    EXPECT_EQ(text_at(results[0], {"revision"}), "1");
    EXPECT_EQ(text_at(results[1], {"entry"}), changed);
    EXPECT_EQ(text_at(results[1], {"revision"}), "2");
    EXPECT_THAT(read(changed), HasSubstr(R"("name":"old","value":{"n":2})"));
    EXPECT_EQ(read(removed), "");
    EXPECT_THAT(read(undeleted), HasSubstr(R"("name":"undeleted")"));
    EXPECT_THAT(read(restored), HasSubstr(R"("name":"first")"));
    EXPECT_THAT(get(posts_ + "/entry/" + created + "/version").body,
                HasSubstr(R"("message":"together")"));
  }
}

TEST_P(CollectionsBatch, TellsOfEachOperationWhatBecameOfIt) {
  const std::string live = new_entry(R"({"name":"live"})");
  const std::string deleted = new_entry(R"({"name":"deleted"})");
  remove(posts_ + "/entry/" + deleted);
  const HttpAnswer answer = batch(R"({"op":"create"},)"
                                  R"({"op":"create","name":"fine"},)"
                                  R"({"op":"create","name":"x","value":"text"},)"
                                  R"({"op":"update","entry":"nothing","name":"x"},)"
                                  R"({"op":"delete","entry":")" +
                                  deleted +
                                  R"("},)"
                                  R"({"op":"update","entry":")" +
                                  live + R"(","name":"x","ifMatch":1})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(statuses_of(answer), ElementsAre("400 invalid", "201", "400 invalid", "404 not_found",
                                               "404 deleted", "412 precondition_failed"));
  EXPECT_EQ(text_at(results_of(answer)[0], {"message"}), "Entry name or value required");
  EXPECT_EQ(text_at(results_of(answer)[3], {"entry"}), "nothing");
  EXPECT_THAT(names_of(get(posts_ + "/entry")), ElementsAre("live", "fine"));
}

TEST_P(CollectionsBatch, ThatIsAtomicWritesAllOrNothing) {
  const std::string live = new_entry(R"({"name":"live"})");
  const HttpAnswer missing =
      batch(R"({"op":"create","name":"new"},{"op":"update","entry":"nothing","name":"x"})", true);
  EXPECT_EQ(missing.status, 409);
  EXPECT_THAT(statuses_of(missing), ElementsAre("424", "404 not_found"));
  const HttpAnswer stale = batch(R"({"op":"create","name":"new"},{"op":"update","entry":")" + live +
                                     R"(","name":"x","ifMatch":1})",
                                 true);
  EXPECT_EQ(stale.status, 412);
  EXPECT_THAT(statuses_of(stale), ElementsAre("424", "412 precondition_failed"));
  const HttpAnswer invalid = batch(
      R"({"op":"create","name":"new"},{"op":"create"},{"op":"delete","entry":")" + live + R"("})",
      true);
  EXPECT_EQ(invalid.status, 409);
  EXPECT_THAT(statuses_of(invalid), ElementsAre("424", "400 invalid", "424"));
  EXPECT_EQ(text_at(results_of(invalid)[2], {"entry"}), live);
  EXPECT_THAT(names_of(get(posts_ + "/entry?filter=all")), ElementsAre("live"));
}

TEST_P(CollectionsBatch, OperationsHaveConditions) {
  const std::string id = new_entry(R"({"name":"1"})");
  const std::string tag = get(posts_ + "/entry/" + id).header("etag");
  const std::string version = tag.substr(1, tag.size() - 2);
  const auto renamed = [&](const std::string& condition) {
    return batch(R"({"op":"update","entry":")" + id + R"(","name":"2","ifMatch":)" + condition +
                 "}");
  };
  EXPECT_THAT(statuses_of(renamed("1")), ElementsAre("412 precondition_failed"));
  EXPECT_THAT(statuses_of(renamed(version)), ElementsAre("200"));
  EXPECT_THAT(statuses_of(renamed(version)), ElementsAre("412 precondition_failed"));
  EXPECT_THAT(statuses_of(renamed(R"("*")")), ElementsAre("200"));
  const HttpAnswer removed = batch(R"({"op":"delete","entry":")" + id + R"("})");
  const std::string last = text_at(results_of(removed)[0], {"version"});
  EXPECT_THAT(statuses_of(renamed(last)), ElementsAre("412 precondition_failed"));
  // Of what is restored the number alone says enough, and its tag does too.
  EXPECT_THAT(statuses_of(batch(R"({"op":"restore","entry":")" + id + R"(","ifMatch":1})")),
              ElementsAre("412 precondition_failed"));
  EXPECT_THAT(
      statuses_of(batch(R"({"op":"restore","entry":")" + id + R"(","ifMatch":)" + last + "}")),
      ElementsAre("200"));
  const HttpAnswer again = batch(R"({"op":"delete","entry":")" + id + R"("})");
  const std::string its_tag = R"("\")" + text_at(results_of(again)[0], {"version"}) + R"(.d\"")";
  EXPECT_THAT(
      statuses_of(batch(R"({"op":"restore","entry":")" + id + R"(","ifMatch":)" + its_tag + "}")),
      ElementsAre("200"));
}

TEST_P(CollectionsBatch, ThatMakesNoSenseIsRefusedAsAWhole) {
  const std::string id = new_entry(R"({"name":"n"})");
  for (const std::string& operations :
       {std::string(), std::string(R"({"op":"write","name":"x"})"), std::string(R"({"name":"x"})"),
        std::string("5"), std::string("null"), std::string(R"({"op":"update","name":"x"})"),
        std::string(R"({"op":"update","entry":"","name":"x"})"),
        std::string(R"({"op":"update","entry":5,"name":"x"})"),
        std::string(R"({"op":"create","entry":"chosen","name":"x"})"),
        std::string(R"({"op":"create","name":"x","ifMatch":1})"),
        R"({"op":"delete","entry":")" + id + R"(","ifMatch":1.5})",
        R"({"op":"delete","entry":")" + id + R"(","ifMatch":true})",
        R"({"op":"restore","entry":")" + id + R"(","version":1,"revision":1})",
        R"({"op":"delete","entry":")" + id + R"("},{"op":"update","entry":")" + id +
            R"(","name":"x"})"}) {
    expect_refusal(batch(operations), 400, "invalid");
    expect_refusal(batch(operations, true), 400, "invalid");
  }
  for (const char* const body :
       {"{}", "[]", R"({"operations":{}})",
        R"({"atomic":1,"operations":[{"op":"create","name":"x"}]})", "{bad"}) {
    expect_refusal(post(posts_ + "/batch", body), 400, "invalid");
  }
  expect_refusal(batch(R"({"op":"create","name":"x"})", false, {{"Idempotency-Key", "k"}}), 400,
                 "invalid");
  EXPECT_THAT(names_of(get(posts_ + "/entry?filter=all")), ElementsAre("n"));
}

TEST_P(CollectionsBatch, HasAtMostFiftyOperations) {
  std::string operations = R"({"op":"create","name":"0"})";
  for (int i = 1; i < 50; ++i)
    operations += R"(,{"op":"create","name":")" + std::to_string(i) + R"("})";
  for (const bool atomic : {false, true}) {
    const HttpAnswer answer = batch(operations, atomic);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(statuses_of(answer), std::vector<std::string>(50, "201"));
    expect_refusal(batch(operations + R"(,{"op":"create","name":"50"})", atomic), 400, "invalid");
  }
  EXPECT_EQ(names_of(get(posts_ + "/entry")).size(), 100U);
}

TEST_P(CollectionsBatch, MayBeLargerThanOtherBodies) {
  const std::string value(90'000, 'x');
  std::string operations;
  for (int i = 0; i < 20; ++i) {
    operations +=
        std::string(i == 0 ? "" : ",") + R"({"op":"create","value":[")" + value + R"("]})";
  }
  const HttpAnswer answer = batch(operations);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(statuses_of(answer), std::vector<std::string>(20, "201"));
  const std::string start = R"({"operations":[{"op":"create","name":"x"}],"rest":")";
  const std::size_t room = (std::size_t{4} << 20) - start.size() - 2;
  EXPECT_EQ(post(posts_ + "/batch", start + std::string(room, 'x') + "\"}").status, 200);
  expect_refusal(post(posts_ + "/batch", start + std::string(room + 1, 'x') + "\"}"), 413,
                 "invalid");
}

TEST_P(CollectionsBatch, TakesThePermissionsOfItsOperations) {
  const std::string id = new_entry(R"({"name":"n"})");
  expect_refusal(batch(R"({"op":"create","name":"x"})", false, {{"x-api-key", "reader"}}), 403,
                 "forbidden");
  expect_refusal(batch(R"({"op":"create","name":"x"},{"op":"delete","entry":")" + id + R"("})",
                       false, {{"x-api-key", "writer"}}),
                 403, "forbidden");
  EXPECT_EQ(batch(R"({"op":"create","name":"x"})", false, {{"x-api-key", "writer"}}).status, 200);
  expect_refusal(batch(R"({"op":"create","name":"x"})", false, {{"x-api-key", "other-key"}}), 404,
                 "not_found");
  EXPECT_THAT(names_of(get(posts_ + "/entry")), ElementsAre("n", "x"));
}

TEST_P(CollectionsBatch, OfAnUnknownCollectionIsNotFound) {
  expect_refusal(post("/api/user/user-1/collection/nothing/batch",
                      R"({"operations":[{"op":"create","name":"x"}]})"),
                 404, "not_found");
}

TEST_P(CollectionsBatch, NamesStatesWhereTheServiceAsksForIt) {
  const std::string id = new_entry(R"({"name":"n"})");
  serve({.require_if_match = true});
  for (const char* const op : {"update", "delete"}) {
    const std::string start =
        std::string(R"({"op":")") + op + R"(","entry":")" + id + R"(","name":"m")";
    expect_refusal(batch(start + "}"), 428, "precondition_required");
    EXPECT_THAT(statuses_of(batch(start + R"(,"ifMatch":"*"})")), ElementsAre("200"));
  }
  EXPECT_EQ(batch(R"({"op":"restore","entry":")" + id + R"("},{"op":"create","name":"x"})").status,
            200);
}

TEST_P(CollectionsBatch, WithoutTransactionsIsNotAtomic) {
  serve_store({.name_policy = NamePolicy::slug, .write_mode = WriteMode::conditional});
  expect_refusal(batch(R"({"op":"create","name":"x"})", true), 501, "unsupported");
  expect_refusal(batch(R"({"op":"delete","entry":"x","ifMatch":1})"), 501, "unsupported");
  EXPECT_THAT(statuses_of(batch(R"({"op":"create","name":"x"})")), ElementsAre("201"));
}

TEST_P(CollectionsBatch, AFailureBelowIsToldAsSuch) {
  const std::string id = new_entry(R"({"name":"n"})");
  const std::string operations =
      R"({"op":"create","name":"x"},{"op":"update","entry":")" + id + R"(","name":"m"})";
  database().stop();
  expect_refusal(batch(operations, true), 502, "backend");
  const HttpAnswer one_by_one = batch(operations);
  EXPECT_EQ(one_by_one.status, 200);
  EXPECT_THAT(statuses_of(one_by_one), ElementsAre("502 backend", "502 backend"));
  database().start();
  EXPECT_THAT(names_of(get(posts_ + "/entry")), ElementsAre("n"));
}

ON_EVERY_SERVICE_KIND(CollectionsBatch);

}  // namespace
}  // namespace dynakeep
