#include "stores/streams/shard_listing.h"

#include <optional>
#include <set>
#include <utility>

namespace dynakeep::streams {
namespace {

Result<Listing> list(Database& database, DescribeStreamRequest request, CallCounts* counts) {
  Listing listing;
  std::set<std::string> pages;
  while (true) {
    auto described = database.describe_stream(request);
    if (counts != nullptr) described = counts->describe_stream.of(std::move(described));
    auto answer = TRY(std::move(described));
    ++listing.pages;
    StreamDescription& page = answer.stream_description;
    for (StreamShard& shard : page.shards) {
      std::string id = shard.shard_id;
      listing.shards.insert_or_assign(std::move(id), std::move(shard));
    }
    listing.is_enabled =
        page.stream_status == StreamStatus::enabled || page.stream_status == StreamStatus::enabling;
    if (!page.last_evaluated_shard_id) return listing;
    if (!pages.insert(*page.last_evaluated_shard_id).second) {
      return Error::internal("The pages of DescribeStream do not end");
    }
    request.exclusive_start_shard_id = std::move(page.last_evaluated_shard_id);
  }
}

}  // namespace

Result<Listing> list_shards(Database& database, const std::string& stream_arn, CallCounts* counts) {
  return list(database, {.stream_arn = stream_arn}, counts);
}

Result<ListedChildren> list_children(Database& database, const std::string& stream_arn,
                                     const std::string& shard_id, CallCounts* counts) {
  auto listing = list(
      database,
      {.stream_arn = stream_arn,
       .shard_filter = ShardFilter{.type = ShardFilterType::child_shards, .shard_id = shard_id}},
      counts);
  if (!listing && (listing.error().code() == ErrorCode::validation ||
                   listing.error().code() == ErrorCode::serialization)) {
    listing = list_shards(database, stream_arn, counts);
  }
  if (!listing) return listing.error();
  ListedChildren children{.pages = listing->pages};
  for (auto& [id, shard] : listing->shards) children.shards.push_back(std::move(shard));
  return children;
}

}  // namespace dynakeep::streams
