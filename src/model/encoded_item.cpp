#include "model/encoded_item.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/invariant.h"
#include "base/utf8.h"
#include "model/encoded_number.h"
#include "model/limits.h"

namespace dynakeep::model {
namespace {

using detail::take_bytes;
using detail::take_size;

template <typename Set, typename Append>
void append_set(std::string& out, const Set& set, Append append_member) {
  base::append_varint(out, set.size());
  std::string member;
  for (const auto& each : set) {
    member.clear();
    append_member(member, each);
    base::append_varint(out, member.size());
    out += member;
  }
}

void append_map(std::string& out, const AttributeMap& map) {
  base::append_varint(out, map.size());
  for (const auto& [name, value] : map) {
    append_name(out, name);
    append_value(out, value);
  }
}

AttributeMap decode_map(MapView map) {
  AttributeMap decoded;
  for (auto entry = map.begin(); !entry.done(); entry.next()) {
    decoded.emplace_hint(decoded.end(), entry.name(), entry.value().decode());
  }
  return decoded;
}

// ---- sizes ----

// One byte, one for each two digits, and one for a minus sign. DynamoDB pairs the digits from the
// decimal point: 1.5 has two pairs, 01 and 50. The encoding pairs them from the first digit, with
// three bytes around: an even number of digits that starts in the middle of a pair takes one more.
std::size_t size_of_number(std::string_view encoded) {
  if (encoded.size() == 1) return 1;  // zero
  const bool is_negative = encoded[0] == 1;
  const unsigned flip = is_negative ? 0xFF : 0x00;
  const unsigned point = (static_cast<unsigned char>(encoded[1]) ^ flip) - 129;
  const unsigned last_pair = (static_cast<unsigned char>(encoded[encoded.size() - 2]) ^ flip) - 1;
  const bool pairs_differ = point % 2 == 1 && last_pair % 10 != 0;
  return encoded.size() - 2 + (pairs_differ ? 1 : 0) + (is_negative ? 1 : 0);
}

// Sizes in one pass over the bytes, without views on the way: every page counts every item that it
// reads. Each takes what it counts from the front of `bytes`.
std::size_t take_counted(std::string_view& bytes);

std::size_t take_counted_entries(std::string_view& bytes, std::size_t count) {
  std::size_t size = 0;
  for (; count > 0; --count) {
    const std::size_t name_size = take_size(bytes);
    take_bytes(bytes, name_size);
    size += name_size + take_counted(bytes);
  }
  return size;
}

std::size_t take_counted(std::string_view& bytes) {
  const auto tag = static_cast<ValueTag>(take_bytes(bytes, 1)[0]);
  const std::size_t payload_size = take_size(bytes);
  switch (tag) {
    case ValueTag::string:
    case ValueTag::binary:
      return take_bytes(bytes, payload_size).size();
    case ValueTag::number:
      return size_of_number(take_bytes(bytes, payload_size));
    case ValueTag::boolean:
    case ValueTag::null:
      take_bytes(bytes, payload_size);
      return 1;
    case ValueTag::list: {
      std::size_t count = take_size(bytes);
      std::size_t size = 3 + count;
      for (; count > 0; --count) size += take_counted(bytes);
      return size;
    }
    case ValueTag::map: {
      const std::size_t count = take_size(bytes);
      return 3 + count + take_counted_entries(bytes, count);
    }
    case ValueTag::string_set:
    case ValueTag::number_set:
    case ValueTag::binary_set: {
      std::size_t size = 0;
      for (std::size_t count = take_size(bytes); count > 0; --count) {
        const std::string_view member = take_bytes(bytes, take_size(bytes));
        size += tag == ValueTag::number_set ? size_of_number(member) : member.size();
      }
      return size;
    }
  }
  return 0;
}

// ---- well-formedness of bytes of unknown origin ----

bool take_checked_size(std::string_view& bytes, std::size_t& size) {
  const std::size_t before = bytes.size();
  std::uint64_t value = 0;
  if (!base::take_varint(bytes, value)) return false;
  if (before - bytes.size() != base::varint_size(value)) return false;  // one spelling a number
  size = static_cast<std::size_t>(value);
  return size <= bytes.size();
}

bool number_is_well_formed(std::string_view bytes) {
  if (bytes.empty()) return false;
  if (bytes[0] == 2) return bytes.size() == 1;
  if (bytes[0] != 1 && bytes[0] != 3) return false;
  const unsigned char flip = bytes[0] == 1 ? 0xFF : 0x00;
  if (bytes.size() < 4 || bytes.size() > encoded_number_bytes_max) return false;
  for (std::size_t i = 2; i + 1 < bytes.size(); ++i) {
    const int pair = static_cast<unsigned char>(bytes[i]) ^ flip;
    if (pair < 1 || pair > 100) return false;
  }
  const int first = static_cast<unsigned char>(bytes[2]) ^ flip;
  const int last = static_cast<unsigned char>(bytes[bytes.size() - 2]) ^ flip;
  return first > 10 && last != 1 && (static_cast<unsigned char>(bytes.back()) ^ flip) == 0;
}

bool map_is_well_formed(std::string_view& bytes, int depth);

bool value_is_well_formed(std::string_view& bytes, int depth) {
  if (bytes.empty() || depth > nesting_levels_max) return false;
  const auto tag = static_cast<ValueTag>(bytes[0]);
  bytes.remove_prefix(1);
  std::size_t size = 0;
  if (!take_checked_size(bytes, size)) return false;
  std::string_view payload = bytes.substr(0, size);
  bytes.remove_prefix(size);
  switch (tag) {
    case ValueTag::string:
      return base::is_utf8(payload);
    case ValueTag::binary:
      return true;
    case ValueTag::number:
      return number_is_well_formed(payload);
    case ValueTag::boolean:
      return payload.size() == 1 && (payload[0] == 0 || payload[0] == 1);
    case ValueTag::null:
      return payload.empty();
    case ValueTag::list: {
      std::size_t count = 0;
      if (!take_checked_size(payload, count)) return false;
      for (; count > 0; --count) {
        if (!value_is_well_formed(payload, depth + 1)) return false;
      }
      return payload.empty();
    }
    case ValueTag::map:
      return map_is_well_formed(payload, depth + 1) && payload.empty();
    case ValueTag::string_set:
    case ValueTag::number_set:
    case ValueTag::binary_set: {
      std::size_t count = 0;
      if (!take_checked_size(payload, count) || count == 0) return false;
      std::string_view previous;
      for (std::size_t i = 0; i < count; ++i) {
        std::size_t length = 0;
        if (!take_checked_size(payload, length)) return false;
        const std::string_view member = payload.substr(0, length);
        payload.remove_prefix(length);
        if (i > 0 && member <= previous) return false;
        if (tag == ValueTag::number_set && !number_is_well_formed(member)) return false;
        if (tag == ValueTag::string_set && !base::is_utf8(member)) return false;
        previous = member;
      }
      return payload.empty();
    }
  }
  return false;
}

bool map_is_well_formed(std::string_view& bytes, int depth) {
  std::size_t count = 0;
  if (!take_checked_size(bytes, count)) return false;
  std::string_view previous;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t length = 0;
    if (!take_checked_size(bytes, length)) return false;
    const std::string_view name = bytes.substr(0, length);
    bytes.remove_prefix(length);
    if (i > 0 && name <= previous) return false;
    if (!base::is_utf8(name) || !value_is_well_formed(bytes, depth)) return false;
    previous = name;
  }
  return true;
}

}  // namespace

AttributeType type_of(ValueTag tag) {
  switch (tag) {
    case ValueTag::string:
      return AttributeType::string;
    case ValueTag::number:
      return AttributeType::number;
    case ValueTag::binary:
      return AttributeType::binary;
    case ValueTag::boolean:
      return AttributeType::boolean;
    case ValueTag::null:
      return AttributeType::null;
    case ValueTag::list:
      return AttributeType::list;
    case ValueTag::map:
      return AttributeType::map;
    case ValueTag::string_set:
      return AttributeType::string_set;
    case ValueTag::number_set:
      return AttributeType::number_set;
    case ValueTag::binary_set:
      return AttributeType::binary_set;
  }
  base::violated("a value's tag is known", __FILE__, __LINE__);
}

ValueTag tag_of(AttributeType type) {
  // In the order of AttributeType.
  constexpr ValueTag tags[] = {ValueTag::string,    ValueTag::number,     ValueTag::binary,
                               ValueTag::boolean,   ValueTag::null,       ValueTag::list,
                               ValueTag::map,       ValueTag::string_set, ValueTag::number_set,
                               ValueTag::binary_set};
  return tags[static_cast<std::size_t>(type)];
}

// ---- views ----

ListView ValueView::list() const {
  INVARIANT(is(ValueTag::list));
  return ListView(payload_);
}

MapView ValueView::map() const {
  INVARIANT(is(ValueTag::map));
  return MapView(payload_);
}

SetView ValueView::set() const {
  INVARIANT(is(ValueTag::string_set) || is(ValueTag::number_set) || is(ValueTag::binary_set));
  return SetView(payload_);
}

AttributeValue decode_value(ValueTag tag, std::string_view payload) {
  switch (tag) {
    case ValueTag::string:
      return {payload};
    case ValueTag::number:
      return {decode_number(payload)};
    case ValueTag::binary:
      return {Binary(std::string(payload))};
    case ValueTag::boolean:
      return {payload[0] != 0};
    case ValueTag::null:
      return {nullptr};
    case ValueTag::list: {
      AttributeList decoded;
      const ListView view(payload);
      decoded.reserve(view.size());
      for (auto each = view.begin(); !each.done(); each.next())
        decoded.push_back(each.value().decode());
      return {std::move(decoded)};
    }
    case ValueTag::map:
      return {decode_map(MapView(payload))};
    case ValueTag::string_set: {
      StringSet decoded;
      for (auto each = SetView(payload).begin(); !each.done(); each.next()) {
        decoded.emplace_hint(decoded.end(), each.member());
      }
      return {std::move(decoded)};
    }
    case ValueTag::number_set: {
      NumberSet decoded;
      for (auto each = SetView(payload).begin(); !each.done(); each.next()) {
        decoded.emplace_hint(decoded.end(), decode_number(each.member()));
      }
      return {std::move(decoded)};
    }
    case ValueTag::binary_set: {
      BinarySet decoded;
      for (auto each = SetView(payload).begin(); !each.done(); each.next()) {
        decoded.emplace_hint(decoded.end(), std::string(each.member()));
      }
      return {std::move(decoded)};
    }
  }
  base::violated("a value's tag is known", __FILE__, __LINE__);
}

ValueView ListView::operator[](std::size_t index) const {
  if (index >= count_) return {};
  auto each = begin();
  for (; index > 0; --index) each.next();
  return each.value();
}

bool SetView::contains(std::string_view member) const {
  for (auto each = begin(); !each.done(); each.next()) {
    if (each.member() == member) return true;
  }
  return false;
}

ValueView MapView::find(std::string_view name) const {
  // Names are told apart by their lengths first, and values in between are stepped over, not looked
  // at: whoever decides a condition does little else.
  std::string_view rest = entries_;
  for (std::size_t left = count_; left > 0; --left) {
    if (detail::take_bytes(rest, detail::take_size(rest)) == name) return ValueView(rest);
    detail::take_bytes(rest, 1);
    detail::take_bytes(rest, detail::take_size(rest));
  }
  return {};
}

MapView view_item(std::string_view encoded) {
  if (encoded.empty()) return {};
  INVARIANT(encoded[0] == static_cast<char>(ItemFormat::v1));
  return MapView(encoded.substr(1));
}

// ---- writing ----

void append_value(std::string& out, ValueTag tag, std::string_view payload) {
  out.push_back(static_cast<char>(tag));
  base::append_varint(out, payload.size());
  out += payload;
}

void append_value(std::string& out, const AttributeValue& value) {
  std::string payload;
  switch (value.type()) {
    case AttributeType::string:
      return append_value(out, ValueTag::string, value.as_string());
    case AttributeType::binary:
      return append_value(out, ValueTag::binary, value.as_binary().bytes);
    case AttributeType::number:
      append_number(payload, value.as_number());
      break;
    case AttributeType::boolean:
      payload.push_back(value.as_bool() ? 1 : 0);
      break;
    case AttributeType::null:
      break;
    case AttributeType::list:
      base::append_varint(payload, value.as_list().size());
      for (const AttributeValue& each : value.as_list()) append_value(payload, each);
      break;
    case AttributeType::map:
      append_map(payload, value.as_map());
      break;
    case AttributeType::string_set:
      append_set(payload, value.as_string_set(),
                 [](std::string& to, const std::string& each) { to = each; });
      break;
    case AttributeType::number_set:
      append_set(payload, value.as_number_set(), append_number);
      break;
    case AttributeType::binary_set:
      append_set(payload, value.as_binary_set(),
                 [](std::string& to, const Binary& each) { to = each.bytes; });
      break;
  }
  append_value(out, tag_of(value.type()), payload);
}

void append_name(std::string& out, std::string_view name) {
  base::append_varint(out, name.size());
  out += name;
}

void append_item_head(std::string& out, std::size_t count) {
  out.push_back(static_cast<char>(ItemFormat::v1));
  base::append_varint(out, count);
}

std::string encode(const AttributeMap& attributes) {
  std::string out;
  out.push_back(static_cast<char>(ItemFormat::v1));
  append_map(out, attributes);
  return out;
}

AttributeMap decode(std::string_view encoded_item) { return decode_map(view_item(encoded_item)); }

bool is_well_formed(std::string_view encoded_item) {
  if (encoded_item.empty() || encoded_item[0] != static_cast<char>(ItemFormat::v1)) return false;
  encoded_item.remove_prefix(1);
  return map_is_well_formed(encoded_item, 1) && encoded_item.empty();
}

// ---- sizes ----

std::size_t size_of(ValueView value) {
  std::string_view bytes = value.bytes();
  return take_counted(bytes);
}

std::size_t size_of(MapView attributes) {
  std::string_view bytes = attributes.payload();
  return take_counted_entries(bytes, take_size(bytes));
}

}  // namespace dynakeep::model
