#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "server/unused_database.h"

namespace dynakeep::contract {

// A database that can be stopped, and started again: meanwhile nobody answers. Thread-safe.
class StoppableDatabase final : public server::UnusedDatabase {
 public:
  explicit StoppableDatabase(Database& inner) : inner_(inner) {}

  void stop() { stopped_ = true; }
  void start() {
    stopped_ = false;
    batch_reads_left_ = std::numeric_limits<int>::max();
  }
  // A list that is too long to hold is read by queries, which tell what there is, and then by batch
  // reads: so many of these, and no more.
  void stop_after_batch_reads(int count) { batch_reads_left_ = count; }

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return ask([&] { return inner_.create_table(request); });
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return ask([&] { return inner_.describe_table(request); });
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return ask([&] { return inner_.put_item(request); });
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    return ask([&] { return inner_.get_item(request); });
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return ask([&] { return inner_.update_item(request); });
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return ask([&] { return inner_.delete_item(request); });
  }
  Result<QueryResult> query(const QueryRequest& request) override {
    return ask([&] { return inner_.query(request); });
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    return ask([&] { return inner_.scan(request); });
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    if (batch_reads_left_-- <= 0) return Error(ErrorCode::unavailable, "nobody answers there");
    return ask([&] { return inner_.batch_get_item(request); });
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    return ask([&] { return inner_.batch_write_item(request); });
  }
  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override {
    return ask([&] { return inner_.transact_get_items(request); });
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return ask([&] { return inner_.transact_write_items(request); });
  }
  const Capabilities& capabilities() const override { return inner_.capabilities(); }
  void when_durable(std::uint64_t position,
                    std::function<void(const Result<void>&)> done) override {
    inner_.when_durable(position, std::move(done));
  }

 private:
  template <typename Call>
  auto ask(const Call& call) -> decltype(call()) {
    if (stopped_) return Error(ErrorCode::unavailable, "nobody answers there");
    return call();
  }

  Database& inner_;
  std::atomic<bool> stopped_{false};
  std::atomic<int> batch_reads_left_{std::numeric_limits<int>::max()};
};

}  // namespace dynakeep::contract
