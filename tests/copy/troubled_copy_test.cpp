// Copies between databases that refuse, and that are away.

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "songs.h"
#include "support/wrapped_database.h"

namespace dynakeep::copying {
namespace {

using ::testing::HasSubstr;

// Of the first calls leaves every third batch's last items unprocessed, and refuses every seventh.
class Throttling final : public support::WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    const int call = ++calls_;
    if (call > 20) return WrappedDatabase::batch_write_item(request);
    if (call % 7 == 0) {
      ++refused;
      return Error(ErrorCode::provisioned_throughput_exceeded, "too much");
    }
    if (call % 3 != 0) return WrappedDatabase::batch_write_item(request);
    BatchWriteItemRequest part = request;
    BatchWriteItemResult result;
    for (auto& [table, writes] : *part.request_items) {
      if (writes.size() < 2) continue;
      const auto middle = writes.begin() + static_cast<std::ptrdiff_t>(writes.size() / 2);
      result.unprocessed_items[table].assign(middle, writes.end());
      writes.erase(middle, writes.end());
      ++refused;
    }
    const auto written = WrappedDatabase::batch_write_item(part);
    if (!written) return written.error();
    return result;
  }

  std::atomic<int> refused = 0;

 private:
  std::atomic<int> calls_ = 0;
};

TEST(TableCopy, WritesWhatWasRefusedAgain) {
  const auto source = memory();
  const auto under = memory();
  Throttling destination(*under);
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 1000);
  copy_all(*source, destination, {.segments = 2});
  EXPECT_GT(destination.refused, 5);
  EXPECT_EQ(items_of(*under), items_of(*source));
}

// Refuses one kind of item.
class Particular final : public support::WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    for (const auto& [table, writes] : *request.request_items) {
      for (const WriteRequest& each : writes) {
        if (each.put && each.put->contains("bad")) return Error::validation("a bad item");
      }
    }
    return WrappedDatabase::batch_write_item(request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    if (request.item && request.item->contains("bad")) return Error::validation("a bad item");
    return WrappedDatabase::put_item(request);
  }
};

TEST(TableCopy, NamesTheItemThatTheDestinationRefuses) {
  const auto source = memory();
  const auto under = memory();
  Particular destination(*under);
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 100);
  Item bad = song(3, 3);
  bad["bad"] = true;
  put(*source, bad);
  {
    const auto copy = open_copy(*source, destination);
    ASSERT_TRUE(copy);
    const auto copied = copy->copy({});
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code(), ErrorCode::validation);
    EXPECT_THAT(copied.error().message(), HasSubstr("a bad item"));
    EXPECT_THAT(copied.error().message(), HasSubstr("artist-3"));
  }
  put(*source, song(3, 3));  // it is mended, and the next run goes on
  copy_all(*source, destination);
  EXPECT_EQ(items_of(*under), items_of(*source));
}

// Is away for some calls.
class Failing final : public support::WrappedDatabase {
 public:
  using WrappedDatabase::WrappedDatabase;

  Result<ScanResult> scan(const ScanRequest& request) override {
    if (left > 0 && left-- > 0) return Error(ErrorCode::unavailable, "nobody answers");
    return WrappedDatabase::scan(request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    if (left > 0 && left-- > 0) return Error(ErrorCode::unavailable, "nobody answers");
    return WrappedDatabase::batch_write_item(request);
  }

  std::atomic<int> left = 0;
};

TEST(TableCopy, OutwaitsFaultsOfBothSides) {
  const auto source_under = memory();
  const auto destination_under = memory();
  Failing source(*source_under);
  Failing destination(*destination_under);
  ASSERT_TRUE(source_under->create_table(songs()));
  fill(*source_under, 500);
  const auto copy = open_copy(source, destination, {.segments = 2});
  ASSERT_TRUE(copy);
  source.left = 3;
  destination.left = 3;
  const auto copied = copy->copy({});
  ASSERT_TRUE(copied) << copied.error();
  EXPECT_EQ(items_of(*destination_under), items_of(*source_under));
}

TEST(TableCopy, FailsOnceItsPatienceIsOver) {
  const auto source = memory();
  const auto under = memory();
  Failing destination(*under);
  ASSERT_TRUE(source->create_table(songs()));
  fill(*source, 500);
  const auto copy = open_copy(*source, destination, {.patience = 0ms});
  ASSERT_TRUE(copy);
  destination.left = 1'000'000;
  const auto copied = copy->copy({});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code(), ErrorCode::unavailable);
}

}  // namespace
}  // namespace dynakeep::copying
