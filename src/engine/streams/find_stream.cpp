#include "engine/streams/find_stream.h"

#include <string_view>

namespace dynakeep::engine {

void constrain_stream_arn(Constraints& constraints, const std::optional<std::string>& arn,
                          Field field) {
  if (constraints.required(arn, field)) constraints.length(*arn, 37, 1024, field);
}

void constrain_limit(Constraints& constraints, const std::optional<std::int32_t>& limit,
                     std::int32_t max) {
  if (!limit) return;
  constraints.at_least(*limit, 1, "limit");
  constraints.at_most(*limit, max, "limit");
}

bool is_stream_arn(std::string_view arn) {
  constexpr std::string_view stream = "/stream/";
  const auto table = arn.find(":table/");
  if (!arn.starts_with("arn:") || table == std::string_view::npos) return false;
  const std::string_view rest = arn.substr(table + 7);
  const auto label = rest.find(stream);
  return label != std::string_view::npos && is_table_name(rest.substr(0, label)) &&
         label + stream.size() < rest.size();
}

Result<std::shared_ptr<Stream>> find_stream(const Engine& engine, const std::string& arn) {
  if (!is_stream_arn(arn)) return Error::validation("Invalid StreamArn");
  auto stream = engine.streams.find(arn);
  if (stream == nullptr) {
    return Error::resource_not_found("Requested resource not found: Stream: " + arn + " not found");
  }
  return stream;
}

Error no_such_shard() {
  return Error::resource_not_found("Requested resource not found: Shard does not exist");
}

}  // namespace dynakeep::engine
