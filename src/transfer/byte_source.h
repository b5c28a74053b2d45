#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "dynakeep/result.h"

namespace dynakeep::transfer {

// Where bytes come from, front to back. For one thread.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Puts bytes at the front of `to`, which is not empty, and gives how many: 0 at the end only.
  virtual Result<std::size_t> read(std::span<char> to) = 0;

  // How many have come from where they really are: packed ones, where this source unpacks.
  virtual std::uint64_t bytes_read() const = 0;
};

// invalid_argument: the file cannot be opened, or is a folder.
Result<std::unique_ptr<ByteSource>> open_file(const std::string& path);

// Bytes from a function.
class CalledSource final : public ByteSource {
 public:
  using Function = std::function<Result<std::size_t>(std::span<char>)>;

  explicit CalledSource(Function function) : function_(std::move(function)) {}
  Result<std::size_t> read(std::span<char> to) override {
    const std::size_t count = TRY(function_(to));
    bytes_read_ += count;
    return count;
  }
  std::uint64_t bytes_read() const override { return bytes_read_; }

 private:
  Function function_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace dynakeep::transfer
