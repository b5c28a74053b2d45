#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "reference/rules.h"

// The plainest Database that can be right, to compare others with: tables are vectors of attribute
// trees, every read walks all of them, an index is what it would be if it were made now. Nothing
// here is fast, stored, cached or shared with the engine, but for two things: the expression layer
// (which has tests of its own) decides conditions and makes updates, and the order of a Scan is
// that of storage::partition_hash, since that is a choice and not a consequence.
//
// It answers operations on items, and those on tables that change what items there may be. Requests
// must be well-formed: it knows the complaints that depend on what is in the database (no such
// table, keys that do not fit, conditions, updates that cannot be made), not those about requests.
// The others refuse with invalid_argument.
//
// Thread-safe by one lock, which makes it serializable.
namespace dynakeep::reference {

class ReferenceDatabase final : public Database {
 public:
  // `clock` must outlive it.
  explicit ReferenceDatabase(const Clock& clock) : clock_(clock) {}

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override;
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override;
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override;

  Result<PutItemResult> put_item(const PutItemRequest& request) override;
  Result<GetItemResult> get_item(const GetItemRequest& request) override;
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override;
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override;
  Result<QueryResult> query(const QueryRequest& request) override;
  Result<ScanResult> scan(const ScanRequest& request) override;
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override;
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override;
  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override;
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override;

  // What it is not about.
  Result<DescribeTableResult> describe_table(const DescribeTableRequest&) override;
  Result<ListTablesResult> list_tables(const ListTablesRequest&) override;
  Result<ListStreamsResult> list_streams(const ListStreamsRequest&) override;
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest&) override;
  Result<GetShardIteratorResult> get_shard_iterator(const GetShardIteratorRequest&) override;
  Result<GetRecordsResult> get_records(const GetRecordsRequest&) override;
  Result<UpdateTimeToLiveResult> update_time_to_live(const UpdateTimeToLiveRequest&) override;
  Result<DescribeTimeToLiveResult> describe_time_to_live(const DescribeTimeToLiveRequest&) override;
  Result<TagResourceResult> tag_resource(const TagResourceRequest&) override;
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest&) override;
  Result<ListTagsOfResourceResult> list_tags_of_resource(const ListTagsOfResourceRequest&) override;
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest&) override;
  Result<DescribeEndpointsResult> describe_endpoints(const DescribeEndpointsRequest&) override;
  const Capabilities& capabilities() const override { return capabilities_; }
  void when_durable(std::uint64_t, std::function<void(const Result<void>&)> done) override {
    done({});
  }

 private:
  const Capabilities capabilities_;
  struct DoneTransaction {
    std::string request = {};
    Time until = {};
  };

  Result<TableDefinition*> find(const std::optional<std::string>& name);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, TableDefinition> tables_;
  std::map<std::string, DoneTransaction> tokens_;
};

}  // namespace dynakeep::reference
