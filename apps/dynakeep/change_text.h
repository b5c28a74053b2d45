#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stream_requests.h"
#include "terminal.h"

namespace dynakeep::app {

// A change for a program: the record as GetRecords has it, and its "shardId".
std::string change_json(const ChangeRecord& record, std::string_view shard_id);

// A change for a person, in one line that cannot disturb a terminal: when, what, of which item (its
// key attributes in the order of `keys`), and what of it is another now:
// 2026-01-31T12:00:00Z  MODIFY  artist="Nina" title="Mood"  plays: 1 -> 2, +label: "RCA", -live
// Attributes of maps are told apart, "address.city: …". Long values are cut where a person looks.
std::string change_line(const ChangeRecord& record, const std::vector<std::string>& keys,
                        const Terminal& terminal);

}  // namespace dynakeep::app
