#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "engine/streams/streams.h"

namespace dynakeep::engine {

// A place in a shard, as clients carry it about: nothing is kept of it here. Signed, so that no
// place comes from elsewhere.
struct ShardIterator {
  storage::SpaceId stream = 0;
  std::uint32_t shard = 0;
  // Before the oldest record that is kept, whichever that is when it is used. Else after `after`.
  bool at_trim_horizon = false;
  SequenceNumber after = 0;
  Time issued = {};
};

std::string encode_iterator(const Streams& streams, const ShardIterator& iterator);
// validation, "Invalid ShardIterator": nothing that was made here.
Result<ShardIterator> decode_iterator(const Streams& streams, std::string_view text);

}  // namespace dynakeep::engine
