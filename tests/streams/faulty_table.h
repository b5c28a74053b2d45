#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "server/unused_database.h"

namespace dynakeep::streams {

// A database as one worker sees it that keeps checkpoints there: its calls fail as often as they
// are told to, before they are carried out or after, and one that is cut off reaches nothing any
// more. For as many threads as its functions are for.
class FaultyTable final : public server::UnusedDatabase {
 public:
  explicit FaultyTable(Database& database) : database_(database) {}

  std::function<bool()> fails = [] { return false; };
  std::function<void()> before_write = [] {};
  std::function<void()> after_read = [] {};
  bool is_cut_off = false;
  bool has_transactions = true;
  std::atomic<std::size_t> writes = 0;
  std::atomic<std::size_t> calls = 0;
  std::atomic<std::size_t> queries = 0;

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return read([&] { return database_.create_table(request); });
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return read([&] { return database_.describe_table(request); });
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    return read([&] { return database_.get_item(request); });
  }
  Result<QueryResult> query(const QueryRequest& request) override {
    ++queries;
    return read([&] { return database_.query(request); });
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    return read([&] { return database_.scan(request); });
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return write([&] { return database_.put_item(request); });
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return write([&] { return database_.update_item(request); });
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return write([&] { return database_.delete_item(request); });
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return write([&] { return database_.transact_write_items(request); });
  }
  const Capabilities& capabilities() const override {
    can_.transactions = has_transactions;
    return can_;
  }

 private:
  static Error unreachable() {
    Error error(ErrorCode::unavailable, "The table cannot be reached");
    error.set_outcome_unknown(true);
    return error;
  }
  template <typename Call>
  auto read(const Call& call) -> decltype(call()) {
    ++calls;
    if (is_cut_off || fails()) return unreachable();
    auto answer = call();
    after_read();
    return answer;
  }
  template <typename Call>
  auto write(const Call& call) -> decltype(call()) {
    ++calls;
    ++writes;
    before_write();
    if (is_cut_off || fails()) return unreachable();
    auto answer = call();
    if (fails()) return unreachable();
    return answer;
  }

  Database& database_;
  mutable Capabilities can_;
};

}  // namespace dynakeep::streams
