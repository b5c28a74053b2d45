#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/collections_client.h"
#include "clients/dynamodb_mini.h"

// The client on dynamodb-mini's server: what the README of that promises, and what cannot be had.
namespace dynakeep::clients {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

CollectionsClient client(std::string key = "my-api-key") {
  return make_collections_client(
             {.base_url = "http://127.0.0.1:3000", .api_key = std::move(key), .attempts_max = 1},
             std::make_unique<DynamodbMini>())
      .value();
}

TEST(ClientOnDynamodbMini, DoesWhatTheReadmePromises) {
  const CollectionsClient store = client();
  RemoteCollection posts = store.create("user 1", {.name = "posts"}).value();
  EXPECT_EQ(store.create("user 1", {.name = "posts"}).value().id(), posts.id());
  EXPECT_NE(store.create_another("user 1", {.name = "posts"}).value().id(), posts.id());
  EXPECT_THAT(store.get().value(), SizeIs(2));
  EXPECT_THAT(store.get_by_user("user 1").value(), SizeIs(2));
  EXPECT_THAT(store.get_by_user("nobody").value(), IsEmpty());

  const RemoteEntry added = posts.add({.name = "hello", .value = R"({"n":1.50})"}).value();
  EXPECT_EQ(posts.get_or_add({.name = "hello", .value = "7"}).value().id(), added.id());
  EXPECT_EQ(posts.fetch_entry("hello").value().id(), added.id());
  EXPECT_EQ(posts.fetch_entry(added.id()).value().value()->to_text(), R"({"n":1.50})");
  EXPECT_THAT(posts.get({.name = "other"}).value(), IsEmpty());

  RemoteEntry entry = added;
  ASSERT_TRUE(entry.update({.name = "renamed"}));  // whose value that server would forget
  EXPECT_EQ(posts.fetch_entry("renamed").value().value()->to_text(), R"({"n":1.50})");
  ASSERT_TRUE(entry.update({.value = "2"}));
  ASSERT_TRUE(entry.refresh());
  EXPECT_EQ(entry.name(), "renamed");

  ASSERT_TRUE(entry.destroy());
  EXPECT_EQ(entry.destroy().error().code(), ErrorCode::not_found);
  EXPECT_THAT(posts.get().value(), IsEmpty());
  EXPECT_THAT(posts.get({.filter = VersionFilter::current}).value(), SizeIs(1));
  ASSERT_TRUE(entry.refresh());
  EXPECT_TRUE(entry.is_deleted());

  ASSERT_TRUE(posts.update({.name = "new name"}));
  ASSERT_TRUE(posts.destroy());
  EXPECT_THAT(store.get().value(), SizeIs(1));
}

TEST(ClientOnDynamodbMini, ShowsTheHistoryThatThereIs) {
  const RemoteCollection posts = client().create("u", {.name = "posts"}).value();
  RemoteEntry entry = posts.add({.name = "a", .value = "1"}).value();
  const Millis first = entry.version();
  ASSERT_TRUE(entry.update({.value = "2"}));
  ASSERT_TRUE(entry.update({.name = "b"}));
  const HistoryPage page = entry.history().value();
  ASSERT_THAT(page.versions, SizeIs(3));
  EXPECT_EQ(page.versions[2].value->to_text(), "1");
  EXPECT_TRUE(page.versions[0].is_newest);
  EXPECT_EQ(entry.version(VersionReference::revision(2)).value().value->to_text(), "2");
  EXPECT_EQ(entry.at(first).value().value->to_text(), "1");
  EXPECT_EQ(entry.diff(VersionReference::first(), VersionReference::last()).value().patch,
            R"([{"op":"replace","path":"","value":2}])");
  EXPECT_EQ(posts.history().value().versions.size(), 1u);
}

TEST(ClientOnDynamodbMini, SaysWhatCannotBeDoneAndDoesNothing) {
  const CollectionsClient store = client();
  RemoteCollection posts = store.create("u", {.name = "posts"}).value();
  RemoteEntry entry = posts.add({.name = "a", .value = "1"}).value();
  const auto code = [](const auto& result) { return result.error().code(); };
  EXPECT_EQ(code(entry.update({.value = "2"}, {.if_match = entry.tag()})), ErrorCode::unsupported);
  EXPECT_EQ(code(entry.update({.value = "2"}, {.idempotency_key = "k"})), ErrorCode::unsupported);
  EXPECT_EQ(code(entry.destroy({.if_live = true})), ErrorCode::unsupported);
  EXPECT_EQ(code(entry.merge("{}")), ErrorCode::unsupported);
  EXPECT_EQ(code(entry.restore(VersionReference::first())), ErrorCode::unsupported);
  EXPECT_EQ(code(entry.purge({.keep_last = 1})), ErrorCode::unsupported);
  EXPECT_EQ(code(posts.get({.at = 1})), ErrorCode::unsupported);
  EXPECT_EQ(code(posts.batch({BatchOperation::remove(entry.id())}, false)), ErrorCode::unsupported);
  EXPECT_EQ(code(posts.changes(0)), ErrorCode::unsupported);
  EXPECT_EQ(code(posts.restore_with_entries(1)), ErrorCode::unsupported);
  EXPECT_EQ(posts.fetch_entry("a").value().value()->to_text(), "1");
  EXPECT_THAT(entry.history().value().versions, SizeIs(1));

  EXPECT_FALSE(store.capabilities().value().is_extended);
  EXPECT_EQ(code(client("wrong").get()), ErrorCode::access_denied);
  EXPECT_EQ(code(posts.add({})), ErrorCode::invalid_argument);
  EXPECT_EQ(code(posts.fetch_entry("01ea4da3-e618-4f5b-9171-3c4907d850b6",
                                   {.filter = VersionFilter::current})),
            ErrorCode::not_found);
}

}  // namespace
}  // namespace dynakeep::clients
