#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "complain.h"
#include "dynakeep/engine_admin.h"
#include "json_text.h"
#include "stream_source.h"
#include "streams_commands.h"
#include "terminal.h"

namespace dynakeep::app {

namespace {

struct RollFlags {
  StreamSource source = {};
  std::string shard = {};
  bool split = false;
};

int complain_of_admin(const RollFlags& flags, const Error& error) {
  const bool is_unknown =
      error.code() == ErrorCode::unknown_operation || error.code() == ErrorCode::unsupported;
  if (!is_unknown) return complain_of_stream(flags.source, error);
  return complain(exit_failed,
                  fmt::format("{} rolls no shards when asked to: an engine of ours does, behind "
                              "'dynakeep serve --admin' or in its folder",
                              flags.source.connection.database));
}

Result<void> roll(const RollFlags& flags, OpenStream& stream) {
  EngineAdmin* const admin = stream.database->admin();
  if (admin == nullptr) return Error(ErrorCode::unsupported, "");
  if (flags.split) {
    TRY(admin->split_shard({.stream_arn = stream.arn, .shard_id = flags.shard}));
    return {};
  }
  RollShardsRequest request{.stream_arn = stream.arn};
  if (!flags.shard.empty()) request.shard_id = flags.shard;
  TRY(admin->roll_shards(request));
  return {};
}

int roll(const RollFlags& flags) {
  auto stream = open_stream(flags.source);
  if (!stream) return complain_of_stream(flags.source, stream.error());
  const auto rolled = roll(flags, *stream);
  if (!rolled) return complain_of_admin(flags, rolled.error());
  const auto described = describe_whole_stream(*stream->database, stream->arn);
  if (!described) return complain_of_stream(flags.source, described.error());
  std::string json;
  for (const StreamShard& shard : described->shards) {
    if (shard.sequence_number_range.ending_sequence_number) continue;
    json += (json.empty() ? "" : ",") + json_string(shard.shard_id);
    if (!flags.source.json) std::cout << printable(shard.shard_id) << '\n';
  }
  if (flags.source.json) {
    std::cout << fmt::format(R"({{"streamArn":{},"openShards":[{}]}})"
                             "\n",
                             json_string(stream->arn), json);
  }
  return exit_done;
}

}  // namespace

void add_streams_roll(CLI::App& streams, int& exit_code) {
  auto flags = std::make_shared<RollFlags>();
  CLI::App* command = streams.add_subcommand(
      "roll",
      "Close the open shards of a stream and open others in their place, as happens by\n"
      "itself every few hours: for trying readers against it");
  add_stream_source(*command, flags->source);
  CLI::Option* shard =
      command->add_option("--shard", flags->shard, "Only this one")->type_name("SHARD");
  command->add_flag("--split", flags->split, "Open two in its place")->needs(shard);
  command->footer(
      "For example:\n"
      "  dynakeep streams roll Songs\n"
      "  dynakeep streams roll Songs --shard shardId-… --split\n"
      "Prints the shards that are open then. Of an engine of ours alone: in its folder, or behind\n"
      "'dynakeep serve --admin'.");
  command->callback([flags, &exit_code] {
    check_source(flags->source);
    exit_code = roll(*flags);
  });
}

}  // namespace dynakeep::app
