#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <CLI/App.hpp>

#include "dynakeep/stores/stream_checkpoints.h"
#include "stream_source.h"

namespace dynakeep::app {

// Whose checkpoints a subcommand is about.
struct StreamGroup {
  StreamSource source = {};
  std::string name = {};
  std::string checkpoints = {};  // a file or table:NAME
};

// TABLE, --arn, --database, --json, --group and --checkpoints.
void add_group_flags(CLI::App& command, StreamGroup& group);
// Misused where a table of checkpoints is named, but not the group or the stream: a file says
// itself what it is of.
void check_group(const StreamGroup& group);

struct GroupProgress {
  std::unique_ptr<Database> database = {};  // null: a file said all
  StreamScope scope = {};
  StreamProgress progress = {};
};

// Whether or not a consumer is using them. not_found: there are none.
Result<GroupProgress> read_progress(const StreamGroup& group);

// One line on stderr about why that failed; returns the code for the program to end with.
int complain_of_group(const StreamGroup& group, const Error& error);

std::string_view state_text(ShardState state);
std::string position_text(const StreamPosition& position);

}  // namespace dynakeep::app
