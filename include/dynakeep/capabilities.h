#pragma once

#include <cstddef>
#include <string>

namespace dynakeep {

// What a database can do that other engines behind the same protocol cannot. The first part is true
// of Amazon DynamoDB and of the embedded engine, the second of the embedded engine and of servers
// before it; a remote database asks its endpoint once, when it is opened.
// For those who must choose another way where something is missing; an operation that the engine
// does not have fails in any case, with the engine's error.
struct Capabilities {
  std::string engine = "Dynakeep";  // for a person: what it says it is, or behaves like

  bool transactions = true;  // TransactWriteItems and TransactGetItems
  std::size_t transaction_actions_max = 100;
  bool empty_values = true;  // empty strings and binaries outside keys
  bool tags = true;          // TagResource, UntagResource, ListTagsOfResource
  bool streams = true;       // ListStreams and the operations on what it lists
  bool time_to_live = true;  // UpdateTimeToLive, DescribeTimeToLive

  bool long_poll = false;  // GetRecordsRequest::wait
  bool positions = false;  // want_stream_point of reads, writes and GetRecords
  bool snapshots = false;  // SnapshotUse
  // Database::when_records, which a remote database has not: whoever serves one cannot hold
  // requests for records.
  bool tells_of_records = false;

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

}  // namespace dynakeep
