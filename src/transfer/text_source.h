#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "transfer/byte_source.h"

namespace dynakeep::transfer {

// For tests: a text in pieces of at most some bytes.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t piece = 1000)
      : text_(std::move(text)), piece_(piece) {}

  Result<std::size_t> read(std::span<char> to) override {
    const std::size_t count = std::min({to.size(), piece_, text_.size() - at_});
    std::memcpy(to.data(), text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::uint64_t bytes_read() const override { return at_; }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

}  // namespace dynakeep::transfer
