#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dynakeep/database.h"

namespace dynakeep::support {

// A database before another one, to be overridden where it is to behave differently.
class WrappedDatabase : public Database {
 public:
  explicit WrappedDatabase(Database& under) : under_(under) {}

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return under_.create_table(request);
  }
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override {
    return under_.delete_table(request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return under_.describe_table(request);
  }
  Result<ListTablesResult> list_tables(const ListTablesRequest& request) override {
    return under_.list_tables(request);
  }
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override {
    return under_.update_table(request);
  }
  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return under_.put_item(request);
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    return under_.get_item(request);
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return under_.update_item(request);
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return under_.delete_item(request);
  }
  Result<QueryResult> query(const QueryRequest& request) override { return under_.query(request); }
  Result<ScanResult> scan(const ScanRequest& request) override { return under_.scan(request); }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    return under_.batch_get_item(request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    return under_.batch_write_item(request);
  }
  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override {
    return under_.transact_get_items(request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return under_.transact_write_items(request);
  }
  Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) override {
    return under_.list_streams(request);
  }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    return under_.describe_stream(request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    return under_.get_shard_iterator(request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    return under_.get_records(request);
  }
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override {
    return under_.update_time_to_live(request);
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override {
    return under_.describe_time_to_live(request);
  }
  Result<TagResourceResult> tag_resource(const TagResourceRequest& request) override {
    return under_.tag_resource(request);
  }
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest& request) override {
    return under_.untag_resource(request);
  }
  Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest& request) override {
    return under_.list_tags_of_resource(request);
  }
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest& request) override {
    return under_.describe_limits(request);
  }
  Result<DescribeEndpointsResult> describe_endpoints(
      const DescribeEndpointsRequest& request) override {
    return under_.describe_endpoints(request);
  }
  const Capabilities& capabilities() const override { return under_.capabilities(); }
  void when_durable(std::uint64_t position,
                    std::function<void(const Result<void>&)> done) override {
    under_.when_durable(position, std::move(done));
  }

 private:
  Database& under_;
};

}  // namespace dynakeep::support
