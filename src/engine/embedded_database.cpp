#include <utility>

#include "dynakeep/embedded.h"
#include "engine/advanced_clock.h"
#include "engine/controls.h"
#include "engine/engine.h"
#include "engine/faults.h"
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
                   std::unique_ptr<engine::Catalog> catalog,
                   std::unique_ptr<engine::AdvancedClock> clock,
                   std::chrono::milliseconds expiry_interval)
      : clock_(std::move(clock)),
        store_(std::move(store)),
        locks_(std::move(locks)),
        streams_(std::move(streams)),
        catalog_(std::move(catalog)),
        snapshots_(*clock_),
        engine_{.store = *store_,
                .locks = *locks_,
                .catalog = *catalog_,
                .streams = *streams_,
                .snapshots = snapshots_,
                .clock = *clock_},
        controls_(engine_, *clock_, faults_),
        upkeep_(engine_),
        housekeeping_(engine_, expiry_interval) {}

  Result<CreateTableResult> create_table(const CreateTableRequest& request) override {
    TRY(faults_.check("CreateTable"));
    return engine::create_table(engine_, request);
  }
  Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) override {
    TRY(faults_.check("DeleteTable"));
    return engine::delete_table(engine_, request);
  }
  Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) override {
    TRY(faults_.check("DescribeTable"));
    return engine::describe_table(engine_, request);
  }
  Result<ListTablesResult> list_tables(const ListTablesRequest& request) override {
    TRY(faults_.check("ListTables"));
    return engine::list_tables(engine_, request);
  }
  Result<UpdateTableResult> update_table(const UpdateTableRequest& request) override {
    TRY(faults_.check("UpdateTable"));
    return engine::update_table(engine_, request);
  }

  Result<PutItemResult> put_item(const PutItemRequest& request) override {
    TRY(faults_.check("PutItem"));
    return engine::put_item(engine_, request);
  }
  Result<GetItemResult> get_item(const GetItemRequest& request) override {
    TRY(faults_.check("GetItem"));
    return engine::get_item(engine_, request);
  }
  Result<UpdateItemResult> update_item(const UpdateItemRequest& request) override {
    TRY(faults_.check("UpdateItem"));
    return engine::update_item(engine_, request);
  }
  Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) override {
    TRY(faults_.check("DeleteItem"));
    return engine::delete_item(engine_, request);
  }

  Result<QueryResult> query(const QueryRequest& request) override {
    TRY(faults_.check("Query"));
    return engine::query(engine_, request);
  }
  Result<ScanResult> scan(const ScanRequest& request) override {
    TRY(faults_.check("Scan"));
    return engine::scan(engine_, request);
  }
  Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) override {
    TRY(faults_.check("BatchGetItem"));
    return engine::batch_get_item(engine_, request);
  }
  Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) override {
    TRY(faults_.check("BatchWriteItem"));
    return engine::batch_write_item(engine_, request);
  }

  Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) override {
    TRY(faults_.check("TransactGetItems"));
    return engine::transact_get_items(engine_, request);
  }
  Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) override {
    TRY(faults_.check("TransactWriteItems"));
    return engine::transact_write_items(engine_, request);
  }

  Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) override {
    TRY(faults_.check("ListStreams"));
    return engine::list_streams(engine_, request);
  }
  Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) override {
    TRY(faults_.check("DescribeStream"));
    return engine::describe_stream(engine_, request);
  }
  Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) override {
    TRY(faults_.check("GetShardIterator"));
    return engine::get_shard_iterator(engine_, request);
  }
  Result<GetRecordsResult> get_records(const GetRecordsRequest& request) override {
    TRY(faults_.check("GetRecords"));
    return engine::get_records(engine_, request);
  }
  Result<std::unique_ptr<RecordsWaiter>> when_records(const std::string& shard_iterator,
                                                      std::function<void()> wake) override {
    return engine::when_records(engine_, shard_iterator, std::move(wake));
  }
  Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) override {
    TRY(faults_.check("UpdateTimeToLive"));
    return engine::update_time_to_live(engine_, request);
  }
  Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) override {
    TRY(faults_.check("DescribeTimeToLive"));
    return engine::describe_time_to_live(engine_, request);
  }

  Result<TagResourceResult> tag_resource(const TagResourceRequest& request) override {
    TRY(faults_.check("TagResource"));
    return engine::tag_resource(engine_, request);
  }
  Result<UntagResourceResult> untag_resource(const UntagResourceRequest& request) override {
    TRY(faults_.check("UntagResource"));
    return engine::untag_resource(engine_, request);
  }
  Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest& request) override {
    TRY(faults_.check("ListTagsOfResource"));
    return engine::list_tags_of_resource(engine_, request);
  }
  Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest& request) override {
    TRY(faults_.check("DescribeLimits"));
    return engine::describe_limits(engine_, request);
  }
  Result<DescribeEndpointsResult> describe_endpoints(
      const DescribeEndpointsRequest& request) override {
    TRY(faults_.check("DescribeEndpoints"));
    return engine::describe_endpoints(engine_, request);
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  void when_durable(std::uint64_t position,
                    std::function<void(const Result<void>&)> done) override {
    store_->when_durable(position, std::move(done));
  }

  EngineAdmin* admin() override { return &controls_; }

 private:
  const Capabilities capabilities_{
      .long_poll = true, .positions = true, .snapshots = true, .tells_of_records = true};
  // In the order in which they need each other; the last, whose thread uses all, ends first.
  std::unique_ptr<engine::AdvancedClock> clock_;
  std::unique_ptr<storage::KeyValueStore> store_;
  std::unique_ptr<storage::KeyLocks> locks_;
  std::unique_ptr<engine::Streams> streams_;
  std::unique_ptr<engine::Catalog> catalog_;
  engine::Snapshots snapshots_;
  engine::Engine engine_;
  engine::Faults faults_;
  engine::Controls controls_;
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
  auto clock = std::make_unique<engine::AdvancedClock>(*options.clock);
  auto streams = TRY(engine::Streams::open(*store, *clock, place.arn_prefix(), options.streams));
  auto catalog = TRY(engine::Catalog::open(*store, *locks, *streams, *clock, place));
  return std::unique_ptr<Database>(std::make_unique<EmbeddedDatabase>(
      std::move(store), std::move(locks), std::move(streams), std::move(catalog), std::move(clock),
      options.expiry_interval));
}

}  // namespace dynakeep
