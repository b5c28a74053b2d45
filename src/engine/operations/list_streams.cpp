#include "engine/operations/list_streams.h"

#include <algorithm>
#include <tuple>

#include "engine/engine.h"
#include "engine/streams/find_stream.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

constexpr std::int32_t limit_max = 100;

// By table, and of one table the newest first. Labels are times and order as they do.
bool stands_before(const StreamSummary& left, const StreamSummary& right) {
  return std::tie(left.table_name, right.stream_label) <
         std::tie(right.table_name, left.stream_label);
}

// What an ARN says of its stream, which may be gone.
StreamSummary summary_of(const std::string& arn) {
  const auto table = arn.find(":table/") + 7;
  const auto label = arn.find("/stream/", table);
  return {.stream_arn = arn,
          .table_name = arn.substr(table, label - table),
          .stream_label = arn.substr(label + 8)};
}

}  // namespace

Result<ListStreamsResult> list_streams(const Engine& engine, const ListStreamsRequest& request) {
  Constraints constraints;
  if (request.table_name) constraints.table_name(request.table_name);
  constrain_limit(constraints, request.limit, limit_max);
  if (request.exclusive_start_stream_arn) {
    constrain_stream_arn(constraints, request.exclusive_start_stream_arn,
                         "exclusiveStartStreamArn");
  }
  TRY(constraints.verdict());
  if (request.exclusive_start_stream_arn && !is_stream_arn(*request.exclusive_start_stream_arn)) {
    return Error::validation("Invalid ExclusiveStartStreamArn");
  }

  ListStreamsResult result;
  for (const auto& stream : engine.streams.all()) {
    StreamSummary summary = summary_of(stream->arn());
    const bool wanted = !request.table_name || *request.table_name == summary.table_name ||
                        *request.table_name == engine.catalog.table_arn(summary.table_name);
    if (wanted) result.streams.push_back(std::move(summary));
  }
  std::sort(result.streams.begin(), result.streams.end(), stands_before);
  if (request.exclusive_start_stream_arn) {
    const StreamSummary after = summary_of(*request.exclusive_start_stream_arn);
    result.streams.erase(
        result.streams.begin(),
        std::upper_bound(result.streams.begin(), result.streams.end(), after, stands_before));
  }
  const auto limit = static_cast<std::size_t>(request.limit.value_or(limit_max));
  if (result.streams.size() > limit) {
    result.streams.resize(limit);
    result.last_evaluated_stream_arn = result.streams.back().stream_arn;
  }
  TRY(settle(engine, engine.catalog.position()));
  return result;
}

}  // namespace dynakeep::engine
