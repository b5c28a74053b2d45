#pragma once

#include <cstdint>

#include "dynakeep/batch_requests.h"
#include "dynakeep/item_requests.h"
#include "dynakeep/query_requests.h"
#include "dynakeep/setting_requests.h"
#include "dynakeep/stream_requests.h"
#include "dynakeep/table_requests.h"
#include "dynakeep/transaction_requests.h"

// Which requests may be sent again after an answer was lost, when nobody knows whether the first
// was carried out. The one table of it; remote.h says the same to users.
namespace dynakeep::remote {

enum class Repeats : std::uint8_t {
  is_read,   // changes nothing
  safe,      // doing it twice leaves what doing it once leaves, and answers the same
  by_token,  // the service tells a second one by its ClientRequestToken, for ten minutes
  never,
};

// ---- reads ----

constexpr Repeats repeats_of(const GetItemRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const QueryRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const ScanRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const BatchGetItemRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const TransactGetItemsRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const DescribeTableRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const ListTablesRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const ListTagsOfResourceRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const DescribeTimeToLiveRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const ListStreamsRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const DescribeStreamRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const GetShardIteratorRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const GetRecordsRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const DescribeLimitsRequest&) { return Repeats::is_read; }
constexpr Repeats repeats_of(const DescribeEndpointsRequest&) { return Repeats::is_read; }

// ---- writes ----

// A whole item in place of another, or none. Not if the old item is asked for: the second time that
// is the item of the first.
Repeats repeats_of(const PutItemRequest& request);
Repeats repeats_of(const DeleteItemRequest& request);

// If the update expression says what the attributes shall be, not how they shall change, and the
// old attributes are not asked for. That is, if it consists of
//   SET path = :value
//   SET path = if_not_exists(path, :value), of the same path
//   REMOVE path
//   DELETE path :value
// with no element of a list, [n], in any path: setting one past the end appends, removing one moves
// the others. What the expression is not known to be is not repeated.
Repeats repeats_of(const UpdateItemRequest& request);

constexpr Repeats repeats_of(const BatchWriteItemRequest&) { return Repeats::safe; }
constexpr Repeats repeats_of(const TransactWriteItemsRequest&) { return Repeats::by_token; }

// A second one fails, which says that the outcome is unknown, or does nothing.
constexpr Repeats repeats_of(const CreateTableRequest&) { return Repeats::safe; }
constexpr Repeats repeats_of(const UpdateTableRequest&) { return Repeats::safe; }
constexpr Repeats repeats_of(const DeleteTableRequest&) { return Repeats::safe; }
constexpr Repeats repeats_of(const UpdateTimeToLiveRequest&) { return Repeats::safe; }
constexpr Repeats repeats_of(const TagResourceRequest&) { return Repeats::safe; }
constexpr Repeats repeats_of(const UntagResourceRequest&) { return Repeats::safe; }

}  // namespace dynakeep::remote
