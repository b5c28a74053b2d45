#include "dynakeep/item.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "base/invariant.h"
#include "base/utf8.h"
#include "model/encoded_item.h"
#include "model/limits.h"

namespace dynakeep {
namespace {

constexpr char refused_mark = static_cast<char>(0xFF);

// No client of the wire can send such text, so DynamoDB has no words for it.
constexpr const char* not_utf8 =
    "One or more parameter values were invalid: text and attribute names must be UTF-8; use a "
    "Binary for "
    "other bytes";

bool is_refused(const std::string& encoded) {
  return !encoded.empty() && encoded[0] == refused_mark;
}

// What DynamoDB says of a value made by a program that cannot be stored; empty if it can.
std::string complaint_about(const AttributeValue& value, int depth) {
  if (depth > model::nesting_levels_max) {
    return "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
           "levels "
           "beyond supported limit";
  }
  if (const auto* list = value.get_if<AttributeList>()) {
    for (const AttributeValue& each : *list) {
      if (auto complaint = complaint_about(each, depth + 1); !complaint.empty()) return complaint;
    }
  } else if (const auto* map = value.get_if<AttributeMap>()) {
    for (const auto& [name, each] : *map) {
      if (!base::is_utf8(name)) return not_utf8;
      if (auto complaint = complaint_about(each, depth + 1); !complaint.empty()) return complaint;
    }
  } else if (const auto* text = value.get_if<std::string>()) {
    if (!base::is_utf8(*text)) return not_utf8;
  } else if (value.is_string_set() && value.as_string_set().empty()) {
    return "One or more parameter values were invalid: An string set  may not be empty";
  } else if (value.is_number_set() && value.as_number_set().empty()) {
    return "One or more parameter values were invalid: An number set  may not be empty";
  } else if (value.is_binary_set() && value.as_binary_set().empty()) {
    return "One or more parameter values were invalid: Binary sets should not be empty";
  } else if (const auto* texts = value.get_if<StringSet>()) {
    for (const std::string& each : *texts) {
      if (!base::is_utf8(each)) return not_utf8;
    }
  }
  return {};
}

}  // namespace

Item::Item(std::initializer_list<value_type> attributes)
    : decoded_(attributes.size() == 0 ? nullptr : new AttributeMap(attributes)) {}

Item::Item(AttributeMap attributes)
    : decoded_(attributes.empty() ? nullptr : new AttributeMap(std::move(attributes))) {}

Item::Item(const Item& other) : encoded_(other.encoded_) {
  // An encoded item's decoded form is but a cache: the copy makes its own if it is ever looked
  // into.
  if (!encoded_.empty()) return;
  if (const AttributeMap* attributes = other.decoded_.load(std::memory_order_acquire)) {
    decoded_ = new AttributeMap(*attributes);
  }
}

// Whoever moves, assigns or destroys an item has it alone: no atomic exchanges, which would cost a
// page of items more than copying their bytes.
AttributeMap* Item::take_decoded() noexcept {
  AttributeMap* decoded = decoded_.load(std::memory_order_relaxed);
  decoded_.store(nullptr, std::memory_order_relaxed);
  return decoded;
}

Item::Item(Item&& other) noexcept
    : encoded_(std::move(other.encoded_)), decoded_(other.take_decoded()) {
  other.encoded_.clear();
}

Item& Item::operator=(const Item& other) {
  if (this != &other) *this = Item(other);
  return *this;
}

Item& Item::operator=(Item&& other) noexcept {
  if (this == &other) return *this;
  drop_decoded();
  encoded_ = std::move(other.encoded_);
  other.encoded_.clear();
  decoded_.store(other.take_decoded(), std::memory_order_relaxed);
  return *this;
}

Item::~Item() { drop_decoded(); }

void Item::drop_decoded() { delete take_decoded(); }

bool Item::empty() const { return size() == 0; }

std::size_t Item::size() const {
  if (is_refused(encoded_)) return 0;
  if (!encoded_.empty()) return model::view_item(encoded_).size();
  const AttributeMap* attributes = decoded_.load(std::memory_order_acquire);
  return attributes == nullptr ? 0 : attributes->size();
}

const AttributeMap& Item::attributes() const {
  static const AttributeMap none;
  if (const AttributeMap* known = decoded_.load(std::memory_order_acquire)) return *known;
  if (encoded_.empty() || is_refused(encoded_)) return none;
  auto fresh = std::make_unique<AttributeMap>(model::decode(encoded_));
  AttributeMap* expected = nullptr;
  // Another thread may have been quicker; then its work is kept, since references into it may be
  // out.
  if (decoded_.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *expected;
}

AttributeMap& Item::mutable_attributes() {
  if (decoded_.load() == nullptr) {
    decoded_ = new AttributeMap(encoded_.empty() || is_refused(encoded_) ? AttributeMap{}
                                                                         : model::decode(encoded_));
  }
  encoded_.clear();
  return *decoded_.load();
}

const AttributeValue* Item::find(std::string_view name) const {
  const AttributeMap& all = attributes();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

const AttributeValue& Item::at(std::string_view name) const {
  const AttributeValue* value = find(name);
  if (value == nullptr) {
    std::fprintf(stderr,
                 "dynakeep: an item was asked for its attribute %.*s, which it does not have\n",
                 static_cast<int>(name.size()), name.data());
    std::abort();
  }
  return *value;
}

AttributeValue& Item::operator[](std::string_view name) {
  AttributeMap& all = mutable_attributes();
  const auto found = all.find(name);
  if (found != all.end()) return found->second;
  return all.emplace(name, AttributeValue()).first->second;
}

bool Item::erase(std::string_view name) {
  AttributeMap& all = mutable_attributes();
  const auto found = all.find(name);
  if (found == all.end()) return false;
  all.erase(found);
  return true;
}

bool operator==(const Item& a, const Item& b) {
  // Canonical bytes: equal items have equal encodings.
  if (!a.encoded_.empty() && !b.encoded_.empty()) return a.encoded_ == b.encoded_;
  return is_refused(a.encoded_) == is_refused(b.encoded_) && a.attributes() == b.attributes();
}

Result<std::size_t> stored_bytes(const Item& item) {
  if (auto refusal = ItemAccess::refusal(item))
    return Error::validation(std::move(refusal->message));
  std::string scratch;
  return model::size_of(model::view_item(ItemAccess::encoded(item, scratch)));
}

// ---- ItemAccess ----

Item ItemAccess::from_encoded(std::string encoded) {
  INVARIANT(!encoded.empty() && encoded[0] == static_cast<char>(model::ItemFormat::v1));
  Item item;
  item.encoded_ = std::move(encoded);
  return item;
}

Item ItemAccess::refused(const Refusal& refusal) {
  Item item;
  item.encoded_.push_back(refused_mark);
  base::append_varint(item.encoded_, refusal.attribute.size());
  item.encoded_ += refusal.attribute;
  item.encoded_ += refusal.message;
  return item;
}

std::optional<ItemAccess::Refusal> ItemAccess::refusal(const Item& item) {
  if (is_refused(item.encoded_)) {
    std::string_view rest = std::string_view(item.encoded_).substr(1);
    std::uint64_t size = 0;
    INVARIANT(base::take_varint(rest, size) && size <= rest.size());
    return Refusal{std::string(rest.substr(0, size)), std::string(rest.substr(size))};
  }
  if (!item.encoded_.empty()) return std::nullopt;
  for (const auto& [name, value] : item.attributes()) {
    if (!base::is_utf8(name)) return Refusal{name, not_utf8};
    if (auto complaint = complaint_about(value, 1); !complaint.empty()) {
      return Refusal{name, std::move(complaint)};
    }
  }
  return std::nullopt;
}

std::string_view ItemAccess::held(const Item& item) {
  return is_refused(item.encoded_) ? std::string_view() : item.encoded_;
}

std::string_view ItemAccess::encoded(const Item& item, std::string& scratch) {
  INVARIANT(!is_refused(item.encoded_));
  if (!item.encoded_.empty()) return item.encoded_;
  scratch = model::encode(item.attributes());
  return scratch;
}

std::string ItemAccess::take_encoded(Item&& item) {
  INVARIANT(!is_refused(item.encoded_));
  if (item.encoded_.empty()) return model::encode(item.attributes());
  std::string taken = std::move(item.encoded_);
  item = Item();
  return taken;
}

}  // namespace dynakeep
