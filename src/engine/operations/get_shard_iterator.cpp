#include "engine/operations/get_shard_iterator.h"

#include "engine/engine.h"
#include "engine/streams/find_stream.h"
#include "engine/streams/shard_iterator.h"
#include "engine/validate.h"

namespace dynakeep::engine {
namespace {

Result<void> validate(const GetShardIteratorRequest& request) {
  Constraints constraints(request.unknown_words);
  constrain_stream_arn(constraints, request.stream_arn);
  if (constraints.required(request.shard_id, "shardId")) {
    constraints.length(*request.shard_id, 28, 65, "shardId");
  }
  constraints.required_word(request.shard_iterator_type, "shardIteratorType");
  if (request.sequence_number) {
    constraints.length(*request.sequence_number, 21, 40, "sequenceNumber");
  }
  return constraints.verdict();
}

bool takes_a_number(ShardIteratorType type) {
  return type == ShardIteratorType::at_sequence_number ||
         type == ShardIteratorType::after_sequence_number;
}

// The number that the request names, of a type that takes one.
Result<SequenceNumber> number_of(const GetShardIteratorRequest& request) {
  if (!request.sequence_number) {
    return Error::validation(
        "SequenceNumber must be given for the ShardIteratorTypes AT_SEQUENCE_NUMBER and "
        "AFTER_SEQUENCE_NUMBER");
  }
  const auto number = parse_sequence_number(*request.sequence_number);
  if (!number) return Error::validation("Invalid SequenceNumber");
  return *number;
}

// After which record the reading begins.
Result<SequenceNumber> start_after(const Engine& engine, const Shard& shard, bool at,
                                   SequenceNumber number) {
  const bool known = number >= shard.start && (!shard.end || number <= *shard.end) &&
                     number <= last_of(engine.streams.numbers().last());
  if (!known) return Error::validation("Invalid SequenceNumber for the shard");
  const SequenceNumber after = at ? number - 1 : number;
  if (after < shard.trimmed) {
    return Error(ErrorCode::trimmed_data_access,
                 "The operation attempted to read past the oldest stream record in a shard.");
  }
  return after;
}

}  // namespace

Result<GetShardIteratorResult> get_shard_iterator(const Engine& engine,
                                                  const GetShardIteratorRequest& request) {
  TRY(validate(request));
  const ShardIteratorType type = *request.shard_iterator_type;
  SequenceNumber number = 0;
  if (takes_a_number(type)) {
    number = TRY(number_of(request));
  } else if (request.sequence_number) {
    return Error::validation(
        "SequenceNumber must not be given for the ShardIteratorTypes TRIM_HORIZON and LATEST");
  }
  const auto stream = TRY(find_stream(engine, *request.stream_arn));
  const auto state = stream->state();
  const Shard* shard = state->find_shard(*request.shard_id);
  if (shard == nullptr) return no_such_shard();

  ShardIterator iterator{
      .stream = state->space, .shard = shard->number, .issued = engine.streams.issue_time()};
  switch (type) {
    case ShardIteratorType::trim_horizon:
      iterator.at_trim_horizon = true;
      break;
    case ShardIteratorType::latest:
      iterator.after = shard->end.value_or(last_of(engine.streams.numbers().readable()));
      break;
    case ShardIteratorType::at_sequence_number:
    case ShardIteratorType::after_sequence_number:
      iterator.after =
          TRY(start_after(engine, *shard, type == ShardIteratorType::at_sequence_number, number));
      break;
  }
  return GetShardIteratorResult{.shard_iterator = encode_iterator(engine.streams, iterator)};
}

}  // namespace dynakeep::engine
