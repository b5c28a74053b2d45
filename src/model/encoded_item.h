#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/invariant.h"
#include "dynakeep/item.h"
#include "dynakeep/result.h"

// Items as bytes (docs/formats/items.md). Canonical: attributes in bytewise order of their names,
// sets in order, numbers in their one encoding. So two values are equal if and only if their bytes
// are, and two values of one scalar type order as their bytes do; conditions compare memory.
//
//   item     version(1 byte: 1) map
//   map      varint count, then each: varint length, name, value
//   value    type(1 byte) varint length, payload
//   payload  S, B: the bytes · N: encoded_number.h · BOOL: 00 or 01 · NULL: nothing
//            L: varint count, values · M: map · SS, NS, BS: varint count, each varint length, bytes
namespace dynakeep::model {

enum class ItemFormat : std::uint8_t { v1 = 1 };  // on disk: add, never renumber

// On disk: add, never renumber.
enum class ValueTag : std::uint8_t {
  string = 1,
  number = 2,
  binary = 3,
  boolean = 4,
  null = 5,
  list = 6,
  map = 7,
  string_set = 8,
  number_set = 9,
  binary_set = 10,
};

AttributeType type_of(ValueTag tag);
ValueTag tag_of(AttributeType type);

// The value of a type and a payload, as a tree.
AttributeValue decode_value(ValueTag tag, std::string_view payload);

class ListView;
class MapView;
class SetView;

// One encoded value, looked at in place. The bytes must outlive the view and be well-formed (they
// come from this file's writers, or from a check by is_well_formed).
class ValueView {
 public:
  ValueView() = default;
  // `bytes` begin with a value; what follows it is left out.
  explicit ValueView(std::string_view bytes);

  bool exists() const {
    return !bytes_.empty();
  }  // false for a default-made view: no such attribute
  ValueTag tag() const { return static_cast<ValueTag>(bytes_[0]); }
  AttributeType type() const { return type_of(tag()); }
  bool is(ValueTag tag) const { return exists() && this->tag() == tag; }

  std::string_view bytes() const { return bytes_; }      // tag, length and payload
  std::string_view payload() const { return payload_; }  // text, bytes, or the encoded number

  bool boolean() const { return payload_[0] != 0; }
  ListView list() const;
  MapView map() const;
  SetView set() const;  // of any of the three kinds

  AttributeValue decode() const { return decode_value(tag(), payload_); }

  friend bool operator==(ValueView a, ValueView b) { return a.bytes_ == b.bytes_; }

 private:
  std::string_view bytes_;
  std::string_view payload_;
};

// Walks the values of a list: for (auto it = view.begin(); !it.done(); it.next()) it.value().
class ListView {
 public:
  explicit ListView(std::string_view payload);
  std::size_t size() const { return count_; }
  ValueView operator[](std::size_t index) const;  // does not exist if past the end; walks to it

  class Cursor {
   public:
    explicit Cursor(std::string_view rest, std::size_t count);
    bool done() const { return left_ == 0; }
    ValueView value() const { return value_; }
    void next();

   private:
    std::string_view rest_;
    std::size_t left_;
    ValueView value_;
  };
  Cursor begin() const { return Cursor(values_, count_); }

 private:
  std::string_view values_;
  std::size_t count_ = 0;
};

// The members' bytes in order: text, encoded numbers, or bytes.
class SetView {
 public:
  explicit SetView(std::string_view payload);
  std::size_t size() const { return count_; }
  bool contains(std::string_view member) const;

  class Cursor {
   public:
    explicit Cursor(std::string_view rest, std::size_t count);
    bool done() const { return left_ == 0; }
    std::string_view member() const { return member_; }
    void next();

   private:
    std::string_view rest_;
    std::size_t left_;
    std::string_view member_;
  };
  Cursor begin() const { return Cursor(members_, count_); }

 private:
  std::string_view members_;
  std::size_t count_ = 0;
};

class MapView {
 public:
  MapView() = default;
  explicit MapView(std::string_view payload);
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  ValueView find(std::string_view name) const;  // does not exist if there is none
  std::string_view payload() const { return payload_; }

  class Cursor {
   public:
    explicit Cursor(std::string_view rest, std::size_t count);
    bool done() const { return left_ == 0; }
    std::string_view name() const { return name_; }
    ValueView value() const { return value_; }
    std::string_view entry() const { return entry_; }  // length, name and value: what a copy takes
    void next();

   private:
    std::string_view rest_;
    std::size_t left_;
    std::string_view name_;
    ValueView value_;
    std::string_view entry_;
  };
  Cursor begin() const { return Cursor(entries_, count_); }

 private:
  std::string_view payload_;
  std::string_view entries_;
  std::size_t count_ = 0;
};

// ---- the walking, in the header: every read and every write does little else ----

namespace detail {

inline std::size_t take_size(std::string_view& bytes) {
  // Nearly every length is below 128 and is its own byte.
  if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) < 0x80) {
    const auto size = static_cast<std::size_t>(bytes[0]);
    bytes.remove_prefix(1);
    return size;
  }
  // And nearly every other below 16,384, in two.
  if (bytes.size() >= 2 && static_cast<unsigned char>(bytes[1]) < 0x80) {
    const auto size = (static_cast<std::size_t>(bytes[1]) << 7) |
                      (static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) & 0x7F);
    bytes.remove_prefix(2);
    return size;
  }
  std::uint64_t value = 0;
  INVARIANT(base::take_varint(bytes, value));
  return static_cast<std::size_t>(value);
}

inline std::string_view take_bytes(std::string_view& bytes, std::size_t count) {
  INVARIANT(count <= bytes.size());
  const std::string_view taken = bytes.substr(0, count);
  bytes.remove_prefix(count);
  return taken;
}

}  // namespace detail

inline ValueView::ValueView(std::string_view bytes) {
  INVARIANT(!bytes.empty());
  std::string_view rest = bytes.substr(1);
  const std::size_t size = detail::take_size(rest);
  payload_ = detail::take_bytes(rest, size);
  bytes_ = bytes.substr(0, bytes.size() - rest.size());
}

inline ListView::ListView(std::string_view payload) : values_(payload) {
  count_ = detail::take_size(values_);
}

inline ListView::Cursor::Cursor(std::string_view rest, std::size_t count)
    : rest_(rest), left_(count + 1) {
  next();
}

inline void ListView::Cursor::next() {
  if (--left_ == 0) return;
  value_ = ValueView(rest_);
  rest_.remove_prefix(value_.bytes().size());
}

inline SetView::SetView(std::string_view payload) : members_(payload) {
  count_ = detail::take_size(members_);
}

inline SetView::Cursor::Cursor(std::string_view rest, std::size_t count)
    : rest_(rest), left_(count + 1) {
  next();
}

inline void SetView::Cursor::next() {
  if (--left_ == 0) return;
  const std::size_t size = detail::take_size(rest_);
  member_ = detail::take_bytes(rest_, size);
}

inline MapView::MapView(std::string_view payload) : payload_(payload), entries_(payload) {
  count_ = detail::take_size(entries_);
}

inline MapView::Cursor::Cursor(std::string_view rest, std::size_t count)
    : rest_(rest), left_(count + 1) {
  next();
}

inline void MapView::Cursor::next() {
  if (--left_ == 0) return;
  const std::string_view start = rest_;
  const std::size_t size = detail::take_size(rest_);
  name_ = detail::take_bytes(rest_, size);
  value_ = ValueView(rest_);
  rest_.remove_prefix(value_.bytes().size());
  entry_ = start.substr(0, start.size() - rest_.size());
}

// A whole encoded item's attributes.
MapView view_item(std::string_view encoded);

// ---- writing ----

// Appends one value.
void append_value(std::string& out, const AttributeValue& value);
// Appends tag, length and payload.
void append_value(std::string& out, ValueTag tag, std::string_view payload);
// Appends the length and name of a map's entry; its value must follow.
void append_name(std::string& out, std::string_view name);
// An item's head, before `count` entries in order of their names.
void append_item_head(std::string& out, std::size_t count);

std::string encode(const AttributeMap& attributes);
AttributeMap decode(std::string_view encoded_item);

// Whether bytes of unknown origin are one whole item as this file writes it.
bool is_well_formed(std::string_view encoded_item);

// ---- sizes and bounds (Developer Guide, "DynamoDB item sizes and formats") ----

// Names and values as DynamoDB counts them, in bytes.
std::size_t size_of(ValueView value);
std::size_t size_of(MapView attributes);

}  // namespace dynakeep::model

namespace dynakeep {

// How the layers below the public API reach what an Item holds.
struct ItemAccess {
  // What DynamoDB says of a value that cannot be, and the top-level attribute it stands in.
  struct Refusal {
    std::string attribute;
    std::string message;
  };

  // An item that holds `encoded`, which must be well-formed.
  static Item from_encoded(std::string encoded);
  // An item that cannot be: every use of its attributes sees none; the engine answers with
  // `refusal`.
  static Item refused(const Refusal& refusal);

  // Null if the item can be. For a tree made by a program: empty sets, and nesting past 32.
  static std::optional<Refusal> refusal(const Item& item);

  // The encoding, if the item holds one and can be; else empty.
  static std::string_view held(const Item& item);
  // The item's encoding: what it holds, or else made now into `scratch`. Must not be refused.
  static std::string_view encoded(const Item& item, std::string& scratch);
  // The same, taken out of the item.
  static std::string take_encoded(Item&& item);
};

}  // namespace dynakeep
