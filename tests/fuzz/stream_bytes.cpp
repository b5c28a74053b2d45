// What a stream keeps on disk, and the iterators that clients carry about, of any bytes: each is
// read as what wrote it meant, or refused.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "dynakeep/embedded.h"
#include "engine/streams/shard_iterator.h"
#include "engine/streams/stream_record.h"
#include "engine/streams/stream_state.h"
#include "engine/streams/streams.h"
#include "model/encoded_item.h"
#include "storage/key_value_store.h"

namespace {

using namespace dynakeep;
using namespace dynakeep::engine;

void require(bool holds) {
  if (!holds) std::abort();
}

const Streams& streams() {
  static const auto store = storage::KeyValueStore::open({.in_memory = true}).value();
  static const auto opened =
      Streams::open(*store, system_clock(), "arn:aws:dynamodb:us-east-1:000000000000:table/", {})
          .value();
  return *opened;
}

void read_record(std::string_view bytes) {
  const auto record = view_record(bytes);
  if (!record) return;
  require(record->created >= Time{});
  // Whoever answers with it looks into all of it.
  for (const std::string_view part : {record->keys, record->old_image, record->new_image}) {
    if (part.empty()) continue;
    require(model::is_well_formed(part));
    size_bytes_of(model::view_item(part));
  }
}

void read_state(std::string_view bytes) {
  const auto state = decode_stream(1, bytes);
  if (!state) return;
  const auto again = decode_stream(1, encode_stream(*state));
  require(again && *again == *state);
}

// Nothing that was not signed here is an iterator, whatever else it is.
void read_iterator(std::string_view bytes) {
  require(!decode_iterator(streams(), bytes));
  require(!decode_iterator(streams(), base::to_base64url(bytes)));
}

// One that was is itself, and no other when a character is changed.
void change_iterator(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return;
  const std::string text = encode_iterator(
      streams(), {.stream = data[0], .shard = data[1], .after = data[2], .issued = Time{}});
  const auto decoded = decode_iterator(streams(), text);
  require(decoded && decoded->stream == data[0] && decoded->shard == data[1] &&
          decoded->after == data[2]);
  std::string forged = text;
  char& changed = forged[data[0] % forged.size()];
  changed = static_cast<char>(data[1]);
  if (forged == text) return;
  const auto other = decode_iterator(streams(), forged);
  // The last characters of base64 may say the same in another way.
  require(!other || encode_iterator(streams(), *other) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_record(bytes);
  read_state(bytes);
  read_iterator(bytes);
  change_iterator(data, size);
  if (const auto number = parse_sequence_number(bytes)) require(!to_text(*number).empty());
  return 0;
}
