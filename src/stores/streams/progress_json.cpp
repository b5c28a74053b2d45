#include "stores/streams/progress_json.h"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace dynakeep::streams {
namespace {

using Kind = StreamPosition::Kind;

template <typename T>
struct Word {
  T value;
  std::string_view text;
};

constexpr std::array position_words = {
    Word<Kind>{Kind::trim_horizon, "initial"}, Word<Kind>{Kind::latest, "latest"},
    Word<Kind>{Kind::at, "at"}, Word<Kind>{Kind::after, "after"}, Word<Kind>{Kind::end, "end"}};
constexpr std::array state_words = {Word<ShardState>{ShardState::pending, "pending"},
                                    Word<ShardState>{ShardState::ready, "reading"},
                                    Word<ShardState>{ShardState::completed, "completed"},
                                    Word<ShardState>{ShardState::lost, "lost"}};
constexpr std::array start_words = {
    Word<StreamStart::Kind>{StreamStart::Kind::trim_horizon, "trim_horizon"},
    Word<StreamStart::Kind>{StreamStart::Kind::latest, "latest"},
    Word<StreamStart::Kind>{StreamStart::Kind::positions, "positions"},
    Word<StreamStart::Kind>{StreamStart::Kind::timestamp, "timestamp"},
    Word<StreamStart::Kind>{StreamStart::Kind::after_position, "after_position"}};
constexpr std::array gap_words = {
    Word<StreamGap::Kind>{StreamGap::Kind::position_trimmed, "position_trimmed"},
    Word<StreamGap::Kind>{StreamGap::Kind::shard_lost, "shard_lost"},
    Word<StreamGap::Kind>{StreamGap::Kind::lineage_broken, "lineage_broken"},
    Word<StreamGap::Kind>{StreamGap::Kind::position_invalid, "position_invalid"},
    Word<StreamGap::Kind>{StreamGap::Kind::start_before_horizon, "start_before_horizon"},
    Word<StreamGap::Kind>{StreamGap::Kind::late_ancestor, "late_ancestor"},
    Word<StreamGap::Kind>{StreamGap::Kind::stream_replaced, "stream_replaced"}};

template <typename T, std::size_t n>
std::string_view text_of(const std::array<Word<T>, n>& words, T value) {
  for (const auto& word : words) {
    if (word.value == value) return word.text;
  }
  return words.front().text;
}

JsonDocument text(std::string_view value) { return JsonDocument::string(std::string(value)); }

std::int64_t to_milliseconds(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

void set_time(JsonDocument& json, std::string_view name, const std::optional<Time>& time) {
  if (time) json.set(name, JsonDocument::number(to_milliseconds(*time)));
}

void set_position(JsonDocument& json, const StreamPosition& position) {
  json.set("pos", text(text_of(position_words, position.kind)));
  if (!position.sequence_number.empty()) json.set("seq", text(position.sequence_number));
}

Error malformed(std::string_view name) {
  return {ErrorCode::serialization,
          "Not the progress of a stream: \"" + std::string(name) + "\" is missing or wrong"};
}

// Reads members of one object; the first that is wrong is what is complained about.
class Reader {
 public:
  explicit Reader(const JsonDocument& json) : json_(json) {
    if (!json.is_object()) complain("object");
  }

  void complain(std::string_view name) {
    if (!failure_) failure_ = malformed(name);
  }
  std::optional<std::string> string(std::string_view name) {
    const JsonDocument* member = json_.find(name);
    if (member == nullptr || member->is_null()) return std::nullopt;
    if (!member->is_string()) {
      complain(name);
      return std::nullopt;
    }
    return member->text();
  }
  std::optional<std::int64_t> integer(std::string_view name) {
    const JsonDocument* member = json_.find(name);
    if (member == nullptr || member->is_null()) return std::nullopt;
    const std::string& digits = member->text();
    std::int64_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool is_whole = failed == std::errc() && end == digits.data() + digits.size();
    if (member->kind() != JsonDocument::Kind::number || !is_whole || value < 0) {
      complain(name);
      return std::nullopt;
    }
    return value;
  }
  std::optional<Time> time(std::string_view name) {
    constexpr std::int64_t milliseconds_max = 253'402'300'800'000;  // the year 10000
    const auto milliseconds = integer(name);
    if (!milliseconds) return std::nullopt;
    if (*milliseconds > milliseconds_max) {
      complain(name);
      return std::nullopt;
    }
    return Time(std::chrono::milliseconds(*milliseconds));
  }
  template <typename T, std::size_t n>
  T word(std::string_view name, const std::array<Word<T>, n>& words) {
    const auto found = string(name);
    for (const auto& word : words) {
      if (found && word.text == *found) return word.value;
    }
    complain(name);
    return words.front().value;
  }
  StreamPosition position() {
    StreamPosition position{.kind = word("pos", position_words),
                            .sequence_number = string("seq").value_or("")};
    const bool takes_number = position.kind == Kind::at || position.kind == Kind::after;
    if (takes_number != is_sequence_number(position.sequence_number)) complain("seq");
    return position;
  }
  const std::optional<Error>& failure() const { return failure_; }

 private:
  const JsonDocument& json_;
  std::optional<Error> failure_;
};

}  // namespace

JsonDocument to_json(const StreamGap& gap) {
  JsonDocument json = JsonDocument::object();
  json.set("kind", text(to_text(gap.kind)));
  json.set("shard", text(gap.shard_id));
  set_position(json, gap.position);
  set_time(json, "from_ms", gap.from);
  set_time(json, "until_ms", gap.until);
  set_time(json, "detected_ms", gap.detected);
  json.set("certain", JsonDocument::boolean(gap.is_certain));
  return json;
}

Result<StreamGap> gap_from_json(const JsonDocument& json) {
  Reader reader(json);
  StreamGap gap{.kind = reader.word("kind", gap_words),
                .shard_id = reader.string("shard").value_or(""),
                .position = reader.position(),
                .from = reader.time("from_ms"),
                .until = reader.time("until_ms"),
                .detected = reader.time("detected_ms").value_or(Time())};
  const JsonDocument* certain = json.find("certain");
  gap.is_certain = certain != nullptr && certain->truth();
  if (reader.failure()) return *reader.failure();
  return gap;
}

JsonDocument to_json(const ShardProgress& row) {
  JsonDocument json = JsonDocument::object();
  json.set("parent", row.parent ? text(*row.parent) : JsonDocument());
  json.set("state", text(text_of(state_words, row.state)));
  set_position(json, row.position);
  if (row.last_record) {
    json.set("last_record_s", JsonDocument::number(to_milliseconds(*row.last_record) / 1000));
  }
  set_time(json, "caught_up_ms", row.caught_up);
  set_time(json, "updated_ms", row.updated);
  return json;
}

JsonDocument to_json(const StreamStart& start) {
  JsonDocument json = JsonDocument::object();
  json.set("kind", text(text_of(start_words, start.kind)));
  set_time(json, "t0_ms", start.decided);
  set_time(json, "time_ms", start.time);
  if (!start.position.empty()) json.set("position", text(start.position));
  JsonDocument shards = JsonDocument::object();
  for (const auto& [id, position] : start.shards) {
    JsonDocument each = JsonDocument::object();
    set_position(each, position);
    shards.set(id, std::move(each));
  }
  json.set("shards", std::move(shards));
  JsonDocument gaps = JsonDocument::array();
  for (const StreamGap& gap : start.gaps) gaps.elements().push_back(to_json(gap));
  json.set("gaps", std::move(gaps));
  return json;
}

Result<ShardProgress> row_from_json(std::string_view shard_id, const JsonDocument& json) {
  Reader reader(json);
  ShardProgress row{.shard_id = std::string(shard_id),
                    .parent = reader.string("parent"),
                    .state = reader.word("state", state_words),
                    .position = reader.position(),
                    .caught_up = reader.time("caught_up_ms"),
                    .updated = reader.time("updated_ms")};
  constexpr std::int64_t seconds_max = 253'402'300'800;
  if (const auto seconds = reader.integer("last_record_s")) {
    if (*seconds > seconds_max) {
      reader.complain("last_record_s");
    } else {
      row.last_record = Time(std::chrono::seconds(*seconds));
    }
  }
  if (reader.failure()) return *reader.failure();
  return row;
}

Result<StreamStart> start_from_json(const JsonDocument& json) {
  Reader reader(json);
  StreamStart start{.kind = reader.word("kind", start_words),
                    .decided = reader.time("t0_ms").value_or(Time()),
                    .time = reader.time("time_ms"),
                    .position = reader.string("position").value_or("")};
  if (reader.failure()) return *reader.failure();
  if (const JsonDocument* shards = json.find("shards")) {
    for (const auto& [id, each] : shards->members()) {
      Reader position(each);
      start.shards[id] = position.position();
      if (position.failure()) return *position.failure();
    }
  }
  if (const JsonDocument* gaps = json.find("gaps")) {
    for (const JsonDocument& gap : gaps->elements()) {
      start.gaps.push_back(TRY(gap_from_json(gap)));
    }
  }
  return start;
}

}  // namespace dynakeep::streams

namespace dynakeep {

std::string_view to_text(StreamGap::Kind kind) {
  return streams::text_of(streams::gap_words, kind);
}

}  // namespace dynakeep
