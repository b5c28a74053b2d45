#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dynakeep/batch_requests.h"
#include "dynakeep/capabilities.h"
#include "dynakeep/item_requests.h"
#include "dynakeep/query_requests.h"
#include "dynakeep/result.h"
#include "dynakeep/setting_requests.h"
#include "dynakeep/stream_requests.h"
#include "dynakeep/table_requests.h"
#include "dynakeep/transaction_requests.h"

namespace dynakeep {

class EngineAdmin;

// Someone waits for records; no longer once this is destroyed, though a call that has begun may
// still come to its end after that.
class RecordsWaiter {
 public:
  virtual ~RecordsWaiter() = default;
  RecordsWaiter(const RecordsWaiter&) = delete;
  RecordsWaiter& operator=(const RecordsWaiter&) = delete;

 protected:
  RecordsWaiter() = default;
};

// The DynamoDB API as a C++ interface: one virtual an operation, named and behaving as in the
// Amazon DynamoDB API Reference (version 2012-08-10), with its exceptions as Error values and its
// messages. Embedded or remote is decided once, where the database is opened (embedded.h,
// remote.h).
//
// Thread-safe: any operation may be called from any thread at any time. Synchronous: a call returns
// when it is done, and a write when it is as durable as the database was opened to make it. Results
// hold no reference into the database. Nothing throws but std::bad_alloc.
//
// One operation sees one moment. Writes to one item are linearizable; a transaction is serializable
// against every other operation; indexes change with their items, so reads of a global secondary
// index are as fresh as reads of the table.
//
// Every operation may fail with validation (the request is wrong), resource_not_found (no such
// table or index) and internal_server_error (disk); what else an operation refuses stands with it.
class Database {
 public:
  virtual ~Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // ---- tables ----

  // Defines a table. The embedded engine has it active at once. resource_in_use: there is one of
  // that name; limit_exceeded: too many tables.
  virtual Result<CreateTableResult> create_table(const CreateTableRequest& request) = 0;
  // Removes the table with its items and indexes. resource_in_use: it is being changed; validation:
  // it has deletion protection.
  virtual Result<DeleteTableResult> delete_table(const DeleteTableRequest& request) = 0;
  virtual Result<DescribeTableResult> describe_table(const DescribeTableRequest& request) = 0;
  virtual Result<ListTablesResult> list_tables(const ListTablesRequest& request) = 0;
  // Changes throughput, billing mode, table class, deletion protection, the stream, or one global
  // secondary index. A new index is CREATING until it is filled from the table, with writes going
  // on.
  virtual Result<UpdateTableResult> update_table(const UpdateTableRequest& request) = 0;

  // ---- single items ----

  // Writes the whole item in place of any with its key. If the condition does not hold, nothing is
  // written and the error is conditional_check_failed, with the old item if the request asks for
  // it.
  virtual Result<PutItemResult> put_item(const PutItemRequest& request) = 0;
  virtual Result<GetItemResult> get_item(const GetItemRequest& request) = 0;
  // Changes some attributes of an item, or makes the item if there is none. Conditions as put_item.
  virtual Result<UpdateItemResult> update_item(const UpdateItemRequest& request) = 0;
  // Deletes the item if there is one. Conditions as put_item.
  virtual Result<DeleteItemResult> delete_item(const DeleteItemRequest& request) = 0;

  // ---- many items ----

  // The items of one partition key, in order of their sort key; one page of at most 1 MB.
  virtual Result<QueryResult> query(const QueryRequest& request) = 0;
  // All items, in order of a hash of their partition key; one page of at most 1 MB.
  virtual Result<ScanResult> scan(const ScanRequest& request) = 0;
  virtual Result<BatchGetItemResult> batch_get_item(const BatchGetItemRequest& request) = 0;
  virtual Result<BatchWriteItemResult> batch_write_item(const BatchWriteItemRequest& request) = 0;

  // ---- transactions ----

  virtual Result<TransactGetItemsResult> transact_get_items(
      const TransactGetItemsRequest& request) = 0;
  // transaction_canceled, with one reason an action, if any condition does not hold or any action
  // cannot be done; idempotent_parameter_mismatch and transaction_in_progress for the token.
  virtual Result<TransactWriteItemsResult> transact_write_items(
      const TransactWriteItemsRequest& request) = 0;

  // ---- streams ----
  //
  // Of the embedded engine: a record is there as soon as the change it tells of is answered; the
  // numbers of one stream rise over all its shards; a table begins with one shard.

  // The streams of a table, or of all: those that are switched off too, for a day.
  virtual Result<ListStreamsResult> list_streams(const ListStreamsRequest& request) = 0;
  virtual Result<DescribeStreamResult> describe_stream(const DescribeStreamRequest& request) = 0;
  // trimmed_data_access: what lies there is gone.
  virtual Result<GetShardIteratorResult> get_shard_iterator(
      const GetShardIteratorRequest& request) = 0;
  // One page of at most 1000 records and 1 MB. expired_iterator: it is older than 15 minutes;
  // trimmed_data_access: records that lay between are gone. The only call that may block for long,
  // if the request says how long to wait.
  virtual Result<GetRecordsResult> get_records(const GetRecordsRequest& request) = 0;

  // For callers that must not sleep in get_records. Calls `wake` once, as soon as get_records with
  // that iterator may have more to say: from any thread, maybe at once, maybe for nothing. What
  // came before this call is not told: look with get_records after it. `wake` must return quickly
  // and may not call the database. Errors as of get_records. Null: this database cannot tell
  // (Capabilities::tells_of_records).
  virtual Result<std::unique_ptr<RecordsWaiter>> when_records(const std::string& shard_iterator,
                                                              std::function<void()> wake);

  // ---- settings ----

  // Items whose attribute of that name is a time (in seconds since 1970) that has come are removed,
  // by the embedded engine within seconds; reads see them until then. validation: it is so already,
  // or on another attribute.
  virtual Result<UpdateTimeToLiveResult> update_time_to_live(
      const UpdateTimeToLiveRequest& request) = 0;
  virtual Result<DescribeTimeToLiveResult> describe_time_to_live(
      const DescribeTimeToLiveRequest& request) = 0;

  virtual Result<TagResourceResult> tag_resource(const TagResourceRequest& request) = 0;
  virtual Result<UntagResourceResult> untag_resource(const UntagResourceRequest& request) = 0;
  virtual Result<ListTagsOfResourceResult> list_tags_of_resource(
      const ListTagsOfResourceRequest& request) = 0;
  virtual Result<DescribeLimitsResult> describe_limits(const DescribeLimitsRequest& request) = 0;
  virtual Result<DescribeEndpointsResult> describe_endpoints(
      const DescribeEndpointsRequest& request) = 0;

  // ---- what this database can do ----

  // The same for as long as the database lives.
  virtual const Capabilities& capabilities() const = 0;

  // ---- durability for callers that must not sleep ----

  // Calls `done` once all that stood at `position` (see DeferredDurability) is as durable as the
  // database makes it, or cannot become so: at once and on this thread if it already is, else later
  // on a thread of the database. `done` must return quickly and may not call the database.
  virtual void when_durable(std::uint64_t position,
                            std::function<void(const Result<void>&)> done) = 0;

  // ---- for tests and operators ----

  // What can be told to an engine of ours beside DynamoDB's operations (engine_admin.h); lives as
  // long as the database. Null: it is none.
  virtual EngineAdmin* admin() { return nullptr; }

 protected:
  Database() = default;
};

// While one lives on a thread, the operations called by that thread do not wait until what they
// wrote, or saw written, is on disk. They note here how far that is, and the caller owes it to
// whomever it answers to wait with when_durable first. For servers, whose threads must not sleep in
// a sync:
//
//   DeferredDurability deferred;
//   auto result = database.put_item(request);
//   if (deferred.position() != 0) database.when_durable(deferred.position(), send_answer);
//
// Scopes nest; the innermost one is noted in. Not to be shared by threads, nor outlive its block.
class DeferredDurability {
 public:
  DeferredDurability();
  ~DeferredDurability();
  DeferredDurability(const DeferredDurability&) = delete;
  DeferredDurability& operator=(const DeferredDurability&) = delete;

  // 0: there is nothing to wait for.
  std::uint64_t position() const { return position_; }

  // For databases: the scope of this thread, or null; and what must be waited for.
  static DeferredDurability* current();
  void note(std::uint64_t position) {
    if (position > position_) position_ = position;
  }

 private:
  std::uint64_t position_ = 0;
  DeferredDurability* outer_;
};

}  // namespace dynakeep
