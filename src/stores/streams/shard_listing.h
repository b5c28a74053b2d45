#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/database.h"
#include "stores/streams/call_counts.h"
#include "stores/streams/shard_graph.h"

namespace dynakeep::streams {

// All shards of a stream, page after page. internal_server_error: the server's pages go in a
// circle.
Result<Listing> list_shards(Database& database, const std::string& stream_arn,
                            CallCounts* counts = nullptr);

// The children of a shard, and perhaps others: servers that do not know the filter list them all,
// and those that refuse it are asked for all.
struct ListedChildren {
  std::vector<StreamShard> shards = {};
  std::size_t pages = 0;  // calls it took
};
Result<ListedChildren> list_children(Database& database, const std::string& stream_arn,
                                     const std::string& shard_id, CallCounts* counts = nullptr);

}  // namespace dynakeep::streams
