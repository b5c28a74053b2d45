#include "engine/operations/describe_stream.h"

#include <algorithm>

#include "engine/engine.h"
#include "engine/streams/find_stream.h"
#include "engine/table_definition.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

constexpr std::int32_t limit_max = 100;

void constrain_shard_id(Constraints& constraints, std::string_view id, Field field) {
  constraints.length(id, 28, 65, field);
}

void constrain(Constraints& constraints, const ShardFilter& filter) {
  const Field field("shardFilter");
  constraints.required_word(filter.type, field.at("type"));
  if (constraints.required(filter.shard_id, field.at("shardId"))) {
    constrain_shard_id(constraints, *filter.shard_id, field.at("shardId"));
  }
}

StreamShard describe(const Shard& shard) {
  StreamShard described{
      .shard_id = shard.id,
      .sequence_number_range = {.starting_sequence_number = to_text(shard.start)}};
  if (shard.end) described.sequence_number_range.ending_sequence_number = to_text(*shard.end);
  if (!shard.parent.empty()) described.parent_shard_id = shard.parent;
  return described;
}

}  // namespace

Result<DescribeStreamResult> describe_stream(const Engine& engine,
                                             const DescribeStreamRequest& request) {
  Constraints constraints(request.unknown_words);
  constrain_stream_arn(constraints, request.stream_arn);
  constrain_limit(constraints, request.limit, limit_max);
  if (request.exclusive_start_shard_id) {
    constrain_shard_id(constraints, *request.exclusive_start_shard_id, "exclusiveStartShardId");
  }
  if (request.shard_filter) constrain(constraints, *request.shard_filter);
  TRY(constraints.verdict());

  const auto stream = TRY(find_stream(engine, *request.stream_arn));
  const auto state = stream->state();
  const auto is_child_of = [](std::string_view parent) {
    return [parent](const Shard& shard) { return shard.parent == parent; };
  };
  if (request.shard_filter) {
    const std::string& parent = *request.shard_filter->shard_id;
    const bool is_known =
        state->find_shard(parent) != nullptr ||
        std::any_of(state->shards.begin(), state->shards.end(), is_child_of(parent));
    if (!is_known) return no_such_shard();
  }

  StreamDescription description{
      .stream_arn = stream->arn(),
      .stream_label = state->label,
      .stream_status = state->is_enabled() ? StreamStatus::enabled : StreamStatus::disabled,
      .stream_view_type = state->view,
      .creation_request_date_time = state->created,
      .table_name = state->table_name,
      .key_schema = to_key_schema(state->keys)};
  const auto limit = static_cast<std::size_t>(request.limit.value_or(limit_max));
  for (const Shard& shard : state->shards) {
    if (request.exclusive_start_shard_id && shard.id <= *request.exclusive_start_shard_id) continue;
    if (request.shard_filter && !is_child_of(*request.shard_filter->shard_id)(shard)) continue;
    if (description.shards.size() == limit) {
      description.last_evaluated_shard_id = description.shards.back().shard_id;
      break;
    }
    description.shards.push_back(describe(shard));
  }
  TRY(settle(engine, engine.catalog.position()));
  return DescribeStreamResult{.stream_description = std::move(description)};
}

}  // namespace dynakeep::engine
