#include "engine/streams/shard_iterator.h"

#include <chrono>

#include "base/base64.h"
#include "base/bytes.h"

namespace dynakeep::engine {
namespace {

constexpr char iterator_version = 1;
constexpr std::size_t signed_bytes = 1 + 1 + 4 + 4 + 8 + 8;

}  // namespace

std::string encode_iterator(const Streams& streams, const ShardIterator& iterator) {
  std::string bytes;
  bytes += iterator_version;
  bytes += iterator.at_trim_horizon ? '\1' : '\0';
  base::append_u32(bytes, iterator.stream);
  base::append_u32(bytes, iterator.shard);
  base::append_u64(bytes, iterator.after);
  base::append_u64(bytes, static_cast<std::uint64_t>(iterator.issued.time_since_epoch().count()));
  base::append_u64(bytes, streams.sign(bytes));
  return base::to_base64url(bytes);
}

Result<ShardIterator> decode_iterator(const Streams& streams, std::string_view text) {
  const auto bytes = base::from_base64url(text);
  if (!bytes || bytes->size() != signed_bytes + 8 || (*bytes)[0] != iterator_version) {
    return Error::validation("Invalid ShardIterator");
  }
  const std::string_view all(*bytes);
  if (base::read_u64(all.substr(signed_bytes)) != streams.sign(all.substr(0, signed_bytes))) {
    return Error::validation("Invalid ShardIterator");
  }
  const auto issued = static_cast<std::int64_t>(base::read_u64(all.substr(18)));
  return ShardIterator{.stream = base::read_u32(all.substr(2)),
                       .shard = base::read_u32(all.substr(6)),
                       .at_trim_horizon = all[1] != 0,
                       .after = base::read_u64(all.substr(10)),
                       .issued = Time(std::chrono::microseconds(issued))};
}

}  // namespace dynakeep::engine
