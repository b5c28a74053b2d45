#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "connection.h"
#include "dynakeep/stores/stream_consumer.h"
#include "exit_code.h"

namespace dynakeep::app {

// Which stream the subcommands that read one are about.
struct StreamSource {
  Connection connection = {};
  std::string table = {};
  std::string arn = {};
  bool json = false;
};

// TABLE, --arn, --database and --json. One of the first two must be given: see check_source().
void add_stream_source(CLI::App& command, StreamSource& source);
// Misused where neither or both are.
void check_source(const StreamSource& source);

struct OpenStream {
  std::unique_ptr<Database> database = {};
  std::string arn = {};
  std::string table = {};
  std::vector<std::string> keys = {};  // names of the table's key attributes, in their order
};

// resource_not_found: there is no such table or stream; not_found: the table has none.
Result<OpenStream> open_stream(const StreamSource& source);

// The same, and of a table that has no stream, one with that view is made and waited for.
Result<OpenStream> open_or_enable_stream(const StreamSource& source, StreamViewType view,
                                         const std::stop_token& stop);

// One line on stderr about why that failed; returns the code for the program to end with.
int complain_of_stream(const StreamSource& source, const Error& error);

// A stream with all its shards, in order of their ids.
Result<StreamDescription> describe_whole_stream(Database& database, const std::string& arn);

std::string_view to_text(StreamStatus status);  // "ENABLED"
// "NEW_AND_OLD_IMAGES", and back.
std::string_view to_text(StreamViewType view);
extern const std::map<std::string, StreamViewType> view_types;

// Where reading begins, as a person writes it.
struct StreamFrom {
  std::optional<StreamStart::Kind> kind = {};  // none: nothing was said
  std::optional<Time> time = {};
  std::map<std::string, StreamPosition> shards = {};
  std::string number = {};  // behind it, in all shards
};

// --from latest, trim-horizon, a time, a sequence number, or SHARD=NUMBER, which may be repeated.
CLI::Option* add_from(CLI::App& command, StreamFrom& from, const std::string& description);

// Has the options read the stream, from there on. Of a table, whatever stream it has: one that
// takes another's place too.
void read_stream(const StreamSource& source, const StreamFrom& from, StreamStart::Kind otherwise,
                 StreamConsumerOptions& options);

}  // namespace dynakeep::app
