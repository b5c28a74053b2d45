#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/json_string.h"
#include "base/utf8.h"
#include "dynakeep/json.h"
#include "dynakeep/json_document.h"
#include "dynakeep/stores/stream_dead_letters.h"

namespace dynakeep {
namespace {

constexpr std::size_t error_bytes_max = std::size_t{16} << 10;

Error malformed(std::string_view name) {
  return {ErrorCode::serialization,
          "Not a dead letter: \"" + std::string(name) + "\" is missing or wrong"};
}

// What a program said, whatever bytes it used.
std::string shown(std::string_view text) {
  std::string kept(text.substr(0, error_bytes_max));
  // A character that was cut in two goes.
  for (int i = 0; i < 3 && kept.size() < text.size() && !base::is_utf8(kept); ++i) kept.pop_back();
  if (base::is_utf8(kept)) return kept;
  for (char& c : kept) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return kept;
}

void add(std::string& json, std::string_view name, std::string_view text) {
  if (json.size() > 1) json += ',';
  base::append_json_string(json, name);
  json += ':';
  base::append_json_string(json, text);
}
void add(std::string& json, std::string_view name, std::int64_t number) {
  json += ",\"" + std::string(name) + "\":" + std::to_string(number);
}
void add(std::string& json, std::string_view name, Time time) {
  add(json, name, std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count());
}

Result<std::string> text_of(const JsonDocument& json, std::string_view name) {
  const JsonDocument* member = json.find(name);
  if (member == nullptr || !member->is_string()) return malformed(name);
  return member->text();
}

Result<std::int64_t> number_of(const JsonDocument& json, std::string_view name, std::int64_t most) {
  const JsonDocument* member = json.find(name);
  if (member == nullptr || member->kind() != JsonDocument::Kind::number) return malformed(name);
  const std::string& digits = member->text();
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_whole = failed == std::errc() && end == digits.data() + digits.size();
  if (!is_whole || value < 0 || value > most) return malformed(name);
  return value;
}

Result<Time> time_of(const JsonDocument& json, std::string_view name) {
  constexpr std::int64_t milliseconds_max = 253'402'300'800'000;  // the year 10000
  return Time(std::chrono::milliseconds(TRY(number_of(json, name, milliseconds_max))));
}

}  // namespace

std::string to_json(const StreamDeadLetter& letter) {
  std::string json = "{";
  add(json, "stream_arn", letter.stream_arn);
  add(json, "shard_id", letter.shard_id);
  add(json, "sequence_number", letter.record.dynamodb.sequence_number);
  add(json, "event_id", letter.record.event_id);
  add(json, "attempts", std::int64_t{letter.attempts});
  add(json, "first_failure_ms", letter.first_failure);
  add(json, "last_failure_ms", letter.last_failure);
  add(json, "error", shown(letter.error));
  add(json, "group", letter.group);
  return json + ",\"record\":" + to_dynamodb_json(letter.record) + "}";
}

Result<StreamDeadLetter> dead_letter_from_json(std::string_view text) {
  constexpr std::int64_t attempts_max = 4'294'967'295;
  const JsonDocument json = TRY(JsonDocument::parse(text));
  const JsonDocument* record = json.find("record");
  if (record == nullptr) return malformed("record");
  StreamDeadLetter letter;
  letter.stream_arn = TRY(text_of(json, "stream_arn"));
  letter.group = TRY(text_of(json, "group"));
  letter.shard_id = TRY(text_of(json, "shard_id"));
  letter.record = TRY(change_record_from_dynamodb_json(record->to_text()));
  letter.attempts = static_cast<unsigned>(TRY(number_of(json, "attempts", attempts_max)));
  letter.first_failure = TRY(time_of(json, "first_failure_ms"));
  letter.last_failure = TRY(time_of(json, "last_failure_ms"));
  letter.error = TRY(text_of(json, "error"));
  return letter;
}

}  // namespace dynakeep
