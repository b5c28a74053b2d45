#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/wrapped_database.h"

namespace dynakeep::policies {

// An action, such as "PutItem", and what it is allowed on or asked for: "Songs",
// "Songs/index/by_artist", "Songs/stream/*".
using Permission = std::pair<std::string, std::string>;
using Permissions = std::set<Permission>;

// A database as IAM guards it: what is not allowed is denied, and all that was asked for is kept.
// Thread-safe.
class PermittedDatabase final : public support::WrappedDatabase {
 public:
  PermittedDatabase(Database& under, Permissions allowed)
      : WrappedDatabase(under), allowed_(std::move(allowed)) {}

  // What somebody asked for and may not do; what somebody asked for and may.
  Permissions denied() const { return kept(denied_); }
  Permissions used() const { return kept(used_); }

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    TRY(ask("CreateTable", text(request.table_name)));
    return WrappedDatabase::create_table(request);
  }
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override {
    TRY(ask("DeleteTable", text(request.table_name)));
    return WrappedDatabase::delete_table(request);
  }
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override {
    TRY(ask("UpdateTable", text(request.table_name)));
    return WrappedDatabase::update_table(request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    TRY(ask("DescribeTable", text(request.table_name)));
    return WrappedDatabase::describe_table(request);
  }
  Result<ListTablesResult> list_tables(const ListTablesRequest& request) override {
    TRY(ask("ListTables", "*"));
    return WrappedDatabase::list_tables(request);
  }
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override {
    TRY(ask("UpdateTimeToLive", text(request.table_name)));
    return WrappedDatabase::update_time_to_live(request);
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override {
    TRY(ask("DescribeTimeToLive", text(request.table_name)));
    return WrappedDatabase::describe_time_to_live(request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    TRY(ask("PutItem", text(request.table_name)));
    return WrappedDatabase::put_item(request);
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    TRY(ask("GetItem", text(request.table_name)));
    return WrappedDatabase::get_item(request);
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    TRY(ask("UpdateItem", text(request.table_name)));
    return WrappedDatabase::update_item(request);
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    TRY(ask("DeleteItem", text(request.table_name)));
    return WrappedDatabase::delete_item(request);
  }
  Result<QueryResult> query(const QueryRequest& request) override {
    TRY(ask("Query", index_of(request.table_name, request.index_name)));
    return WrappedDatabase::query(request);
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    TRY(ask("Scan", index_of(request.table_name, request.index_name)));
    return WrappedDatabase::scan(request);
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    for (const auto& [table, keys] : *request.request_items) TRY(ask("BatchGetItem", table));
    return WrappedDatabase::batch_get_item(request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    for (const auto& [table, writes] : *request.request_items) TRY(ask("BatchWriteItem", table));
    return WrappedDatabase::batch_write_item(request);
  }
  // Of a transaction each part is allowed as what it does.
  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override {
    for (const auto& each : *request.transact_items) {
      TRY(ask("GetItem", text(each.get->table_name)));
    }
    return WrappedDatabase::transact_get_items(request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    for (const TransactWriteItem& each : *request.transact_items) {
      if (each.put) TRY(ask("PutItem", text(each.put->table_name)));
      if (each.update) TRY(ask("UpdateItem", text(each.update->table_name)));
      if (each.remove) TRY(ask("DeleteItem", text(each.remove->table_name)));
      if (each.condition_check) {
        TRY(ask("ConditionCheckItem", text(each.condition_check->table_name)));
      }
    }
    return WrappedDatabase::transact_write_items(request);
  }
  Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) override {
    TRY(ask("ListStreams", "*"));
    return WrappedDatabase::list_streams(request);
  }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    TRY(ask("DescribeStream", stream_of(text(request.stream_arn))));
    return WrappedDatabase::describe_stream(request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    stream_ = stream_of(text(request.stream_arn));
    TRY(ask("GetShardIterator", stream_));
    return WrappedDatabase::get_shard_iterator(request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    TRY(ask("GetRecords", stream_));  // an iterator does not say of what: the last one's
    return WrappedDatabase::get_records(request);
  }

 private:
  template <typename Text>
  static std::string text(const Text& value) {
    if constexpr (requires { value.has_value(); }) {
      return value.value_or("");
    } else {
      return value;
    }
  }
  template <typename Table, typename Index>
  static std::string index_of(const Table& table, const Index& index) {
    const std::string name = text(index);
    return name.empty() ? text(table) : text(table) + "/index/" + name;
  }
  static std::string stream_of(const std::string& arn) {
    constexpr std::string_view before = ":table/";
    const auto from = arn.find(before) + before.size();
    return arn.substr(from, arn.find('/', from) - from) + "/stream/*";
  }
  Permissions kept(const Permissions& of) const {
    const std::scoped_lock lock(mutex_);
    return of;
  }
  Result<void> ask(const std::string& action, const std::string& resource) {
    const std::scoped_lock lock(mutex_);
    const bool may = allowed_.contains({action, resource});
    (may ? used_ : denied_).emplace(action, resource);
    if (may) return {};
    return Error(ErrorCode::access_denied,
                 "not authorized to perform dynamodb:" + action + " on " + resource);
  }

  const Permissions allowed_;
  std::string stream_;  // by the thread that reads it
  mutable std::mutex mutex_;
  Permissions used_;
  Permissions denied_;
};

}  // namespace dynakeep::policies
