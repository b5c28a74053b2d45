#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dynakeep/result.h"
#include "engine/engine.h"
#include "engine/validate.h"

// What the operations on one stream have in common.
namespace dynakeep::engine {

// StreamArn: required, 37 to 1024 characters.
void constrain_stream_arn(Constraints& constraints, const std::optional<std::string>& arn,
                          Field field = "streamArn");
// Limit, if given: 1 to `max`.
void constrain_limit(Constraints& constraints, const std::optional<std::int32_t>& limit,
                     std::int32_t max);

// Whether it looks like a stream's: arn:aws:dynamodb:…:table/NAME/stream/LABEL.
bool is_stream_arn(std::string_view arn);

// validation: no ARN of a stream. resource_not_found: "Requested resource not found: Stream: … not
// found".
Result<std::shared_ptr<Stream>> find_stream(const Engine& engine, const std::string& arn);

// "Requested resource not found: Shard does not exist"
Error no_such_shard();

}  // namespace dynakeep::engine
