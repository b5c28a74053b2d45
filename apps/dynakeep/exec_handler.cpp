#include "exec_handler.h"

#include <fmt/format.h>

#include "change_text.h"
#include "complain.h"
#include "counting.h"
#include "shell_command.h"

namespace dynakeep::app {

namespace {

struct ExecHandler {
  std::string command;
  std::vector<std::pair<std::string, std::string>> variables;

  StreamOutcome operator()(const StreamBatch& batch) const {
    std::string lines;
    for (const ChangeRecord& record : batch.records) {
      lines += change_json(record, batch.shard_id) + "\n";
    }
    auto all = variables;
    all.emplace_back("DYNAKEEP_SHARD_ID", batch.shard_id);
    all.emplace_back("DYNAKEEP_ATTEMPT", std::to_string(batch.attempt));
    const auto ended = run_command(command, lines, all);
    const std::string why = ended ? *ended : ended.error().message();
    if (why.empty()) return StreamOutcome::ok();
    warn(fmt::format("the command failed on {} from {} on: {}",
                     counted(batch.records.size(), "record"),
                     batch.records.front().dynamodb.sequence_number, why));
    return StreamOutcome::failed("the command failed: " + why);
  }
};

}  // namespace

StreamHandler exec_handler(std::string command,
                           std::vector<std::pair<std::string, std::string>> variables) {
  return ExecHandler{std::move(command), std::move(variables)};
}

}  // namespace dynakeep::app
