#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "contract/database_contract.h"
#include "dynakeep/pages.h"
#include "dynakeep/stores/stream_dead_letters.h"

// Dead letters in a table, on every kind of Database.
namespace dynakeep {
namespace {

using contract::must;
using testing::ElementsAre;
using testing::IsEmpty;

StreamDeadLetter letter_of(const std::string& number, const std::string& label = "L",
                           std::size_t image_bytes = 10) {
  return {
      .stream_arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/" + label,
      .group = "g",
      .shard_id = "shardId-1",
      .record = {.event_name = "MODIFY",
                 .dynamodb = {.keys = Item{{"k", "a"}},
                              .new_image = Item{{"k", "a"}, {"t", std::string(image_bytes, 'n')}},
                              .old_image = Item{{"k", "a"}, {"t", std::string(image_bytes, 'o')}},
                              .sequence_number = number}},
      .attempts = 5,
      .first_failure = Time(std::chrono::milliseconds(1'795'227'763'548)),
      .last_failure = Time(std::chrono::milliseconds(1'795'227'764'000)),
      .error = "no"};
}

class DeadLetterTables : public contract::DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    table = unused_name();
    letters = must(open_stream_dead_letter_table(database(), {.table_name = table}));
  }
  std::vector<std::string> numbers() {
    std::vector<std::string> found;
    const auto figures = must(letters->for_each([&](const StreamDeadLetter& letter) {
      found.push_back(letter.record.dynamodb.sequence_number);
      return true;
    }));
    EXPECT_EQ(figures.damaged, 0u);
    return found;
  }
  std::vector<Item> items() {
    std::vector<Item> all;
    must(for_each_item(database(), ScanRequest{.table_name = table}, [&](Item&& item) {
      all.push_back(std::move(item));
      return true;
    }));
    return all;
  }

  std::string table;
  std::unique_ptr<StreamDeadLetters> letters;
};

TEST_P(DeadLetterTables, KeepTheLettersOfAStreamInTheOrderOfTheirNumbers) {
  EXPECT_THAT(numbers(), IsEmpty());
  for (const char* number : {"100000000000000000000000", "999999999999999999999", "5"}) {
    must(letters->add(letter_of(number)));
  }
  EXPECT_THAT(numbers(), ElementsAre("5", "999999999999999999999", "100000000000000000000000"));
  const Item item = items().front();
  EXPECT_EQ(item.at("pk"),
            AttributeValue("g#arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/L#letters"));
  EXPECT_EQ(item.at("sk"), AttributeValue(std::string(39, '0') + "5#shardId-1"));
  EXPECT_EQ(item.at("letter"), AttributeValue(to_json(letter_of("5"))));
}

TEST_P(DeadLetterTables, HaveALetterOfARecordOnce) {
  must(letters->add(letter_of("5")));
  must(letters->add(letter_of("5")));
  must(letters->add(letter_of("5", "Another")));
  EXPECT_THAT(numbers(), ElementsAre("5", "5"));
}

TEST_P(DeadLetterTables, CutLettersThatAreLongerThanAnItem) {
  constexpr std::size_t most = 390 << 10;
  const StreamDeadLetter large = letter_of("7", "L", most);
  must(letters->add(large));
  EXPECT_EQ(items().size(), 3u);
  must(letters->add(large));  // in its own place, with nothing left of the former
  EXPECT_EQ(items().size(), 3u);
  must(letters->for_each([&](const StreamDeadLetter& letter) {
    EXPECT_EQ(to_json(letter), to_json(large));
    return true;
  }));
  const auto figures =
      must(letters->replay([](const StreamBatch&) { return StreamOutcome::ok(); }));
  EXPECT_EQ(figures.handled, 1u);
  EXPECT_THAT(items(), IsEmpty());
}

TEST_P(DeadLetterTables, ReplayRemovesWhatIsHandledAndKeepsWhatFails) {
  for (const char* number : {"1", "2", "3"}) must(letters->add(letter_of(number)));
  ManualClock clock;
  std::vector<std::string> seen;
  const auto figures = must(letters->replay(
      [&](const StreamBatch& batch) {
        seen.push_back(batch.records.front().dynamodb.sequence_number);
        return seen.back() == "2" ? StreamOutcome::failed("still no") : StreamOutcome::ok();
      },
      {.clock = &clock}));
  EXPECT_EQ(figures.handled, 2u);
  EXPECT_EQ(figures.failed, 1u);
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));
  EXPECT_THAT(numbers(), ElementsAre("2"));
  must(letters->for_each([&](const StreamDeadLetter& letter) {
    EXPECT_EQ(letter.attempts, 6u);
    EXPECT_EQ(letter.error, "still no");
    EXPECT_EQ(letter.last_failure, clock.now());
    return true;
  }));
}

TEST_P(DeadLetterTables, ReplayEndsWhereItIsTold) {
  for (const char* number : {"1", "2", "3"}) must(letters->add(letter_of(number)));
  const auto refusing =
      must(letters->replay([](const StreamBatch&) { return StreamOutcome::fatal("no more"); }));
  EXPECT_TRUE(refusing.was_stopped);
  EXPECT_EQ(refusing.handled, 0u);
  std::stop_source stop;
  const auto stopped =
      must(letters->replay([](const StreamBatch&) { return StreamOutcome::ok(); },
                           {.only =
                                [](const StreamDeadLetter& letter) {
                                  return letter.record.dynamodb.sequence_number != "1";
                                },
                            .stop = stop.get_token(),
                            .on_progress = [&] { stop.request_stop(); }}));
  EXPECT_TRUE(stopped.was_stopped);
  EXPECT_THAT(numbers(), ElementsAre("1", "3"));
}

TEST_P(DeadLetterTables, ShareATableWithOtherThings) {
  must(letters->add(letter_of("1")));
  must(database().put_item({.table_name = table, .item = Item{{"pk", "a"}, {"sk", "b"}}}));
  must(database().put_item(
      {.table_name = table, .item = Item{{"pk", "a"}, {"sk", "c"}, {"letter", 5}}}));
  const auto figures = must(letters->for_each([](const StreamDeadLetter&) { return true; }));
  EXPECT_EQ(figures.letters, 1u);
  EXPECT_EQ(figures.damaged, 1u);
  must(letters->replay([](const StreamBatch&) { return StreamOutcome::ok(); }));
  EXPECT_EQ(items().size(), 2u);
}

TEST_P(DeadLetterTables, AreRefusedWhereTheTableIsAnotherOrNone) {
  const std::string other = unused_name();
  contract::refused(
      open_stream_dead_letter_table(database(), {.table_name = other, .create_if_missing = false}),
      ErrorCode::resource_not_found);
  must(create_table_and_wait(
      database(),
      {.table_name = other,
       .attribute_definitions = std::vector<AttributeDefinition>{{"pk", ScalarType::string}},
       .key_schema = KeySchema{{"pk", KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request}));
  const Error error =
      contract::refused(open_stream_dead_letter_table(database(), {.table_name = other}),
                        ErrorCode::invalid_argument);
  EXPECT_THAT(error.message(), testing::HasSubstr("pk (partition, string), sk (sort, string)"));
}

INSTANTIATE_TEST_SUITE_P(Stores, DeadLetterTables, testing::ValuesIn(contract::kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace dynakeep
