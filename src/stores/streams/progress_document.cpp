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

}  // namespace

std::string to_document(const StreamScope& scope, const StreamProgress& progress,
                        std::uint64_t generation, Time written) {
  JsonDocument json = JsonDocument::object();
  json.set("format", JsonDocument::string(std::string(format)));
  json.set("version", JsonDocument::number(1));
  json.set("generation", JsonDocument::number(static_cast<std::int64_t>(generation)));
  json.set("group", JsonDocument::string(scope.group));
  json.set("stream_arn", JsonDocument::string(scope.stream_arn));
  json.set("written_ms",
           JsonDocument::number(
               std::chrono::floor<std::chrono::milliseconds>(written).time_since_epoch().count()));
  json.set("initial", progress.start ? streams::to_json(*progress.start) : JsonDocument());
  std::vector<JsonDocument::Member> shards;
  for (const auto& [id, row] : progress.shards) shards.emplace_back(id, streams::to_json(row));
  json.set("shards", JsonDocument::object(std::move(shards)));
  std::string line = json.to_text() + "\n";
  const std::string checksum = crc32c(line);
  return std::move(line) + std::string(checksum_word) + checksum + "\n";
}

Result<StreamDocument> parse_stream_document(std::string_view text) {
  if (text.size() > document_bytes_max) return refused("it is larger than 256 MiB");
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return refused("it has no checksum");
  const std::string_view line = text.substr(0, end + 1);
  if (text.substr(end + 1) != std::string(checksum_word) + crc32c(line) + "\n") {
    return refused("its checksum is wrong");
  }
  const JsonDocument json = TRY(JsonDocument::parse(line));
  if (text_of(json, "format") != format) return refused("it is of another format");
  if (text_of(json, "version") != version) {
    return Error(ErrorCode::invalid_argument, "The checkpoint is of another version");
  }

  StreamDocument document{
      .scope = {.group = text_of(json, "group"), .stream_arn = text_of(json, "stream_arn")}};
  for (const char digit : text_of(json, "generation")) {
    if (digit < '0' || digit > '9') return refused("its generation is no number");
    document.generation = document.generation * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (const JsonDocument* start = json.find("initial"); start != nullptr && !start->is_null()) {
    document.progress.start = TRY(streams::start_from_json(*start));
  }
  const JsonDocument* shards = json.find("shards");
  if (shards == nullptr || !shards->is_object()) return refused("it has no shards");
  for (const auto& [id, row] : shards->members()) {
    document.progress.shards.emplace(id, TRY(streams::row_from_json(id, row)));
  }
  return document;
}

}  // namespace dynakeep
