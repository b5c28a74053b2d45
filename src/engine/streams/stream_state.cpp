#include "engine/streams/stream_state.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/invariant.h"
#include "engine/record_reader.h"
#include "model/encoded_item.h"

namespace dynakeep::engine {
namespace {

constexpr int record_version = 1;

std::string hex(storage::PartitionHash hash) {
  std::string bytes;
  base::append_u64(bytes, hash);
  return base::to_hex(bytes);
}

std::optional<storage::PartitionHash> parse_hex(std::string_view text) {
  if (text.size() != 16) return {};
  storage::PartitionHash hash = 0;
  for (const char c : text) {
    const auto digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) return {};
    hash = hash << 4U | digit;
  }
  return hash;
}

AttributeValue number_value(std::uint64_t value) {
  return AttributeValue(static_cast<std::int64_t>(value));
}

AttributeMap shard_map(const Shard& shard) {
  AttributeMap map{{"number", number_value(shard.number)}, {"id", shard.id},
                   {"opened", time_value(shard.opened)},   {"first", hex(shard.range.first)},
                   {"last", hex(shard.range.last)},        {"start", number_value(shard.start)}};
  if (!shard.parent.empty()) map["parent"] = shard.parent;
  if (shard.end) map["end"] = number_value(*shard.end);
  if (shard.closed) map["closed"] = time_value(*shard.closed);
  if (shard.trimmed != 0) map["trimmed"] = number_value(shard.trimmed);
  return map;
}

std::uint32_t read_number(RecordReader& reader, std::string_view name) {
  const std::int64_t number = reader.integer(name);
  if (number < 0 || number > std::numeric_limits<std::uint32_t>::max()) reader.fail(name);
  return static_cast<std::uint32_t>(number);
}

storage::PartitionHash read_hash(RecordReader& reader, std::string_view name) {
  const auto hash = parse_hex(reader.text(name));
  if (!hash) reader.fail(name);
  return hash.value_or(0);
}

std::optional<SequenceNumber> read_sequence(RecordReader& reader, std::string_view name) {
  const auto number = reader.optional_integer(name);
  if (!number) return {};
  if (*number < 0) reader.fail(name);
  return static_cast<SequenceNumber>(*number);
}

Shard read_shard(RecordReader& reader) {
  Shard shard;
  shard.number = read_number(reader, "number");
  shard.id = reader.text("id");
  shard.parent = reader.optional_text("parent").value_or("");
  shard.opened = Time{std::chrono::microseconds{reader.integer("opened")}};
  shard.range = {.first = read_hash(reader, "first"), .last = read_hash(reader, "last")};
  shard.start = static_cast<SequenceNumber>(reader.integer("start"));
  shard.end = read_sequence(reader, "end");
  shard.closed = reader.optional_time("closed");
  shard.trimmed = read_sequence(reader, "trimmed").value_or(0);
  return shard;
}

StreamState read_stream(RecordReader& reader) {
  StreamState stream;
  stream.table_name = reader.text("table");
  stream.label = reader.text("label");
  stream.view = reader.word("view", stream_views);
  const auto keys = read_texts(reader.list("key"), reader, "key");
  if (keys.empty() || keys.size() > 2) {
    reader.fail("key");
  } else {
    stream.keys.partition = keys[0];
    if (keys.size() == 2) stream.keys.sort = keys[1];
  }
  stream.created = Time{std::chrono::microseconds{reader.integer("created")}};
  stream.disabled = reader.optional_time("disabled");
  stream.next_shard = read_number(reader, "next_shard");
  for (RecordReader& shard : read_maps(reader.list("shards"), reader, "shards")) {
    stream.shards.push_back(read_shard(shard));
  }
  return stream;
}

}  // namespace

std::string to_text(SequenceNumber number) {
  std::array<char, 24> text;
  const int size =
      std::snprintf(text.data(), text.size(), "%021llu", static_cast<unsigned long long>(number));
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<SequenceNumber> parse_sequence_number(std::string_view text) {
  constexpr SequenceNumber greatest = std::numeric_limits<SequenceNumber>::max();
  if (text.empty()) return {};
  SequenceNumber number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return {};
    const auto digit = static_cast<SequenceNumber>(c - '0');
    number = number > (greatest - digit) / 10 ? greatest : number * 10 + digit;
  }
  return number;
}

const Shard* StreamState::find_shard(std::string_view id) const {
  for (const Shard& shard : shards) {
    if (shard.id == id) return &shard;
  }
  return nullptr;
}

Shard* StreamState::find_shard(std::string_view id) {
  return const_cast<Shard*>(std::as_const(*this).find_shard(id));
}

Shard new_shard(StreamState& stream, const Shard* parent, HashRange range, SequenceNumber start,
                Time now) {
  Shard shard{.number = stream.next_shard++, .range = range, .start = start};
  shard.opened = now;
  if (parent != nullptr) {
    shard.parent = parent->id;
    shard.opened = std::max(now, parent->opened + std::chrono::milliseconds(1));
  }
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(shard.opened.time_since_epoch());
  std::string told_apart;
  base::append_u32(told_apart, stream.space);
  base::append_u32(told_apart, shard.number);
  base::append_u64(told_apart, start);
  std::array<char, 64> id;
  const int size = std::snprintf(id.data(), id.size(), "shardId-%020lld-%08x",
                                 static_cast<long long>(ms.count()),
                                 static_cast<unsigned>(storage::xxh64(told_apart) & 0xFFFF'FFFFU));
  shard.id.assign(id.data(), static_cast<std::size_t>(size));
  return shard;
}

std::vector<HashRange> parts_of(HashRange range, std::size_t count) {
  INVARIANT(count > 0);
  const storage::PartitionHash width = (range.last - range.first) / count;
  std::vector<HashRange> parts;
  for (std::size_t i = 0; i < count; ++i) {
    const storage::PartitionHash first = i == 0 ? range.first : parts.back().last + 1;
    parts.push_back({.first = first, .last = i + 1 == count ? range.last : first + width});
  }
  return parts;
}

std::string encode_stream(const StreamState& stream) {
  AttributeList key{stream.keys.partition};
  if (stream.keys.sort) key.emplace_back(*stream.keys.sort);
  AttributeList shards;
  for (const Shard& shard : stream.shards) shards.emplace_back(shard_map(shard));
  AttributeMap record{{"version", record_version},
                      {"table", stream.table_name},
                      {"label", stream.label},
                      {"view", word_of(stream_views, stream.view)},
                      {"key", std::move(key)},
                      {"created", time_value(stream.created)},
                      {"next_shard", number_value(stream.next_shard)},
                      {"shards", std::move(shards)}};
  if (stream.disabled) record["disabled"] = time_value(*stream.disabled);
  return model::encode(record);
}

Result<StreamState> decode_stream(storage::SpaceId space, std::string_view bytes) {
  const std::string prefix = "The record of stream " + std::to_string(space) + " on disk ";
  if (!model::is_well_formed(bytes)) return Error::internal(prefix + "is damaged");
  const AttributeMap record = model::decode(bytes);
  std::string damage;
  RecordReader reader(record, damage);
  if (reader.integer("version") > record_version && damage.empty()) {
    return Error::internal(prefix + "is of a later version; use the program that wrote it");
  }
  StreamState stream = read_stream(reader);
  if (!damage.empty()) return Error::internal(prefix + "is damaged: " + damage);
  stream.space = space;
  return stream;
}

}  // namespace dynakeep::engine
