#pragma once

#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>

#include "dynakeep/attribute_value.h"
#include "dynakeep/result.h"

namespace dynakeep {

// An item, or a part of one such as a key: attributes by name, in order of the names.
//
//   Item song{{"artist", "Nina"}, {"plays", 12}};
//   song["genre"] = StringSet{"jazz", "soul"};
//   if (const AttributeValue* plays = song.find("plays")) …
//
// A regular value: copies, compares, prints.
//
// An item that came from a database or from JSON holds its stored encoding (docs/formats/items.md)
// and decodes it the first time someone looks inside, so that a read which nobody looks into goes
// from disk to socket without a tree. Reading one const Item from several threads is safe; changing
// it is as for any value. References and iterators last until the item is changed, assigned or
// destroyed.
class Item {
 public:
  using value_type = AttributeMap::value_type;
  using const_iterator = AttributeMap::const_iterator;

  Item() = default;
  Item(std::initializer_list<value_type> attributes);
  explicit Item(AttributeMap attributes);

  Item(const Item& other);
  Item(Item&& other) noexcept;
  Item& operator=(const Item& other);
  Item& operator=(Item&& other) noexcept;
  ~Item();

  bool empty() const;
  std::size_t size() const;  // attributes
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  // The attribute's value, or null if there is none of that name.
  const AttributeValue* find(std::string_view name) const;

  // The attribute's value, which must be there: asking for another is a bug in the caller and stops
  // the process.
  const AttributeValue& at(std::string_view name) const;

  // The attribute's value to change; NULL if it was not there.
  AttributeValue& operator[](std::string_view name);

  // True if there was one.
  bool erase(std::string_view name);

  const_iterator begin() const { return attributes().begin(); }
  const_iterator end() const { return attributes().end(); }

  // All of them, as a map to read or to take away.
  const AttributeMap& attributes() const;

  friend bool operator==(const Item& a, const Item& b);

  // As DynamoDB JSON: {"artist":{"S":"Nina"}}.
  friend std::ostream& operator<<(std::ostream& out, const Item& item);

 private:
  friend struct ItemAccess;  // src/model/encoded_item.h: how the layers below reach the encoding

  AttributeMap& mutable_attributes();
  AttributeMap* take_decoded() noexcept;
  void drop_decoded();

  // One of three states. Plain: `encoded_` is empty and `decoded_` holds the attributes (or null
  // for none). Encoded: `encoded_` holds an item as in docs/formats/items.md. Refused: `encoded_`
  // holds what DynamoDB says of a value that cannot be, such as a number of 39 digits, until the
  // engine answers the request with it at its proper place.
  std::string encoded_;
  // Owned. In the encoded state a cache: two threads that look at once both decode, and one's work
  // is kept.
  mutable std::atomic<AttributeMap*> decoded_ = nullptr;
};

// The item's size in bytes as DynamoDB counts it: names and values, and what lists and maps add.
// (Developer Guide, "DynamoDB item sizes and formats".) validation, in DynamoDB's words: it holds
// what no item can, such as text that is not UTF-8, an empty set, or nesting past 32 levels.
Result<std::size_t> stored_bytes(const Item& item);

// The attributes that name one item: the partition key and, where the table has one, the sort key.
using Key = Item;

}  // namespace dynakeep
