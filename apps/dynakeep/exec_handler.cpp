#include "exec_handler.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "change_text.h"
#include "complain.h"
#include "counting.h"
#include "shell_command.h"

namespace dynakeep::app {

StreamHandler exec_handler(std::string command) {
  return [command = std::move(command)](const StreamBatch& batch) {
    std::string lines;
    for (const ChangeRecord& record : batch.records) {
      lines += change_json(record, batch.shard_id) + "\n";
    }
    const auto ended = run_command(command, lines,
                                   {{"DYNAKEEP_STREAM_ARN", std::string(batch.stream_arn)},
                                    {"DYNAKEEP_GROUP", std::string(batch.group)},
                                    {"DYNAKEEP_SHARD_ID", std::string(batch.shard_id)},
                                    {"DYNAKEEP_ATTEMPT", std::to_string(batch.attempt)}});
    const std::string why = ended ? *ended : ended.error().message();
    if (why.empty()) return StreamOutcome::ok();
    warn(fmt::format("the command failed on {} from {} on: {}",
                     counted(batch.records.size(), "record"),
                     batch.records.front().dynamodb.sequence_number, why));
    return StreamOutcome::failed("the command failed: " + why);
  };
}

}  // namespace dynakeep::app
