#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

#include "dynakeep/attribute_value.h"
#include "dynakeep/item.h"

namespace dynakeep {

// A value looked at where it stands, whether its item holds it encoded or decoded: for those who
// want one attribute, or some members of it, and not a tree of all of them.
//
//   const AttributeView song(item);                       // a map of the item's attributes
//   if (const auto plays = song["plays"].integer()) …
//   for (const auto& [name, value] : song["home"]) …      // of a list, the names are empty
//
// What is not there is a view of nothing: it is of no type, and so is whatever is looked for in it.
// A view must not outlive the item or value it looks at, nor its change or move: like a
// std::string_view, name what it looks at first. Cheap to copy; looking from several threads is
// safe.
class AttributeView {
 public:
  struct Member;
  class Iterator;

  AttributeView() = default;  // of nothing
  // NOLINTBEGIN(google-explicit-constructor): whoever takes a view takes either
  AttributeView(const Item& item);  // a map
  AttributeView(const AttributeValue& value);
  // NOLINTEND(google-explicit-constructor)

  bool exists() const { return place_ != Place::nowhere; }
  bool is(AttributeType type) const { return exists() && type_ == type; }
  bool is_null() const { return is(AttributeType::null); }
  // Of what is not there: nothing.
  std::optional<AttributeType> type() const {
    return exists() ? std::optional(type_) : std::nullopt;
  }

  // The value, or nothing if it is of another type or not there.
  std::optional<std::string_view> text() const;
  std::optional<std::string_view> bytes() const;  // of a binary
  std::optional<Number> number() const;
  std::optional<std::int64_t> integer() const;  // nor if it is no integer of 64 bits
  std::optional<double> real() const;           // the nearest double of a number
  std::optional<bool> boolean() const;

  // The member of a map; of nothing if there is none, or if this is no map.
  AttributeView operator[](std::string_view name) const;
  // The members of several names, which differ, in the order of the names: cheaper than one by one.
  template <std::size_t count>
  std::array<AttributeView, count> members(const std::array<std::string_view, count>& names) const {
    std::array<AttributeView, count> found;
    find(names, found);
    return found;
  }
  // The same into `found`, which is as long as `names` and of nothing.
  void find(std::span<const std::string_view> names, std::span<AttributeView> found) const;

  // The members of a list, or of a map in order of their names. Sets have none here: see value().
  std::size_t size() const;
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }

  // A copy, as a tree. NULL of what is not there.
  AttributeValue value() const;

 private:
  enum class Place : std::uint8_t { nowhere, encoded, value, item };

  AttributeView(AttributeType type, std::string_view payload)
      : encoded_(payload.data()), size_(payload.size()), place_(Place::encoded), type_(type) {}

  std::string_view payload() const { return {encoded_, size_}; }
  const AttributeMap& members() const;  // of a decoded map

  // Small, since loads of events hold a dozen at a time.
  union {
    const char* encoded_ = nullptr;  // as in docs/formats/items.md
    const AttributeValue* value_;
    const AttributeMap* item_;
  };
  std::size_t size_ = 0;  // of what is encoded
  Place place_ = Place::nowhere;
  AttributeType type_ = AttributeType::null;
};

struct AttributeView::Member {
  std::string_view name = {};
  AttributeView value = {};
};

class AttributeView::Iterator {
 public:
  using value_type = Member;
  using difference_type = std::ptrdiff_t;

  Iterator() = default;
  const Member& operator*() const { return member_; }
  const Member* operator->() const { return &member_; }
  Iterator& operator++();
  void operator++(int) { ++*this; }
  friend bool operator==(const Iterator& at, std::default_sentinel_t) { return at.left_ == 0; }

 private:
  friend class AttributeView;

  void load();  // the member that `left_` says is next

  std::size_t left_ = 0;
  std::string_view rest_ = {};  // encoded
  bool named_ = false;
  const AttributeValue* element_ = nullptr;  // decoded list
  AttributeMap::const_iterator entry_ = {};  // decoded map
  Member member_ = {};
};

}  // namespace dynakeep
