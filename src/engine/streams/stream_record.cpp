#include "engine/streams/stream_record.h"

#include <chrono>
#include <string>

#include "base/bytes.h"
#include "base/invariant.h"
#include "engine/item_key.h"
#include "model/encoded_number.h"

namespace dynakeep::engine {
namespace {

using model::MapView;
using model::ValueTag;
using model::ValueView;

constexpr std::uint8_t record_version = 1;
constexpr std::size_t key_bytes = 16;

// The second byte of a record.
constexpr unsigned event_bits = 0x03;
constexpr unsigned by_service_bit = 0x04;
constexpr unsigned keys_bit = 0x08;
constexpr unsigned old_image_bit = 0x10;
constexpr unsigned new_image_bit = 0x20;

void append_part(std::string& out, std::string_view part) {
  base::append_varint(out, part.size());
  out += part;
}

bool take_part(std::string_view& bytes, std::string_view& part) {
  std::uint64_t size = 0;
  if (!base::take_varint(bytes, size) || size > bytes.size()) return false;
  part = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return model::is_well_formed(part);
}

bool shows_old(StreamViewType view) {
  return view == StreamViewType::old_image || view == StreamViewType::new_and_old_images;
}
bool shows_new(StreamViewType view) {
  return view == StreamViewType::new_image || view == StreamViewType::new_and_old_images;
}

// Pairs of decimal digits, aligned at the decimal point, without zero pairs at either end.
std::size_t size_of_number(std::string_view encoded) {
  const Number number = model::decode_number(encoded);
  if (number.is_zero()) return 1;
  std::size_t digits = 0;
  // 10^38 fits 128 bits.
  __extension__ using Wide = unsigned __int128;
  for (Wide rest = static_cast<Wide>(number.digits_high()) << 64U | number.digits_low(); rest != 0;
       rest /= 10) {
    ++digits;
  }
  const int before_the_point = static_cast<int>(digits) + number.exponent();
  const bool first_stands_alone = before_the_point % 2 != 0;
  const std::size_t pairs = first_stands_alone ? 1 + digits / 2 : (digits + 1) / 2;
  return 1 + pairs + (number.is_negative() ? 1 : 0);
}

std::size_t size_bytes_of(ValueView value) {
  switch (value.tag()) {
    case ValueTag::string:
    case ValueTag::binary:
      return value.payload().size();
    case ValueTag::number:
      return size_of_number(value.payload());
    case ValueTag::boolean:
    case ValueTag::null:
      return 1;
    case ValueTag::string_set:
    case ValueTag::number_set:
    case ValueTag::binary_set: {
      std::size_t size = 0;
      const bool numbers = value.is(ValueTag::number_set);
      const auto set = value.set();
      for (auto at = set.begin(); !at.done(); at.next()) {
        size += numbers ? size_of_number(at.member()) : at.member().size();
      }
      return size;
    }
    case ValueTag::list: {
      std::size_t size = 3;
      const auto list = value.list();
      for (auto at = list.begin(); !at.done(); at.next()) size += 1 + size_bytes_of(at.value());
      return size;
    }
    case ValueTag::map: {
      std::size_t size = 3;
      const auto map = value.map();
      for (auto at = map.begin(); !at.done(); at.next()) {
        size += 1 + at.name().size() + size_bytes_of(at.value());
      }
      return size;
    }
  }
  base::violated("a value has a type", __FILE__, __LINE__);
}

}  // namespace

std::string record_key(storage::SpaceId stream, std::uint32_t shard, SequenceNumber number) {
  std::string key;
  key.reserve(key_bytes);
  base::append_u32(key, stream);
  base::append_u32(key, shard);
  base::append_u64(key, number);
  return key;
}

SequenceNumber number_of_record(std::string_view key) {
  INVARIANT(key.size() == key_bytes);
  return base::read_u64(key.substr(8));
}

storage::KeyRange records_between(storage::SpaceId stream, std::uint32_t shard,
                                  SequenceNumber after, SequenceNumber until) {
  return {.begin = record_key(stream, shard, after + 1),
          .end = record_key(stream, shard, until + 1)};
}

storage::KeyRange records_of(storage::SpaceId stream) {
  std::string prefix;
  base::append_u32(prefix, stream);
  return {.begin = prefix, .end = storage::prefix_successor(prefix)};
}

void append_record(std::string& out, const StreamState& stream, std::string_view old_item,
                   std::string_view new_item, bool by_service, Time now) {
  const RecordEvent event = old_item.empty()   ? RecordEvent::insert
                            : new_item.empty() ? RecordEvent::remove
                                               : RecordEvent::modify;
  const bool with_old = shows_old(stream.view) && !old_item.empty();
  const bool with_new = shows_new(stream.view) && !new_item.empty();
  unsigned flags = static_cast<unsigned>(event);
  if (by_service) flags |= by_service_bit;
  if (with_old) flags |= old_image_bit;
  if (with_new) flags |= new_image_bit;
  if (!with_old && !with_new) flags |= keys_bit;

  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  out += static_cast<char>(record_version);
  out += static_cast<char>(flags);
  base::append_varint(out, static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)));
  if ((flags & keys_bit) != 0) {
    append_part(
        out, key_attributes(stream.keys, model::view_item(new_item.empty() ? old_item : new_item)));
  }
  if (with_old) append_part(out, old_item);
  if (with_new) append_part(out, new_item);
}

Result<StoredRecord> view_record(std::string_view bytes) {
  const auto damaged = [] { return Error::internal("A record of a stream on disk is damaged"); };
  if (bytes.size() < 2) return damaged();
  if (static_cast<std::uint8_t>(bytes[0]) != record_version) {
    return Error::internal(
        "A record of a stream on disk is of a later version; use the program that wrote it");
  }
  const auto flags = static_cast<unsigned>(static_cast<unsigned char>(bytes[1]));
  bytes.remove_prefix(2);
  constexpr auto seconds_max = std::chrono::floor<std::chrono::seconds>(Time::max());
  std::uint64_t seconds = 0;
  if ((flags & event_bits) > static_cast<unsigned>(RecordEvent::remove) ||
      !base::take_varint(bytes, seconds) ||
      seconds > static_cast<std::uint64_t>(seconds_max.time_since_epoch().count())) {
    return damaged();
  }
  StoredRecord record{.event = static_cast<RecordEvent>(flags & event_bits),
                      .by_service = (flags & by_service_bit) != 0,
                      .created = Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)))};
  if ((flags & keys_bit) != 0 && !take_part(bytes, record.keys)) return damaged();
  if ((flags & old_image_bit) != 0 && !take_part(bytes, record.old_image)) return damaged();
  if ((flags & new_image_bit) != 0 && !take_part(bytes, record.new_image)) return damaged();
  const bool has_any =
      !record.keys.empty() || !record.old_image.empty() || !record.new_image.empty();
  if (!bytes.empty() || !has_any) return damaged();
  return record;
}

std::string keys_of(const StreamState& stream, const StoredRecord& record) {
  if (!record.keys.empty()) return std::string(record.keys);
  return key_attributes(stream.keys, model::view_item(record.new_image.empty() ? record.old_image
                                                                               : record.new_image));
}

std::size_t size_bytes_of(model::MapView attributes) {
  std::size_t size = 0;
  for (auto at = attributes.begin(); !at.done(); at.next()) {
    size += at.name().size() + size_bytes_of(at.value());
  }
  return size;
}

}  // namespace dynakeep::engine
