// Keys of the storage order as the values they are made of. The input is four texts, separated by
// 0x1F: two sort keys, then a partition key, then one of an index entry's item.

#include "storage/key_codec.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "base/invariant.h"
#include "model/encoded_item.h"

using namespace dynakeep::storage;
using dynakeep::model::ValueTag;

namespace {

std::string_view take_text(std::string_view& rest) {
  const auto end = rest.find('\x1f');
  const auto text = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return text;
}

std::string text_value(std::string_view text) {
  std::string out;
  dynakeep::model::append_value(out, ValueTag::string, text);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto a_text = take_text(rest);
  const auto b_text = take_text(rest);
  const std::string a_bytes = text_value(a_text);
  const std::string b_bytes = text_value(b_text);
  const std::string partition_bytes = text_value(take_text(rest));
  const std::string base_bytes = text_value(take_text(rest));
  const ValueView a(a_bytes), b(b_bytes), partition(partition_bytes), base(base_bytes);

  constexpr SpaceId space = 7;
  const std::string a_key = item_key(space, partition, a);
  const std::string b_key = item_key(space, partition, b);
  INVARIANT((a_key <=> b_key) == (a_text <=> b_text));
  INVARIANT(partition_of(a_key) == (Partition{space, partition_hash(partition)}));

  INVARIANT(space_range(space).contains(a_key));
  INVARIANT(partition_range(space, partition).contains(a_key));
  INVARIANT(!space_range(space + 1).contains(a_key));
  const auto segment = segment_of(partition_hash(partition), 5);
  for (std::uint32_t i = 0; i < 5; ++i)
    INVARIANT(segment_range(space, i, 5).contains(a_key) == (i == segment));

  const auto from_a = sort_range(space, partition, {.lower = a, .lower_inclusive = false});
  INVARIANT(from_a.contains(b_key) == (b_text > a_text));
  const auto to_a = sort_range(space, partition, {.upper = a});
  INVARIANT(to_a.contains(b_key) == (b_text <= a_text));
  INVARIANT(sort_prefix_range(space, partition, a).contains(b_key) == b_text.starts_with(a_text));

  // An index entry stands where its sort key says, whatever item it names.
  const std::string entry = index_key(space, partition, b, base, a);
  INVARIANT(from_a.contains(entry) == (b_text > a_text));
  INVARIANT(sort_prefix_range(space, partition, a).contains(entry) == b_text.starts_with(a_text));

  KeyRange after = partition_range(space, partition);
  continue_after(after, a_key, Direction::forward);
  INVARIANT(after.contains(b_key) == (b_text > a_text));
  KeyRange before = partition_range(space, partition);
  continue_after(before, a_key, Direction::backward);
  INVARIANT(before.contains(b_key) == (b_text < a_text));
  return 0;
}
