#include <utility>

#include "dynakeep/embedded.h"
#include "engine/engine.h"
#include "engine/housekeeping.h"
#include "engine/operations/batch_get_item.h"
#include "engine/operations/batch_write_item.h"
#include "engine/operations/create_table.h"
#include "engine/operations/delete_item.h"
#include "engine/operations/delete_table.h"
#include "engine/operations/describe_endpoints.h"
#include "engine/operations/describe_limits.h"
#include "engine/operations/describe_stream.h"
#include "engine/operations/describe_table.h"
#include "engine/operations/describe_time_to_live.h"
#include "engine/operations/get_item.h"
#include "engine/operations/get_records.h"
#include "engine/operations/get_shard_iterator.h"
#include "engine/operations/list_streams.h"
#include "engine/operations/list_tables.h"
#include "engine/operations/put_item.h"
#include "engine/operations/query.h"
#include "engine/operations/scan.h"
#include "engine/operations/tags.h"
#include "engine/operations/transact_get_items.h"
#include "engine/operations/transact_write_items.h"
#include "engine/operations/update_item.h"
#include "engine/operations/update_table.h"
#include "engine/operations/update_time_to_live.h"
#include "engine/upkeep.h"

namespace dynakeep {
namespace {

// The embedded body: an operation is one call of its function in operations/.
class EmbeddedDatabase final : public Database {
 public:
  EmbeddedDatabase(std::unique_ptr<storage::KeyValueStore> store,
                   std::unique_ptr<storage::KeyLocks> locks,
                   std::unique_ptr<engine::Streams> streams,
                   std::unique_ptr<engine::Catalog> catalog, const Clock& clock,
                   std::chrono::milliseconds expiry_interval)
      : store_(std::move(store)),
        locks_(std::move(locks)),
        streams_(std::move(streams)),
        catalog_(std::move(catalog)),
        snapshots_(clock),
        engine_{.store = *store_,
                .locks = *locks_,
                .catalog = *catalog_,
                .streams = *streams_,
                .snapshots = snapshots_,
                .clock = clock},
        upkeep_(engine_),
        housekeeping_(engine_, expiry_interval) {}

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    return engine::create_table(engine_, request);
  }
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override {
    return engine::delete_table(engine_, request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    return engine::describe_table(engine_, request);
  }
  Result<ListTablesResult> list_tables(const ListTablesRequest& request) override {
    return engine::list_tables(engine_, request);
  }
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override {
    return engine::update_table(engine_, request);
  }

  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    return engine::put_item(engine_, request);
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    return engine::get_item(engine_, request);
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    return engine::update_item(engine_, request);
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    return engine::delete_item(engine_, request);
  }

  Result<QueryResult> query(const QueryRequest& request) override {
    return engine::query(engine_, request);
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    return engine::scan(engine_, request);
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    return engine::batch_get_item(engine_, request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    return engine::batch_write_item(engine_, request);
  }

  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override {
    return engine::transact_get_items(engine_, request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    return engine::transact_write_items(engine_, request);
  }

  Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) override {
    return engine::list_streams(engine_, request);
  }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    return engine::describe_stream(engine_, request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    return engine::get_shard_iterator(engine_, request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    return engine::get_records(engine_, request);
  }
  Result<std::unique_ptr<RecordsWaiter>> when_records(const std::string& shard_iterator,
                                                      std::function<void()> wake) override {
    return engine::when_records(engine_, shard_iterator, std::move(wake));
  }
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override {
    return engine::update_time_to_live(engine_, request);
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override {
    return engine::describe_time_to_live(engine_, request);
  }

  Result<TagResourceResult> tag_resource(const TagResourceRequest& request) override {
    return engine::tag_resource(engine_, request);
  }
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest& request) override {
    return engine::untag_resource(engine_, request);
  }
  Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest& request) override {
    return engine::list_tags_of_resource(engine_, request);
  }
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest& request) override {
    return engine::describe_limits(engine_, request);
  }
  Result<DescribeEndpointsResult> describe_endpoints(
      const DescribeEndpointsRequest& request) override {
    return engine::describe_endpoints(engine_, request);
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  void when_durable(std::uint64_t position,
                    std::function<void(const Result<void>&)> done) override {
    store_->when_durable(position, std::move(done));
  }

 private:
  const Capabilities capabilities_{
      .long_poll = true, .positions = true, .snapshots = true, .tells_of_records = true};
  // In the order in which they need each other; the last, whose thread uses all, ends first.
  std::unique_ptr<storage::KeyValueStore> store_;
  std::unique_ptr<storage::KeyLocks> locks_;
  std::unique_ptr<engine::Streams> streams_;
  std::unique_ptr<engine::Catalog> catalog_;
  engine::Snapshots snapshots_;
  engine::Engine engine_;
  engine::Upkeep upkeep_;
  engine::Housekeeping housekeeping_;
};

storage::Durability durability_of(const EmbeddedOptions& options) {
  if (options.in_memory) return storage::Durability::none;
  switch (options.durability) {
    case Durability::synced:
      return storage::Durability::synced;
    case Durability::interval:
      return storage::Durability::interval;
    case Durability::none:
      break;
  }
  return storage::Durability::none;
}

}  // namespace

Result<std::unique_ptr<Database>> open_embedded(const EmbeddedOptions& options) {
  if (options.path.empty() && !options.in_memory) {
    return Error(ErrorCode::invalid_argument,
                 "no path given for the embedded database: name a folder, or ask for in_memory");
  }
  if (!options.path.empty() && options.in_memory) {
    return Error(ErrorCode::invalid_argument,
                 "an in-memory database has no path: give one or the other");
  }
  auto store =
      TRY(storage::KeyValueStore::open({.path = options.path,
                                        .in_memory = options.in_memory,
                                        .durability = durability_of(options),
                                        .sync_interval = options.sync_interval,
                                        .cache_bytes = options.cache_bytes,
                                        .write_buffer_bytes = options.write_buffer_bytes}));
  auto locks = std::make_unique<storage::KeyLocks>();
  const engine::Catalog::Place place{.region = options.region, .account_id = options.account_id};
  auto streams =
      TRY(engine::Streams::open(*store, *options.clock, place.arn_prefix(), options.streams));
  auto catalog = TRY(engine::Catalog::open(*store, *locks, *streams, *options.clock, place));
  return std::unique_ptr<Database>(std::make_unique<EmbeddedDatabase>(
      std::move(store), std::move(locks), std::move(streams), std::move(catalog), *options.clock,
      options.expiry_interval));
}

}  // namespace dynakeep
