#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "ages.h"
#include "complain.h"
#include "json_text.h"
#include "moment.h"
#include "stream_group.h"
#include "stream_source.h"
#include "streams_commands.h"
#include "table_printer.h"

namespace dynakeep::app {

namespace {

using std::chrono::milliseconds;

// How far behind a group is in one shard.
struct ShardLag {
  std::string shard_id = {};
  std::string state = {};
  std::string handled = {};
  milliseconds lag{0};
  bool is_trimmed = false;  // the next record is gone; the lag is at least a day
};

// The first record behind the position; none: there is none yet. An error: it is gone, among
// others.
Result<std::optional<ChangeRecord>> next_record(Database& database, const std::string& arn,
                                                const ShardProgress& row,
                                                const StreamStart& start) {
  constexpr int empty_pages_max = 5;  // that may come though there are records
  GetShardIteratorRequest place{.stream_arn = arn,
                                .shard_id = row.shard_id,
                                .shard_iterator_type = ShardIteratorType::trim_horizon};
  if (row.position.kind == StreamPosition::Kind::at ||
      row.position.kind == StreamPosition::Kind::after) {
    place.shard_iterator_type = row.position.kind == StreamPosition::Kind::at
                                    ? ShardIteratorType::at_sequence_number
                                    : ShardIteratorType::after_sequence_number;
    place.sequence_number = row.position.sequence_number;
  }
  // A start at the tip has no number yet: what is older than the start does not count.
  const bool is_latest = row.position.kind == StreamPosition::Kind::latest;
  auto iterator = TRY(database.get_shard_iterator(place)).shard_iterator;
  for (int empty = 0; iterator && empty < empty_pages_max;) {
    GetRecordsRequest request{.shard_iterator = iterator};
    if (!is_latest) request.limit = 1;
    GetRecordsResult page = TRY(database.get_records(request));
    for (ChangeRecord& record : page.records) {
      const auto& created = record.dynamodb.approximate_creation_date_time;
      const bool is_before = is_latest && created &&
                             *created < std::chrono::floor<std::chrono::seconds>(start.decided);
      if (!is_before) return std::optional(std::move(record));
    }
    if (page.records.empty()) ++empty;
    iterator = page.next_shard_iterator;
  }
  return std::optional<ChangeRecord>();
}

Result<ShardLag> lag_of(Database& database, const std::string& arn, const ShardProgress& row,
                        const StreamStart& start) {
  constexpr milliseconds retention = std::chrono::hours(24);
  ShardLag lag{.shard_id = row.shard_id,
               .state = std::string(state_text(row.state)),
               .handled = position_text(row.position)};
  auto next = next_record(database, arn, row, start);
  const bool is_gone = !next && (next.error().code() == ErrorCode::trimmed_data_access ||
                                 next.error().code() == ErrorCode::resource_not_found);
  if (is_gone) {
    lag.is_trimmed = true;
    lag.lag = retention;
    return lag;
  }
  if (!next) return next.error();
  if (*next && (*next)->dynamodb.approximate_creation_date_time) {
    const auto age = system_clock().now() - *(*next)->dynamodb.approximate_creation_date_time;
    lag.lag = std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(age));
  }
  return lag;
}

Result<std::vector<ShardLag>> lags_of(const StreamGroup& group) {
  GroupProgress read = TRY(read_progress(group));
  if (!read.progress.start) {
    return Error(ErrorCode::not_found, fmt::format("the group '{}' has not begun to read {}",
                                                   read.scope.group, read.scope.stream_arn));
  }
  if (!read.database) read.database = TRY(connect(group.source.connection));
  const StreamDescription stream =
      TRY(describe_whole_stream(*read.database, read.scope.stream_arn));
  auto rows = read.progress.shards;
  // Those that it has not met yet are read from their beginning.
  for (const StreamShard& shard : stream.shards) {
    if (rows.contains(shard.shard_id) || read.progress.start->shards.contains(shard.shard_id)) {
      continue;
    }
    rows[shard.shard_id] = {.shard_id = shard.shard_id, .parent = shard.parent_shard_id};
  }
  std::vector<ShardLag> lags;
  for (const auto& [id, row] : rows) {
    if (row.is_over()) continue;
    lags.push_back(TRY(lag_of(*read.database, read.scope.stream_arn, row, *read.progress.start)));
  }
  return lags;
}

std::string lag_text(const ShardLag& lag) {
  if (lag.is_trimmed) return "records are lost";
  return lag.lag == milliseconds(0) ? "none" : age_text(lag.lag);
}

int show_lag(const StreamGroup& group, const std::optional<milliseconds>& most) {
  const auto lags = lags_of(group);
  if (!lags) return complain_of_group(group, lags.error());
  milliseconds longest(0);
  bool is_trimmed = false;
  for (const ShardLag& each : *lags) {
    longest = std::max(longest, each.lag);
    is_trimmed = is_trimmed || each.is_trimmed;
  }
  if (group.source.json) {
    std::string shards;
    for (const ShardLag& each : *lags) {
      shards += fmt::format(R"({}{{"shardId":{},"state":{},"lagMs":{},"lost":{}}})",
                            shards.empty() ? "" : ",", json_string(each.shard_id),
                            json_string(each.state), each.lag.count(), each.is_trimmed);
    }
    std::cout << fmt::format(R"({{"lagMs":{},"lost":{},"shards":[{}]}})"
                             "\n",
                             longest.count(), is_trimmed, shards);
  } else {
    TablePrinter table(std::cout, terminal_of(STDOUT_FILENO),
                       {{.heading = "SHARD", .colour = Colour::cyan},
                        {.heading = "STATE"},
                        {.heading = "HANDLED"},
                        {.heading = "LAG"}});
    for (const ShardLag& each : *lags) {
      table.add({each.shard_id, each.state, each.handled, lag_text(each)});
    }
    table.finish();
  }
  return most && (longest > *most || is_trimmed) ? exit_failed : exit_done;
}

}  // namespace

void add_streams_lag(CLI::App& streams, int& exit_code) {
  struct LagFlags {
    StreamGroup group = {};
    std::optional<milliseconds> most = {};
  };
  auto flags = std::make_shared<LagFlags>();
  CLI::App* command = streams.add_subcommand(
      "lag", "Show how far behind a group of consumers is: how old the next record is, by shard");
  add_group_flags(*command, flags->group);
  add_duration(*command, "--max", flags->most, "End with 1 if it is more, or records are lost");
  command->footer(
      "For example:\n"
      "  dynakeep streams lag --checkpoints songs.ckpt\n"
      "  dynakeep streams lag Songs --group indexer --checkpoints table:Checkpoints --max 5m\n"
      "What was handled since the last checkpoint counts as not handled; that is a second, "
      "usually.");
  command->callback([flags, &exit_code] {
    check_group(flags->group);
    exit_code = show_lag(flags->group, flags->most);
  });
}

}  // namespace dynakeep::app
