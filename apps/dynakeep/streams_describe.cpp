#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "ages.h"
#include "counting.h"
#include "dynakeep/iso_time.h"
#include "json_text.h"
#include "stream_source.h"
#include "streams_commands.h"
#include "terminal.h"

namespace dynakeep::app {

namespace {

using std::chrono::milliseconds;

bool is_open(const StreamShard& shard) {
  return !shard.sequence_number_range.ending_sequence_number;
}

// The shards of a stream by what became of them.
class ShardTree {
 public:
  explicit ShardTree(const StreamDescription& stream) {
    std::map<std::string_view, const StreamShard*> listed;
    for (const StreamShard& shard : stream.shards) listed.emplace(shard.shard_id, &shard);
    for (const StreamShard& shard : stream.shards) {
      const bool has_parent = shard.parent_shard_id && listed.contains(*shard.parent_shard_id);
      (has_parent ? children_[*shard.parent_shard_id] : roots_).push_back(&shard);
    }
  }

  const std::vector<const StreamShard*>& roots() const { return roots_; }
  const std::vector<const StreamShard*>& children_of(const StreamShard& shard) const {
    static const std::vector<const StreamShard*> none;
    const auto found = children_.find(shard.shard_id);
    return found == children_.end() ? none : found->second;
  }

 private:
  std::vector<const StreamShard*> roots_;
  std::map<std::string_view, std::vector<const StreamShard*>> children_;
};

// "opened 6h ago, closed 2h ago", as far as ids of shards tell it: a shard was closed when its
// first child was made.
std::string ages_of(const StreamShard& shard, const ShardTree& tree, Time now) {
  const auto ago = [now](Time time) {
    return age_text(std::chrono::duration_cast<milliseconds>(now - time)) + " ago";
  };
  std::string text;
  if (const auto created = shard_creation_time(shard.shard_id)) text = "opened " + ago(*created);
  const auto& children = tree.children_of(shard);
  if (children.empty()) return text;
  if (const auto closed = shard_creation_time(children.front()->shard_id)) {
    text += (text.empty() ? "closed " : ", closed ") + ago(*closed);
  }
  return text;
}

void print_shard(const StreamShard& shard, const ShardTree& tree, Time now,
                 const std::string& before, const Terminal& terminal) {
  const SequenceNumberRange& range = shard.sequence_number_range;
  const bool open = is_open(shard);
  std::cout << before << painted(terminal, Colour::cyan, printable(shard.shard_id)) << "  "
            << painted(terminal, open ? Colour::green : Colour::dim, open ? "open  " : "closed")
            << "  " << printable(range.starting_sequence_number.value_or("?")) << " to "
            << printable(range.ending_sequence_number.value_or("now"));
  if (const std::string ages = ages_of(shard, tree, now); !ages.empty()) {
    std::cout << "  " << painted(terminal, Colour::dim, ages);
  }
  std::cout << '\n';
}

// Of a shard that was split the children stand below it, further in; one that has taken the place
// of another stands right below it, however often that happened.
void print_tree(const ShardTree& tree, Time now, const Terminal& terminal) {
  struct Next {
    const StreamShard* shard;
    std::string mark;    // before it
    std::string margin;  // before what is below it
  };
  std::vector<Next> stack;
  const auto push_all = [&](const std::vector<const StreamShard*>& shards,
                            const std::string& margin) {
    for (std::size_t at = shards.size(); at-- > 0;) {
      const bool is_last = at + 1 == shards.size();
      stack.push_back(
          {shards[at], margin + (is_last ? "└─ " : "├─ "), margin + (is_last ? "   " : "│  ")});
    }
  };
  push_all(tree.roots(), "");
  while (!stack.empty()) {
    const Next next = std::move(stack.back());
    stack.pop_back();
    print_shard(*next.shard, tree, now, next.mark, terminal);
    const auto& children = tree.children_of(*next.shard);
    if (children.size() == 1) {
      stack.push_back({children.front(), next.margin + "↓ ", next.margin});
    } else {
      push_all(children, next.margin);
    }
  }
}

std::string optional_json(const std::optional<std::string>& text) {
  return text ? json_string(*text) : "null";
}

void print_json(const StreamDescription& stream) {
  std::string shards;
  for (const StreamShard& shard : stream.shards) {
    const auto created = shard_creation_time(shard.shard_id);
    const SequenceNumberRange& range = shard.sequence_number_range;
    shards += fmt::format(
        R"({}{{"shardId":{},"parentShardId":{},"open":{},"startingSequenceNumber":{},)"
        R"("endingSequenceNumber":{},"created":{}}})",
        shards.empty() ? "" : ",", json_string(shard.shard_id),
        optional_json(shard.parent_shard_id), is_open(shard),
        optional_json(range.starting_sequence_number), optional_json(range.ending_sequence_number),
        created ? json_string(to_iso(*created)) : "null");
  }
  const auto& created = stream.creation_request_date_time;
  std::cout << fmt::format(
      R"({{"streamArn":{},"tableName":{},"status":"{}","viewType":"{}","created":{},)"
      R"("shards":[{}]}})"
      "\n",
      json_string(stream.stream_arn), json_string(stream.table_name), to_text(stream.stream_status),
      to_text(stream.stream_view_type), created ? json_string(to_iso(*created)) : "null", shards);
}

void print(const StreamDescription& stream) {
  const Terminal terminal = terminal_of(STDOUT_FILENO);
  const Time now = system_clock().now();
  const auto line = [&](std::string_view name, const std::string& text) {
    std::cout << painted(terminal, Colour::bold, fmt::format("{:<8}", name)) << printable(text)
              << '\n';
  };
  std::string keys;
  for (const KeySchemaElement& key : stream.key_schema) {
    keys += (keys.empty() ? "" : ", ") + key.attribute_name.value_or("?");
  }
  std::size_t open = 0;
  for (const StreamShard& shard : stream.shards) open += is_open(shard) ? 1 : 0;
  line("stream", stream.stream_arn);
  line("table", fmt::format("{} ({})", stream.table_name, keys));
  line("status", std::string(to_text(stream.stream_status)));
  line("view", std::string(to_text(stream.stream_view_type)));
  if (const auto& created = stream.creation_request_date_time) {
    const auto age = std::chrono::duration_cast<milliseconds>(now - *created);
    line("made", fmt::format("{} ({} ago)", to_iso(*created), age_text(age)));
  }
  line("shards", fmt::format("{}, {} open", with_separators(stream.shards.size()), open));
  print_tree(ShardTree(stream), now, terminal);
}

int describe(const StreamSource& source) {
  const auto stream = open_stream(source);
  if (!stream) return complain_of_stream(source, stream.error());
  const auto described = describe_whole_stream(*stream->database, stream->arn);
  if (!described) return complain_of_stream(source, described.error());
  source.json ? print_json(*described) : print(*described);
  return exit_done;
}

}  // namespace

void add_streams_describe(CLI::App& streams, int& exit_code) {
  auto source = std::make_shared<StreamSource>();
  CLI::App* command = streams.add_subcommand(
      "describe", "Show a stream: its shards as a tree, their ranges and ages");
  add_stream_source(*command, *source);
  command->footer(
      "A shard that took the place of another stands below it behind an arrow; the shards that it\n"
      "was split into stand below it, further in.");
  command->callback([source, &exit_code] {
    check_source(*source);
    exit_code = describe(*source);
  });
}

}  // namespace dynakeep::app
