// What readers of streams keep in files and tables, and are given: checkpoints, dead letters, the
// states of pollers, filters. Of any text each is refused, or read as what it is written as again.
// The first byte chooses.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "dynakeep/json_document.h"
#include "dynakeep/stores/stream_dead_letters.h"
#include "dynakeep/stores/stream_filter.h"
#include "dynakeep/stores/stream_poller.h"
#include "dynakeep/stores/stream_progress.h"
#include "server/unused_database.h"
#include "stores/streams/progress_json.h"

using namespace dynakeep;

namespace {

constexpr const char* shard_id = "shardId-00000001414562045508-2bac9cd2";
constexpr const char* arn =
    "arn:aws:dynamodb:us-east-1:000000000000:table/Songs/stream/2026-01-01T00:00:00.000";

void read_row(std::string_view text) {
  const auto json = JsonDocument::parse(text);
  if (!json) return;
  StreamProgress progress;
  if (const auto row = streams::row_from_json(shard_id, *json)) {
    const auto again = streams::row_from_json(shard_id, streams::to_json(*row));
    INVARIANT(again && *again == *row);
    progress.shards.emplace(shard_id, *row);
  }
  if (const auto start = streams::start_from_json(*json)) {
    const auto again = streams::start_from_json(streams::to_json(*start));
    INVARIANT(again && *again == *start);
    progress.start = *start;
  }
  const StreamScope scope{.group = "g", .stream_arn = arn};
  const auto document = parse_stream_document(to_document(scope, progress, 7, Time{}));
  INVARIANT(document && document->scope == scope && document->progress == progress);
}

void read_letter(std::string_view text) {
  const auto letter = dead_letter_from_json(text);
  if (!letter) return;
  const std::string written = to_json(*letter);
  INVARIANT(written.find('\n') == std::string::npos);  // a line of its file
  const auto again = dead_letter_from_json(written);
  INVARIANT(again && to_json(*again) == written);
}

void read_filter(std::string_view text) {
  static const ChangeRecord record = {
      .event_name = "MODIFY",
      .dynamodb = {.keys = Item{{"artist", "Nina"}, {"year", 1965}},
                   .new_image = Item{{"artist", "Nina"}, {"year", 1965}},
                   .old_image = Item{{"artist", "Nina"}, {"year", 1965}}}};
  const auto filter = StreamFilter::parse(text);
  if (filter) filter->matches(record);
}

void read_state(std::string_view text) {
  static const ManualClock clock;
  server::UnusedDatabase database;
  StreamPoller poller(database, {.stream_arn = arn, .clock = &clock}, {});
  if (!poller.set_shard_state(text)) return;
  const std::string state = poller.get_shard_state();
  StreamPoller other(database, {.stream_arn = arn, .clock = &clock}, {});
  INVARIANT(other.set_shard_state(state));
  INVARIANT(other.get_shard_state() == state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      read_row(text);
      break;
    case 1:
      read_letter(text);
      break;
    case 2:
      read_filter(text);
      break;
    case 3:
      read_state(text);
      break;
    default:
      if (const auto document = parse_stream_document(text)) {
        const std::string written =
            to_document(document->scope, document->progress, document->generation, Time{});
        const auto again = parse_stream_document(written);
        INVARIANT(again && again->progress == document->progress);
      }
  }
  return 0;
}
