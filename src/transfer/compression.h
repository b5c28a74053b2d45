#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/transfer/format.h"
#include "transfer/byte_source.h"

namespace dynakeep::transfer {

// Packs text, piece by piece, into one member of gzip (RFC 1952) or one frame of zstd (RFC 8878).
// Several of them one after the other are a whole file again.
class Packer {
 public:
  explicit Packer(Compression compression);  // not none
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  // Appends to `out` what is ready of it.
  void add(std::string_view text, std::string& out);
  // Appends the rest. What is added from then on begins anew.
  void finish(std::string& out);

  struct Body;

 private:
  std::unique_ptr<Body> body_;
};

// What `packed` stands for: gzip and zstd are undone, told by their first bytes, whatever the file
// is called, and all else is passed on. A little memory at a time, whatever the bytes would come
// to: zstd may ask for a window of at most 128 MiB.
//
// serialization: damaged, cut short, or something else behind it.
class Unpacker final : public ByteSource {
 public:
  explicit Unpacker(ByteSource& packed);  // which must outlive it
  ~Unpacker() override;
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  Result<std::size_t> read(std::span<char> to) override;
  std::uint64_t bytes_read() const override;

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace dynakeep::transfer
