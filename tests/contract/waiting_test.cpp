#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/embedded.h"
#include "dynakeep/engine_admin.h"
#include "dynakeep/server.h"
#include "server/request_handler.h"
#include "support/http_client.h"
#include "wire/extensions.h"

namespace dynakeep::contract {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_wait = 20'000ms;

StreamSpecification whole_items() {
  return {.stream_enabled = true, .stream_view_type = StreamViewType::new_and_old_images};
}

// GetRecords that waits.
class Waiting : public DatabaseContract {
 protected:
  void SetUp() override {
    DatabaseContract::SetUp();
    if (!capabilities().long_poll) GTEST_SKIP() << "no long poll";
    auto request = table_of("id");
    request.stream_specification = whole_items();
    table_ = create(request);
    arn_ = must(database().describe_table({.table_name = table_})).table.latest_stream_arn.value();
  }

  std::vector<StreamShard> shards() {
    return must(database().describe_stream({.stream_arn = arn_})).stream_description.shards;
  }
  std::string iterator(ShardIteratorType type) {
    return must(database().get_shard_iterator({.stream_arn = arn_,
                                               .shard_id = shards().at(0).shard_id,
                                               .shard_iterator_type = type}))
        .shard_iterator.value();
  }

  std::string table_;
  std::string arn_;
};

TEST_P(Waiting, EndsWithTheFirstRecord) {
  const std::string tip = iterator(ShardIteratorType::latest);
  auto page = std::async(std::launch::async, [&] {
    return database().get_records({.shard_iterator = tip, .wait = longest_wait});
  });
  put(table_, {{"id", "a"}});
  const auto found = must(page.get());
  ASSERT_EQ(found.records.size(), 1u);
  EXPECT_EQ(found.records[0].dynamodb.keys, (Item{{"id", "a"}}));
  EXPECT_TRUE(found.next_shard_iterator);
}

TEST_P(Waiting, TakesNoTimeWhereThereIsSomething) {
  put(table_, {{"id", "a"}});
  const auto page = must(database().get_records(
      {.shard_iterator = iterator(ShardIteratorType::trim_horizon), .wait = longest_wait}));
  EXPECT_EQ(page.records.size(), 1u);
}

TEST_P(Waiting, EndsWithNothingWhenItsTimeIsOver) {
  const std::string tip = iterator(ShardIteratorType::latest);
  const auto page = must(
      database().get_records({.shard_iterator = tip, .wait = 20ms, .want_stream_point = true}));
  EXPECT_TRUE(page.records.empty());
  EXPECT_TRUE(page.next_shard_iterator);
  EXPECT_TRUE(page.stream_point);
}

TEST_P(Waiting, EndsWithItsShard) {
  ASSERT_NE(database().admin(), nullptr);
  const std::string tip = iterator(ShardIteratorType::latest);
  auto page = std::async(std::launch::async, [&] {
    return database().get_records({.shard_iterator = tip, .wait = longest_wait});
  });
  must(database().admin()->roll_shards({.stream_arn = arn_}));
  const auto found = must(page.get());
  EXPECT_TRUE(found.records.empty());
  EXPECT_FALSE(found.next_shard_iterator);
}

TEST_P(Waiting, EndsWhenTheTableGoes) {
  const std::string tip = iterator(ShardIteratorType::latest);
  auto page = std::async(std::launch::async, [&] {
    return database().get_records({.shard_iterator = tip, .wait = longest_wait});
  });
  must(database().delete_table({.table_name = table_}));
  EXPECT_FALSE(must(page.get()).next_shard_iterator);
}

TEST_P(Waiting, IsNotEndedByChangesOfOthers) {
  auto request = table_of("id");
  request.stream_specification = whole_items();
  const auto other = create(request);
  const std::string tip = iterator(ShardIteratorType::latest);
  auto page = std::async(std::launch::async, [&] {
    return database().get_records({.shard_iterator = tip, .wait = longest_wait});
  });
  put(other, {{"id", "x"}});
  put(table_, {{"id", "a"}});
  const auto found = must(page.get());
  ASSERT_EQ(found.records.size(), 1u);
  EXPECT_EQ(found.records[0].dynamodb.keys, (Item{{"id", "a"}}));
}

TEST_P(Waiting, MissesNothingOfWhatIsWrittenMeanwhile) {
  constexpr int count = 300;
  std::string at = iterator(ShardIteratorType::latest);
  std::thread writer([&] {
    for (int n = 0; n < count; ++n) put(table_, {{"id", padded(n)}});
  });
  std::vector<std::string> seen;
  while (seen.size() < count) {
    const auto page =
        database().get_records({.shard_iterator = at, .limit = 7, .wait = longest_wait});
    if (!page || page->records.empty()) break;
    for (const ChangeRecord& record : page->records) {
      seen.push_back(*record.dynamodb.keys.find("id")->get_if<std::string>());
    }
    at = page->next_shard_iterator.value();
  }
  writer.join();
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(count));
  for (int n = 0; n < count; ++n) EXPECT_EQ(seen[static_cast<std::size_t>(n)], padded(n));
}

TEST_P(Waiting, IsRefusedBeyondItsBounds) {
  const std::string tip = iterator(ShardIteratorType::latest);
  for (const auto wait : {-1ms, 20'001ms}) {
    refused(database().get_records({.shard_iterator = tip, .wait = wait}), ErrorCode::validation);
  }
  refused(database().get_records({.shard_iterator = "none", .wait = longest_wait}),
          ErrorCode::validation);
}

ON_EVERY_KIND(Waiting);

// ---- what a server does with it ----

using support::HttpAnswer;

class HeldOnAServer : public testing::Test {
 protected:
  void SetUp() override {
    database_ = must(open_embedded({.in_memory = true}));
    CreateTableRequest request = table_of("id");
    request.table_name = "Songs";
    request.stream_specification = whole_items();
    arn_ = must(database_->create_table(request)).table_description.latest_stream_arn.value();
    const auto shard = must(database_->describe_stream({.stream_arn = arn_}))
                           .stream_description.shards.at(0)
                           .shard_id;
    tip_ = must(database_->get_shard_iterator({.stream_arn = arn_,
                                               .shard_id = shard,
                                               .shard_iterator_type = ShardIteratorType::latest}))
               .shard_iterator.value();
  }

  static http::HttpRequest request(std::string_view operation, std::string body,
                                   const std::vector<std::pair<std::string, std::string>>& more) {
    http::HttpRequest request{.method = "POST", .target = "/", .body = std::move(body)};
    for (const auto& [name, value] : support::operation_headers(operation)) {
      request.headers.add(name, value);
    }
    if (operation != "PutItem") {
      request.headers.set("X-Amz-Target", "DynamoDBStreams_20120810." + std::string(operation));
    }
    for (const auto& [name, value] : more) request.headers.add(name, value);
    return request;
  }
  http::HttpRequest get_records(const std::string& wait_ms) const {
    return request("GetRecords", R"({"ShardIterator":")" + tip_ + R"("})",
                   {{"x-engine-wait-ms", wait_ms}, {"x-engine-want-position", "1"}});
  }

  std::unique_ptr<Database> database_;
  std::string arn_;
  std::string tip_;
};

TEST_F(HeldOnAServer, ARequestIsHeldWithoutAThread) {
  const server::RequestHandler handler(*database_, {});
  const auto held = handler.answer(get_records("20000"));
  ASSERT_NE(held.late, nullptr);
  EXPECT_EQ(held.late->patience(), 20s);
  bool woken = false;
  EXPECT_FALSE(held.late->take([&] { woken = true; }));
  must(database_->put_item({.table_name = "Songs", .item = Item{{"id", "a"}}}));
  EXPECT_TRUE(woken);
  const auto answer = held.late->take([] {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(answer->body.find(R"("INSERT")"), std::string::npos);
  EXPECT_EQ(answer->headers.find(wire::stream_arn_header), arn_);
  EXPECT_EQ(answer->headers.find(wire::position_header).value().size(), 21u);
  EXPECT_TRUE(answer->headers.find("x-amz-crc32"));
}

TEST_F(HeldOnAServer, AFinishedRequestIsAnsweredWithWhatThereIs) {
  const server::RequestHandler handler(*database_, {});
  const auto held = handler.answer(get_records("20000"));
  ASSERT_NE(held.late, nullptr);
  EXPECT_FALSE(held.late->take([] {}));
  held.late->finish();
  const auto answer = held.late->take([] {});
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->body.find(R"("Records":[])"), std::string::npos);
  EXPECT_NE(answer->body.find("NextShardIterator"), std::string::npos);
}

TEST_F(HeldOnAServer, MoreThanAThousandAreAnsweredAtOnce) {
  const server::RequestHandler handler(*database_, {});
  std::vector<http::HttpResponse> held;
  for (int i = 0; i < 1000; ++i) {
    held.push_back(handler.answer(get_records("20000")));
    ASSERT_NE(held.back().late, nullptr) << i;
  }
  const auto one_more = handler.answer(get_records("20000"));
  EXPECT_EQ(one_more.late, nullptr);
  EXPECT_NE(one_more.body.find(R"("Records":[])"), std::string::npos);
  // One that is over makes place for another.
  held.pop_back();
  EXPECT_NE(handler.answer(get_records("20000")).late, nullptr);
}

TEST_F(HeldOnAServer, OnlyWhoAsksToWaitWaits) {
  const server::RequestHandler handler(*database_, {});
  EXPECT_EQ(handler.answer(get_records("0")).late, nullptr);
  EXPECT_EQ(
      handler.answer(request("GetRecords", R"({"ShardIterator":")" + tip_ + R"("})", {})).late,
      nullptr);
}

TEST_F(HeldOnAServer, HeadersThatMakeNoSenseAreRefused) {
  const server::RequestHandler handler(*database_, {});
  for (const std::string wait : {"20001", "-1", "1.5", "soon", ""}) {
    const auto answer = handler.answer(get_records(wait));
    EXPECT_EQ(answer.status, 400) << wait;
    EXPECT_NE(answer.body.find("x-engine-wait-ms"), std::string::npos) << answer.body;
  }
  const std::string item = R"({"TableName":"Songs","Item":{"id":{"S":"a"}}})";
  const auto refused = handler.answer(request("PutItem", item, {{"x-engine-want-position", "2"}}));
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("x-engine-want-position"), std::string::npos);
}

TEST_F(HeldOnAServer, PlainClientsSeeNoHeaderOfOurs) {
  const server::RequestHandler handler(*database_, {});
  const auto answer =
      handler.answer(request("PutItem", R"({"TableName":"Songs","Item":{"id":{"S":"a"}}})", {}));
  EXPECT_EQ(answer.status, 200);
  for (std::size_t i = 0; i < answer.headers.size(); ++i) {
    EXPECT_FALSE(answer.headers[i].name.starts_with("x-engine")) << answer.headers[i].name;
  }
}

TEST_F(HeldOnAServer, WhatItCanIsAnnouncedWithStreams) {
  const server::RequestHandler handler(*database_, {});
  for (const auto& [operation, body] : {std::pair<std::string, std::string>{"ListStreams", "{}"},
                                        {"DescribeStream", R"({"StreamArn":")" + arn_ + R"("})"}}) {
    EXPECT_EQ(handler.answer(request(operation, body, {})).headers.find(wire::features_header),
              "long-poll, positions, snapshots");
  }
}

TEST_F(HeldOnAServer, AStopEndsTheWaitAtOnce) {
  auto server = must(Server::start(*database_, {.port = 0, .threads = 1}));
  support::HttpClient client("127.0.0.1", server->port());
  auto headers = support::operation_headers("GetRecords");
  for (auto& [name, value] : headers) {
    if (value.ends_with("GetRecords")) value = "DynamoDBStreams_20120810.GetRecords";
  }
  headers.emplace_back("x-engine-wait-ms", "20000");
  auto answer = std::async(std::launch::async, [&] {
    return client.request("POST", "/", headers, R"({"ShardIterator":")" + tip_ + R"("})");
  });
  // Not before the request is there: another one on the same thread comes behind it.
  support::HttpClient other("127.0.0.1", server->port());
  wait_until([&] { return server->connection_count() == 1; });
  must(other.request("GET", "/"));
  const auto began = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  const auto got = answer.get();
  // It may have come too late to be begun.
  EXPECT_EQ(got ? got->status : 200, 200);
}

}  // namespace
}  // namespace dynakeep::contract
