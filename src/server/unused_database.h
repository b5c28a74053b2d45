#pragma once

#include <cstdint>
#include <functional>

#include "dynakeep/database.h"

namespace dynakeep::server {

// For tests: a Database that can do nothing. Derive from it what a test needs.
class UnusedDatabase : public Database {
 public:
  Result<CreateTableResult> create_table(const CreateTableRequest&) override { return unused(); }
  Result<DeleteTableResult> delete_table(const DeleteTableRequest&) override { return unused(); }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest&) override {
    return unused();
  }
  Result<ListTablesResult> list_tables(const ListTablesRequest&) override { return unused(); }
  Result<UpdateTableResult> update_table(const UpdateTableRequest&) override { return unused(); }

  Result<PutItemResult> put_item(const PutItemRequest&) override { return unused(); }
  Result<GetItemResult> get_item(const GetItemRequest&) override { return unused(); }
  Result<UpdateItemResult> update_item(const UpdateItemRequest&) override { return unused(); }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest&) override { return unused(); }

  Result<QueryResult> query(const QueryRequest&) override { return unused(); }
  Result<ScanResult> scan(const ScanRequest&) override { return unused(); }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest&) override {
    return unused();
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest&) override {
    return unused();
  }

  Result<TransactGetItemsResult> transact_get_items(const TransactGetItemsRequest&) override {
    return unused();
  }
  Result<TransactWriteItemsResult> transact_write_items(const TransactWriteItemsRequest&) override {
    return unused();
  }

  Result<ListStreamsResult> list_streams(const ListStreamsRequest&) override { return unused(); }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest&) override {
    return unused();
  }
  Result<GetShardIteratorResult> get_shard_iterator(const GetShardIteratorRequest&) override {
    return unused();
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest&) override { return unused(); }
  Result<UpdateTimeToLiveResult> update_time_to_live(const UpdateTimeToLiveRequest&) override {
    return unused();
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest&) override {
    return unused();
  }

  Result<TagResourceResult> tag_resource(const TagResourceRequest&) override { return unused(); }
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest&) override {
    return unused();
  }
  Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest&) override {
    return unused();
  }
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest&) override {
    return unused();
  }
  Result<DescribeEndpointsResult> describe_endpoints(const DescribeEndpointsRequest&) override {
    return unused();
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  void when_durable(std::uint64_t, std::function<void(const Result<void>&)> done) override {
    done({});
  }

 private:
  const Capabilities capabilities_;
  static Error unused() { return Error::internal("not of this test"); }
};

}  // namespace dynakeep::server
