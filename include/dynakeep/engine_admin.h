#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dynakeep/clock.h"
#include "dynakeep/error.h"
#include "dynakeep/request.h"
#include "dynakeep/result.h"

// What can be told to our engine beside DynamoDB's operations: what happens to a stream by itself
// in hours or days, now, so that its readers can be tried against it.
namespace dynakeep {

struct RollShardsRequest {
  std::optional<std::string> stream_arn = {};
  std::optional<std::string> shard_id = {};  // left out: all that are open
};
struct RollShardsResult {};

struct SplitShardRequest {
  std::optional<std::string> stream_arn = {};
  std::optional<std::string> shard_id = {};
};
struct SplitShardResult {};

struct TrimStreamRequest {
  std::optional<std::string> stream_arn = {};
  std::optional<Time> before = {};
};
struct TrimStreamResult {};

struct ExpireIteratorsRequest {};
struct ExpireIteratorsResult {};

struct AdvanceClockRequest {
  std::optional<std::int64_t> seconds = {};  // 1 to 10 years of them
};
struct AdvanceClockResult {};

struct InjectFaultRequest {
  std::optional<std::string> operation = {};  // "GetRecords"
  std::optional<ErrorCode> error = {};
  std::optional<std::int32_t> count = {};  // 0 to 1'000'000; 1 if left out
  UnknownWords unknown_words = {};
};
struct InjectFaultResult {};

// Of the embedded engine (Database::admin), and of one behind a server that was started to allow it
// (`dynakeep serve --admin`); any other server answers unknown_operation.
//
// Thread-safe. Every operation may fail with validation (the request is wrong) and
// internal_server_error (disk), those that name a stream or shard with resource_not_found.
class EngineAdmin {
 public:
  virtual ~EngineAdmin() = default;
  EngineAdmin(const EngineAdmin&) = delete;
  EngineAdmin& operator=(const EngineAdmin&) = delete;

  // Closes an open shard, or all, and opens one in its place.
  virtual Result<RollShardsResult> roll_shards(const RollShardsRequest& request) = 0;
  // Closes an open shard and opens two in its place. limit_exceeded: there are max_open_shards.
  virtual Result<SplitShardResult> split_shard(const SplitShardRequest& request) = 0;
  // Removes the records that were written before that time.
  virtual Result<TrimStreamResult> trim_stream(const TrimStreamRequest& request) = 0;
  // Every iterator that was given so far has expired.
  virtual Result<ExpireIteratorsResult> expire_iterators(const ExpireIteratorsRequest& request) = 0;
  // It is so much later, for all that the engine does by the clock, until the database is closed.
  virtual Result<AdvanceClockResult> advance_clock(const AdvanceClockRequest& request) = 0;
  // The next `count` calls of the operation fail with the error and do nothing. In place of what
  // was asked for that operation before.
  virtual Result<InjectFaultResult> inject_fault(const InjectFaultRequest& request) = 0;

 protected:
  EngineAdmin() = default;
};

}  // namespace dynakeep
