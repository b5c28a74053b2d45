#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "transfer/byte_source.h"

namespace dynakeep::transfer {

// A source's bytes with a view of those to come, for whoever looks for where a line ends. The
// memory it takes is what is looked at together, and a block.
class ReadAhead {
 public:
  explicit ReadAhead(ByteSource& source) : source_(source) {}  // which must outlive it

  // What is in hand; valid until more() or skip().
  std::string_view ahead() const { return {block_.data() + from_, to_ - from_}; }

  // Puts more behind what is ahead. False: that is all there is.
  Result<bool> more();

  // Leaves that many of what is ahead behind.
  void take(std::size_t count) {
    from_ += count;
    position_ += count;
  }

  // Leaves everything behind up to that position, or to the end.
  Result<void> skip_to(std::uint64_t position);

  // Bytes left behind.
  std::uint64_t position() const { return position_; }

 private:
  ByteSource& source_;
  std::vector<char> block_;
  std::size_t from_ = 0;
  std::size_t to_ = 0;
  std::uint64_t position_ = 0;
  bool at_end_ = false;
};

}  // namespace dynakeep::transfer
