#pragma once

#include <map>
#include <string>
#include <vector>

#include "dynakeep/database.h"

// What a table's stream tells of it, and what must be true of every stream with old and new images
// of which nothing was trimmed. What is not true fails the test. For when nobody writes or rolls.
namespace dynakeep::support {

// Items by their keys, as JSON.
using ItemsByKey = std::map<std::string, Item>;

// The stream that the table has, or had last.
std::string stream_of(Database& database, const std::string& table);

// All shards that are listed, parents before their children.
std::vector<StreamShard> shards_of(Database& database, const std::string& stream_arn);

// All records from the beginning on, of parents before those of their children. Expects each shard
// to hold what its range says, numbers that rise from record to record and from parent to child,
// and none, nor any event ID, twice.
std::vector<ChangeRecord> read_stream(Database& database, const std::string& stream_arn);

// The items that the changes make of none. Expects each to begin with what the one before it left:
// a change of what is not there, or one that is missing, shows.
ItemsByKey replayed(const std::vector<ChangeRecord>& records);

// What Scan finds.
ItemsByKey scanned(Database& database, const std::string& table);

}  // namespace dynakeep::support
