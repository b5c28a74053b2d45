#include <algorithm>

#include "stores/event_store/storage_contract.h"

namespace dynakeep {
namespace {

using contract::customers;
using contract::event_at;
using contract::event_of;
using contract::must;
using contract::orders;
using contract::refused;
using Ids = std::vector<std::string>;

class ListingAggregates : public contract::EventStorageContract {
 protected:
  void push_five() {
    push({event_at("2023", "c"), event_at("2021", "a"), event_at("2025", "e"),
          event_at("2022", "b"), event_at("2024", "d")});
  }

  // Page after page, all with these options and the token of the one before.
  Ids paged(const ListQuery& first, const ListQuery& next = {}) {
    Ids ids;
    ListPage page = must(storage().list_aggregate_ids(orders, first));
    while (true) {
      for (const auto& each : page.aggregates) ids.push_back(each.aggregate_id);
      if (!page.next_page_token) return ids;
      ListQuery query = next;
      query.page_token = page.next_page_token;
      page = must(storage().list_aggregate_ids(orders, query));
    }
  }
};

TEST_P(ListingAggregates, IsInOrderOfTheFirstEventsTimestamp) {
  push_five();
  push({event_at("2020", "a", 2), event_at("2020", "headless", 2)});
  push({event_at("2019", "z")}, customers);
  Ids expected{"a", "b", "c", "d", "e"};
  if (is_legacy()) expected.insert(expected.begin(), "z");  // one table, one list
  EXPECT_EQ(listed(), expected);
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(listed({.reverse = true}), expected);
  const auto page = must(storage().list_aggregate_ids(orders, {.initial_event_after = "2021"}));
  EXPECT_EQ(page.aggregates.front(), (ListedAggregate{"a", "2021"}));
  EXPECT_EQ(page.next_page_token, std::nullopt);
}

TEST_P(ListingAggregates, BoundsAreInclusiveEitherWay) {
  push_five();
  EXPECT_EQ(listed({.initial_event_after = "2022"}), (Ids{"b", "c", "d", "e"}));
  EXPECT_EQ(listed({.initial_event_before = "2022"}), (Ids{"a", "b"}));
  EXPECT_EQ(listed({.initial_event_after = "2022", .initial_event_before = "2024"}),
            (Ids{"b", "c", "d"}));
  EXPECT_EQ(
      listed({.initial_event_after = "2022", .initial_event_before = "2024", .reverse = true}),
      (Ids{"d", "c", "b"}));
  EXPECT_EQ(listed({.initial_event_after = "2022", .initial_event_before = "2022"}), (Ids{"b"}));
  EXPECT_EQ(listed({.limit = 2, .initial_event_after = "2022"}), (Ids{"b", "c", "d", "e"}));
}

TEST_P(ListingAggregates, PagesCarryTheirOptionsOn) {
  push_five();
  for (std::size_t limit = 1; limit <= 6; ++limit) {
    EXPECT_EQ(paged({.limit = limit}), (Ids{"a", "b", "c", "d", "e"}));
    EXPECT_EQ(paged({.limit = limit, .reverse = true}), (Ids{"e", "d", "c", "b", "a"}));
    EXPECT_EQ(paged({.limit = limit,
                     .initial_event_after = "2022",
                     .initial_event_before = "2024",
                     .reverse = true}),
              (Ids{"d", "c", "b"}));
  }
  const auto first =
      must(storage().list_aggregate_ids(orders, {.limit = 2, .initial_event_after = "2022"}));
  const auto second =
      must(storage().list_aggregate_ids(orders, {.page_token = first.next_page_token}));
  EXPECT_EQ(contract::ids_of(second.aggregates), (Ids{"d", "e"}));
}

TEST_P(ListingAggregates, TheTokensOptionsCanBeOverridden) {
  push_five();
  const auto first = must(storage().list_aggregate_ids(orders, {.limit = 2}));
  EXPECT_EQ(contract::ids_of(must(storage().list_aggregate_ids(
                                      orders, {.limit = 1, .page_token = first.next_page_token}))
                                 .aggregates),
            Ids{"c"});
  EXPECT_EQ(contract::ids_of(
                must(storage().list_aggregate_ids(orders, {.page_token = first.next_page_token,
                                                           .initial_event_before = "2023"}))
                    .aggregates),
            Ids{"c"});
  // Back from where the token stands.
  EXPECT_EQ(
      contract::ids_of(must(storage().list_aggregate_ids(
                                orders, {.page_token = first.next_page_token, .reverse = true}))
                           .aggregates),
      Ids{"a"});
  const auto last = must(storage().list_aggregate_ids(orders, {.limit = 2, .reverse = true}));
  EXPECT_EQ(
      contract::ids_of(must(storage().list_aggregate_ids(
                                orders, {.page_token = last.next_page_token, .reverse = false}))
                           .aggregates),
      Ids{"e"});
}

TEST_P(ListingAggregates, APageThatEndsExactlyAtTheLastRowHasATokenOfAnEmptyOne) {
  push_five();
  const auto page = must(storage().list_aggregate_ids(orders, {.limit = 5}));
  EXPECT_EQ(page.aggregates.size(), 5u);
  ASSERT_TRUE(page.next_page_token);
  const auto after =
      must(storage().list_aggregate_ids(orders, {.page_token = page.next_page_token}));
  EXPECT_TRUE(after.aggregates.empty());
  EXPECT_EQ(after.next_page_token, std::nullopt);
}

TEST_P(ListingAggregates, EqualTimestampsAreNeitherSkippedNorRepeated) {
  Ids all;
  for (int i = 0; i < 23; ++i) {
    all.push_back("o-" + std::to_string(i));
    push({event_at("2021", all.back())});
  }
  EXPECT_THAT(paged({.limit = 4}), testing::UnorderedElementsAreArray(all));
  EXPECT_THAT(paged({.limit = 4, .reverse = true}), testing::UnorderedElementsAreArray(all));
}

TEST_P(ListingAggregates, ARangeGoesPastThePages) {
  push_five();
  EXPECT_EQ(listed({.limit = 2, .reverse = true}), (Ids{"e", "d", "c", "b", "a"}));
}

TEST_P(ListingAggregates, RefusesTokensThatAreNone) {
  push_five();
  for (
      const char* token :
      {"", "nope", "{", "null", "5", "[]", "{}", "\"text\"", R"({"limit":2})",
       R"({"lastEvaluatedKey":null})", R"({"lastEvaluatedKey":{}})",
       R"({"lastEvaluatedKey":{"a":{"S":"x"}}})", R"({"lastEvaluatedKey":{"a":"x"}})",
       R"({"lastEvaluatedKey":{"aggregateId":{"S":1},"eventStoreId":{"S":"ORDERS"},"timestamp":{"S":"2021"},"version":{"N":"1"}}})",
       "\xFF"}) {
    EXPECT_EQ(refused(storage().list_aggregate_ids(orders, {.page_token = token}),
                      ErrorCode::invalid_argument)
                  .message(),
              "Invalid page token")
        << token;
  }
  const auto good =
      must(storage().list_aggregate_ids(orders, {.limit = 1})).next_page_token.value();
  for (const auto& [part, other] : std::vector<std::pair<std::string, std::string>>{
           {"{\"limit\":1,", "{\"limit\":0,"},
           {"{\"limit\":1,", "{\"limit\":\"1\","},
           {"{\"limit\":1,", "{\"limit\":1.5,"},
           {"{\"limit\":1,", "{\"reverse\":1,"},
           {"{\"limit\":1,", "{\"initialEventAfter\":1,"},
           {"{\"limit\":1,", "{\"initialEventBefore\":null,"},
           {"{\"limit\":1,", "{\"more\":1,"}}) {
    ASSERT_TRUE(good.starts_with(part));
    EXPECT_EQ(refused(storage().list_aggregate_ids(
                          orders, {.page_token = other + good.substr(part.size())}),
                      ErrorCode::invalid_argument)
                  .message(),
              "Invalid page token")
        << other;
  }
}

TEST_P(ListingAggregates, RefusesBoundsAndLimitsThatMakeNoSense) {
  for (const ListQuery& query :
       {ListQuery{.limit = 0}, ListQuery{.limit = std::size_t{1} << 31},
        ListQuery{.initial_event_after = "2022", .initial_event_before = "2021"},
        ListQuery{.initial_event_after = ""}, ListQuery{.initial_event_before = "\xFF"}}) {
    refused(storage().list_aggregate_ids(orders, query), ErrorCode::invalid_argument);
  }
  refused(storage().list_aggregate_ids(""), ErrorCode::invalid_argument);
  refused(storage().list_aggregate_ids("A#B"), ErrorCode::invalid_argument);
}

ON_EVERY_STORAGE(ListingAggregates);

class ListingTables : public ListingAggregates {};

TEST_P(ListingTables, TheTokenIsCastores) {
  push_five();
  const auto page = must(storage().list_aggregate_ids(orders, {.limit = 1,
                                                               .initial_event_after = "2021",
                                                               .initial_event_before = "\xC3\xA4\"",
                                                               .reverse = false}));
  EXPECT_EQ(
      page.next_page_token,
      "{\"limit\":1,\"initialEventAfter\":\"2021\",\"initialEventBefore\":\"\xC3\xA4\\\"\","
      "\"reverse\":false,\"lastEvaluatedKey\":{" +
          std::string(is_legacy()
                          ? R"("aggregateId":{"S":"a"},"isInitialEvent":{"N":"1"},)"
                          : R"("aggregateId":{"S":"ORDERS#a"},"eventStoreId":{"S":"ORDERS"},)") +
          R"("timestamp":{"S":"2021"},"version":{"N":"1"}}})");
  EXPECT_EQ(must(storage().list_aggregate_ids(orders, {.limit = 1})).next_page_token->substr(0, 30),
            R"({"limit":1,"lastEvaluatedKey":)");
}

TEST_P(ListingTables, ATokensMembersMayComeInAnyOrder) {
  push_five();
  const std::string partition =
      is_legacy() ? R"("isInitialEvent":{"N":"1"})" : R"("eventStoreId":{"S":"ORDERS"})";
  const auto page = must(storage().list_aggregate_ids(
      orders, {.page_token = R"({"lastEvaluatedKey":{"version":{"N":"1"},)" + partition +
                             R"(,"timestamp":{"S":"2022"},"aggregateId":{"S":")" + stored_key("b") +
                             R"("}},"reverse":true,"limit":5})"}));
  EXPECT_EQ(contract::ids_of(page.aggregates), Ids{"a"});
}

TEST_P(ListingTables, ATokenOfAnotherStoreIsRefused) {
  if (is_legacy()) return;  // the format does not tell stores apart
  push({event_at("2021", "a"), event_at("2022", "b")}, customers);
  const auto page = must(storage().list_aggregate_ids(customers, {.limit = 1}));
  refused(storage().list_aggregate_ids(orders, {.page_token = page.next_page_token}),
          ErrorCode::invalid_argument);
}

TEST_P(ListingTables, ATokenOfTheOtherFormatIsRefused) {
  push_five();
  const std::string legacy =
      R"({"lastEvaluatedKey":{"isInitialEvent":{"N":"1"},"aggregateId":{"S":"a"},"version":{"N":"1"},"timestamp":{"S":"2021"}}})";
  const std::string single =
      R"({"lastEvaluatedKey":{"eventStoreId":{"S":"ORDERS"},"aggregateId":{"S":"ORDERS#a"},"version":{"N":"1"},"timestamp":{"S":"2021"}}})";
  refused(storage().list_aggregate_ids(orders, {.page_token = is_legacy() ? single : legacy}),
          ErrorCode::invalid_argument);
  must(storage().list_aggregate_ids(orders, {.page_token = is_legacy() ? legacy : single}));
}

ON_EVERY_TABLE(ListingTables);

}  // namespace
}  // namespace dynakeep
