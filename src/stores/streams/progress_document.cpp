#include <array>
#include <cstddef>
#include <utility>

#include "dynakeep/stores/stream_progress.h"
#include "stores/streams/progress_json.h"

namespace dynakeep {
namespace {

constexpr std::string_view format = "stream-checkpoint";
constexpr std::string_view version = "1";
constexpr std::string_view checksum_word = "crc32c ";
constexpr std::size_t document_bytes_max = std::size_t{256} << 20;
constexpr std::size_t gaps_max = 100;

constexpr std::array<std::uint32_t, 256> crc_table = [] {
  constexpr std::uint32_t castagnoli = 0x82F63B78;  // its bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? castagnoli : 0);
    table[byte] = value;
  }
  return table;
}();

std::string crc32c(std::string_view bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  crc = ~crc;
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[(crc >> shift) & 0xF];
  return text;
}

Error refused(const char* why) {
  return {ErrorCode::serialization, std::string("Not a checkpoint of a stream: ") + why};
}

std::string text_of(const JsonDocument& json, std::string_view name) {
  const JsonDocument* member = json.find(name);
  return member == nullptr ? "" : member->text();
}

// With its checksum behind it.
std::string to_lines(const JsonDocument& json) {
  std::string line = json.to_text() + "\n";
  const std::string checksum = crc32c(line);
  return std::move(line) + std::string(checksum_word) + checksum + "\n";
}

// The first two lines of the text: empty if they are not all there.
std::string_view first_lines(std::string_view text) {
  const std::size_t first = text.find('\n');
  if (first == std::string_view::npos) return {};
  const std::size_t second = text.find('\n', first + 1);
  return second == std::string_view::npos ? std::string_view() : text.substr(0, second + 1);
}

Result<JsonDocument> from_lines(std::string_view lines) {
  const std::size_t end = lines.find('\n');
  if (end == std::string_view::npos) return refused("it has no checksum");
  const std::string_view line = lines.substr(0, end + 1);
  if (lines.substr(end + 1) != std::string(checksum_word) + crc32c(line) + "\n") {
    return refused("its checksum is wrong");
  }
  return JsonDocument::parse(line);
}

Result<std::uint64_t> generation_of(const JsonDocument& json) {
  std::uint64_t generation = 0;
  for (const char digit : text_of(json, "generation")) {
    if (digit < '0' || digit > '9') return refused("its generation is no number");
    generation = generation * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return generation;
}

JsonDocument generation_json(std::uint64_t generation) {
  return JsonDocument::number(static_cast<std::int64_t>(generation));
}

template <typename Rows>
JsonDocument rows_json(const Rows& rows) {
  std::vector<JsonDocument::Member> members;
  for (const ShardProgress* row : rows) members.emplace_back(row->shard_id, streams::to_json(*row));
  return JsonDocument::object(std::move(members));
}

Result<std::vector<ShardProgress>> rows_of(const JsonDocument& json) {
  const JsonDocument* shards = json.find("shards");
  if (shards == nullptr || !shards->is_object()) return refused("it has no shards");
  std::vector<ShardProgress> rows;
  for (const auto& [id, row] : shards->members()) {
    rows.push_back(TRY(streams::row_from_json(id, row)));
  }
  return rows;
}

// Without changes.
Result<StreamDocument> parse_document(std::string_view text) {
  const JsonDocument json = TRY(from_lines(text));
  if (text_of(json, "format") != format) return refused("it is of another format");
  if (text_of(json, "version") != version) {
    return Error(ErrorCode::invalid_argument, "The checkpoint is of another version");
  }

  StreamDocument document{
      .scope = {.group = text_of(json, "group"), .stream_arn = text_of(json, "stream_arn")}};
  document.generation = TRY(generation_of(json));
  if (const JsonDocument* start = json.find("initial"); start != nullptr && !start->is_null()) {
    document.progress.start = TRY(streams::start_from_json(*start));
  }
  for (ShardProgress& row : TRY(rows_of(json))) {
    std::string id = row.shard_id;
    document.progress.shards.emplace(std::move(id), std::move(row));
  }
  return document;
}

}  // namespace

void apply(const StreamProgressChange& change, StreamProgress& progress) {
  for (const ShardProgress& row : change.rows) progress.shards.insert_or_assign(row.shard_id, row);
  for (const std::string& id : change.forgotten) progress.shards.erase(id);
  if (!progress.start) return;
  auto& gaps = progress.start->gaps;
  gaps.insert(gaps.end(), change.gaps.begin(), change.gaps.end());
  if (gaps.size() <= gaps_max) return;
  gaps.erase(gaps.begin(), gaps.end() - static_cast<std::ptrdiff_t>(gaps_max));
}

std::string to_document(const StreamScope& scope, const StreamProgress& progress,
                        std::uint64_t generation, Time written) {
  JsonDocument json = JsonDocument::object();
  json.set("format", JsonDocument::string(std::string(format)));
  json.set("version", JsonDocument::number(1));
  json.set("generation", generation_json(generation));
  json.set("group", JsonDocument::string(scope.group));
  json.set("stream_arn", JsonDocument::string(scope.stream_arn));
  json.set("written_ms",
           JsonDocument::number(
               std::chrono::floor<std::chrono::milliseconds>(written).time_since_epoch().count()));
  json.set("initial", progress.start ? streams::to_json(*progress.start) : JsonDocument());
  std::vector<const ShardProgress*> rows;
  for (const auto& [id, row] : progress.shards) rows.push_back(&row);
  json.set("shards", rows_json(rows));
  return to_lines(json);
}

namespace streams {
namespace {

Result<StreamProgressChange> change_of(const JsonDocument& json, std::uint64_t generation) {
  if (TRY(generation_of(json)) != generation) return refused("a change of another generation");
  StreamProgressChange change{.rows = TRY(rows_of(json))};
  if (const JsonDocument* forgotten = json.find("forgotten")) {
    for (const JsonDocument& id : forgotten->elements()) change.forgotten.push_back(id.text());
  }
  if (const JsonDocument* gaps = json.find("gaps")) {
    for (const JsonDocument& gap : gaps->elements()) {
      change.gaps.push_back(TRY(gap_from_json(gap)));
    }
  }
  return change;
}

}  // namespace

std::string to_change_lines(const StreamProgressChange& change, std::uint64_t generation) {
  JsonDocument json = JsonDocument::object();
  json.set("generation", generation_json(generation));
  std::vector<const ShardProgress*> rows;
  for (const ShardProgress& row : change.rows) rows.push_back(&row);
  json.set("shards", rows_json(rows));
  if (!change.forgotten.empty()) {
    JsonDocument ids = JsonDocument::array();
    for (const std::string& id : change.forgotten) {
      ids.elements().push_back(JsonDocument::string(id));
    }
    json.set("forgotten", std::move(ids));
  }
  if (!change.gaps.empty()) {
    JsonDocument gaps = JsonDocument::array();
    for (const StreamGap& gap : change.gaps) gaps.elements().push_back(to_json(gap));
    json.set("gaps", std::move(gaps));
  }
  return to_lines(json);
}

Result<ChangedDocument> parse_changed_document(std::string_view text) {
  if (text.size() > document_bytes_max) return refused("it is larger than 256 MiB");
  const std::string_view first = first_lines(text);
  ChangedDocument found{.document = TRY(parse_document(first.empty() ? text : first))};
  std::string_view rest = text.substr(first.size());
  while (!rest.empty()) {
    const std::string_view lines = first_lines(rest);
    found.is_whole = !lines.empty();
    if (!found.is_whole) return found;
    const auto json = from_lines(lines);
    const auto change = json ? change_of(*json, found.document.generation + 1) : json.error();
    if (!change) {
      found.is_whole = false;
      found.is_damaged = true;
      return found;
    }
    apply(*change, found.document.progress);
    ++found.document.generation;
    rest.remove_prefix(lines.size());
  }
  return found;
}

}  // namespace streams

Result<StreamDocument> parse_stream_document(std::string_view text) {
  return TRY(streams::parse_changed_document(text)).document;
}

}  // namespace dynakeep
