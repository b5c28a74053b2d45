#include "transfer/read_ahead.h"

#include <algorithm>
#include <cstring>

namespace dynakeep::transfer {

namespace {

constexpr std::size_t piece_bytes = 256 * 1024;

}  // namespace

Result<bool> ReadAhead::more() {
  if (at_end_) return false;
  if (from_ > 0) {
    std::memmove(block_.data(), block_.data() + from_, to_ - from_);
    to_ -= from_;
    from_ = 0;
  }
  // Long lines double it, and once they are over it is made small again.
  const std::size_t wanted = to_ + piece_bytes;
  if (block_.size() < wanted) block_.resize(std::max(wanted, block_.size() * 2));
  if (block_.size() > 16 * piece_bytes && to_ < piece_bytes) {
    block_.resize(2 * piece_bytes);
    block_.shrink_to_fit();
  }
  const std::size_t count = TRY(source_.read(std::span(block_).subspan(to_)));
  to_ += count;
  at_end_ = count == 0;
  return !at_end_;
}

Result<void> ReadAhead::skip_to(std::uint64_t position) {
  while (position_ < position) {
    if (ahead().empty() && !TRY(more())) break;
    take(static_cast<std::size_t>(std::min<std::uint64_t>(ahead().size(), position - position_)));
  }
  return {};
}

}  // namespace dynakeep::transfer
