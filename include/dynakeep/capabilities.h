#pragma once

#include <cstddef>
#include <string>

namespace dynakeep {

// What a database can do that other engines behind the same protocol cannot. All is true of Amazon
// DynamoDB and of the embedded engine; a remote database asks its endpoint once, when it is opened.
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

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

}  // namespace dynakeep
