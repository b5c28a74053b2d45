#include "transfer/compression.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "base/invariant.h"

namespace dynakeep::transfer {

namespace {

// Of gzip the level that keeps an export faster than a disk; its ratio on items is near the best.
constexpr int gzip_level = 2;
constexpr int gzip_window_bits = 15 + 16;  // 16: gzip's head and sum, not zlib's
constexpr int gzip_memory_level = 8;
constexpr int zstd_level = 3;
constexpr int zstd_window_log_max = 27;

constexpr std::size_t block_bytes = 128 * 1024;

bool looks_like_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

// A frame, or a frame to be skipped.
bool looks_like_zstd(std::string_view bytes) {
  return bytes.starts_with("\x28\xb5\x2f\xfd") ||
         (bytes.size() >= 4 && (bytes[0] & '\xf0') == '\x50' &&
          bytes.substr(1, 3) == "\x2a\x4d\x18");
}

Bytef* as_bytes(char* at) { return reinterpret_cast<Bytef*>(at); }

Error damaged(const char* what) { return {ErrorCode::serialization, what}; }

}  // namespace

// ---- packing ----

struct Packer::Body {
  virtual ~Body() = default;
  virtual void pack(std::string_view text, bool last, std::string& out) = 0;
};

namespace {

struct GzipPacker final : public Packer::Body {
  GzipPacker() {
    if (deflateInit2(&stream, gzip_level, Z_DEFLATED, gzip_window_bits, gzip_memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();  // the only thing that can be wrong
    }
  }
  ~GzipPacker() override { deflateEnd(&stream); }
  GzipPacker(const GzipPacker&) = delete;
  GzipPacker& operator=(const GzipPacker&) = delete;

  void pack(std::string_view text, bool last, std::string& out) override {
    do {
      // Its counts are of 32 bits.
      const std::string_view piece = text.substr(0, std::size_t{1} << 30);
      text.remove_prefix(piece.size());
      stream.next_in = as_bytes(const_cast<char*>(piece.data()));
      stream.avail_in = static_cast<uInt>(piece.size());
      const int flush = last && text.empty() ? Z_FINISH : Z_NO_FLUSH;
      do {
        stream.next_out = as_bytes(block.data());
        stream.avail_out = static_cast<uInt>(block.size());
        INVARIANT(deflate(&stream, flush) != Z_STREAM_ERROR);
        out.append(block.data(), block.size() - stream.avail_out);
      } while (stream.avail_out == 0);
    } while (!text.empty());
    if (last) INVARIANT(deflateReset(&stream) == Z_OK);
  }

  z_stream stream = {};
  std::vector<char> block = std::vector<char>(block_bytes);
};

struct ZstdPacker final : public Packer::Body {
  ZstdPacker() : context(ZSTD_createCCtx()) {
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, zstd_level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  }
  ~ZstdPacker() override { ZSTD_freeCCtx(context); }
  ZstdPacker(const ZstdPacker&) = delete;
  ZstdPacker& operator=(const ZstdPacker&) = delete;

  void pack(std::string_view text, bool last, std::string& out) override {
    ZSTD_inBuffer in{text.data(), text.size(), 0};
    while (true) {
      ZSTD_outBuffer to{block.data(), block.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(context, &to, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left) != 0) throw std::bad_alloc();  // nothing else is left to go wrong
      out.append(block.data(), to.pos);
      if (last ? left == 0 : in.pos == in.size) return;
    }
  }

  ZSTD_CCtx* context;
  std::vector<char> block = std::vector<char>(block_bytes);
};

}  // namespace

Packer::Packer(Compression compression) {
  INVARIANT(compression != Compression::none);
  if (compression == Compression::gzip) {
    body_ = std::make_unique<GzipPacker>();
  } else {
    body_ = std::make_unique<ZstdPacker>();
  }
}

Packer::~Packer() = default;

void Packer::add(std::string_view text, std::string& out) { body_->pack(text, false, out); }

void Packer::finish(std::string& out) { body_->pack({}, true, out); }

// ---- unpacking ----

struct Unpacker::Body {
  explicit Body(ByteSource& source) : packed(source) {}
  ~Body() {
    if (kind == Compression::gzip) inflateEnd(&gzip);
    ZSTD_freeDCtx(zstd);
  }
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  // Packed bytes in hand.
  std::string_view ahead() const { return {block.data() + from, to - from}; }

  // Reads until there are `least` bytes in hand, or the end has come.
  Result<void> look_ahead(std::size_t least) {
    if (ahead().size() >= least) return {};
    std::memmove(block.data(), block.data() + from, to - from);
    to -= from;
    from = 0;
    while (!at_end && to < least) {
      const std::size_t count = TRY(packed.read(std::span(block).subspan(to)));
      to += count;
      at_end = count == 0;
    }
    return {};
  }

  Result<void> begin() {
    TRY(look_ahead(4));
    begun = true;
    if (looks_like_gzip(ahead())) {
      if (inflateInit2(&gzip, gzip_window_bits) != Z_OK) throw std::bad_alloc();
      kind = Compression::gzip;
    } else if (looks_like_zstd(ahead())) {
      zstd = ZSTD_createDCtx();
      if (zstd == nullptr) throw std::bad_alloc();
      ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, zstd_window_log_max);
      kind = Compression::zstd;
    }
    return {};
  }

  Result<std::size_t> plain(std::span<char> out) {
    if (ahead().empty()) return at_end ? Result<std::size_t>(0) : packed.read(out);
    const std::size_t count = std::min(out.size(), ahead().size());
    std::memcpy(out.data(), ahead().data(), count);
    from += count;
    return count;
  }

  Result<std::size_t> gunzip(std::span<char> out) {
    constexpr std::size_t most = std::size_t{1} << 30;
    while (true) {
      TRY(look_ahead(1));
      if (between) {
        // Members follow one another until the end.
        TRY(look_ahead(2));
        if (ahead().empty()) return 0;
        if (!looks_like_gzip(ahead()))
          return damaged("something that is not gzip follows the gzip data");
        INVARIANT(inflateReset(&gzip) == Z_OK);
        between = false;
      }
      if (ahead().empty()) return damaged("the gzip data is cut short");
      gzip.next_in = as_bytes(block.data() + from);
      gzip.avail_in = static_cast<uInt>(to - from);
      gzip.next_out = as_bytes(out.data());
      gzip.avail_out = static_cast<uInt>(std::min(out.size(), most));
      const uInt room = gzip.avail_out;
      const int status = inflate(&gzip, Z_NO_FLUSH);
      from = to - gzip.avail_in;
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
        return damaged("the gzip data is damaged");
      }
      between = status == Z_STREAM_END;
      if (gzip.avail_out < room) return static_cast<std::size_t>(room - gzip.avail_out);
    }
  }

  Result<std::size_t> unzstd(std::span<char> out) {
    while (true) {
      TRY(look_ahead(1));
      // With nothing in hand there may still be bytes to give out.
      ZSTD_inBuffer in{block.data() + from, to - from, 0};
      ZSTD_outBuffer given{out.data(), out.size(), 0};
      if (ahead().empty() && between) return 0;
      const std::size_t left = ZSTD_decompressStream(zstd, &given, &in);
      if (ZSTD_isError(left) != 0) return damaged("the zstd data is damaged");
      from += in.pos;
      between = left == 0;
      if (given.pos > 0) return given.pos;
      if (ahead().empty() && at_end && !between) return damaged("the zstd data is cut short");
    }
  }

  ByteSource& packed;
  std::vector<char> block = std::vector<char>(block_bytes);
  std::size_t from = 0;
  std::size_t to = 0;
  bool at_end = false;  // of what is packed
  bool begun = false;
  bool between = false;  // members or frames
  Compression kind = Compression::none;
  z_stream gzip = {};
  ZSTD_DCtx* zstd = nullptr;
};

Unpacker::Unpacker(ByteSource& packed) : body_(std::make_unique<Body>(packed)) {}

Unpacker::~Unpacker() = default;

Result<std::size_t> Unpacker::read(std::span<char> to) {
  if (!body_->begun) TRY(body_->begin());
  switch (body_->kind) {
    case Compression::gzip:
      return body_->gunzip(to);
    case Compression::zstd:
      return body_->unzstd(to);
    case Compression::none:
      break;
  }
  return body_->plain(to);
}

std::uint64_t Unpacker::bytes_read() const { return body_->packed.bytes_read(); }

}  // namespace dynakeep::transfer
