#include "dynakeep/attribute_view.h"

#include <cstdint>
#include <cstring>

#include "model/encoded_item.h"
#include "model/encoded_number.h"

namespace dynakeep {
namespace {

template <typename Word>
bool ends_are_same(std::string_view a, std::string_view b) {
  const auto word = [](const char* from) {
    Word value = 0;
    std::memcpy(&value, from, sizeof value);
    return value;
  };
  const std::size_t last = a.size() - sizeof(Word);
  return word(a.data()) == word(b.data()) && word(a.data() + last) == word(b.data() + last);
}

// Names have a few letters: two words that may overlap compare them in less time than it takes to
// call memcmp, which a load of events would do for each member of each.
bool are_same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.size() >= 8 && a.size() <= 16) return ends_are_same<std::uint64_t>(a, b);
  if (a.size() >= 4 && a.size() < 8) return ends_are_same<std::uint32_t>(a, b);
  return a == b;
}

}  // namespace

AttributeView::AttributeView(const Item& item) : type_(AttributeType::map) {
  const std::string_view held = ItemAccess::held(item);
  if (held.empty()) {
    place_ = Place::item;
    item_ = &item.attributes();
  } else {
    *this = AttributeView(AttributeType::map, model::view_item(held).payload());
  }
}

AttributeView::AttributeView(const AttributeValue& value)
    : value_(&value), place_(Place::value), type_(value.type()) {}

const AttributeMap& AttributeView::members() const {
  return place_ == Place::item ? *item_ : value_->as_map();
}

std::optional<std::string_view> AttributeView::text() const {
  if (!is(AttributeType::string)) return std::nullopt;
  return place_ == Place::encoded ? payload() : std::string_view(value_->as_string());
}

std::optional<std::string_view> AttributeView::bytes() const {
  if (!is(AttributeType::binary)) return std::nullopt;
  return place_ == Place::encoded ? payload() : std::string_view(value_->as_binary().bytes);
}

std::optional<Number> AttributeView::number() const {
  if (!is(AttributeType::number)) return std::nullopt;
  return place_ == Place::encoded ? model::decode_number(payload()) : value_->as_number();
}

std::optional<std::int64_t> AttributeView::integer() const {
  if (!is(AttributeType::number)) return std::nullopt;
  return place_ == Place::encoded ? model::decode_int64(payload()) : value_->as_number().to_int64();
}

std::optional<double> AttributeView::real() const {
  if (!is(AttributeType::number)) return std::nullopt;
  return place_ == Place::encoded ? model::decode_double(payload())
                                  : value_->as_number().to_double();
}

std::optional<bool> AttributeView::boolean() const {
  if (!is(AttributeType::boolean)) return std::nullopt;
  return place_ == Place::encoded ? payload()[0] != 0 : value_->as_bool();
}

AttributeView AttributeView::operator[](std::string_view name) const {
  if (!is(AttributeType::map)) return {};
  if (place_ == Place::encoded) {
    const auto found = model::MapView(payload()).find(name);
    return found.exists() ? AttributeView(found.type(), found.payload()) : AttributeView();
  }
  const auto found = members().find(name);
  return found == members().end() ? AttributeView() : AttributeView(found->second);
}

void AttributeView::find(std::span<const std::string_view> names,
                         std::span<AttributeView> found) const {
  if (!is(AttributeType::map)) return;
  if (place_ != Place::encoded) {
    for (std::size_t i = 0; i < names.size(); ++i) found[i] = (*this)[names[i]];
    return;
  }
  using model::detail::take_bytes;
  using model::detail::take_size;
  std::size_t missing = names.size();
  std::string_view rest = payload();
  for (std::size_t left = take_size(rest); left > 0 && missing > 0; --left) {
    const std::string_view name = take_bytes(rest, take_size(rest));
    const auto tag = static_cast<model::ValueTag>(take_bytes(rest, 1)[0]);
    const std::string_view payload = take_bytes(rest, take_size(rest));
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!are_same(names[i], name)) continue;
      found[i] = AttributeView(model::type_of(tag), payload);
      --missing;
      break;
    }
  }
}

std::size_t AttributeView::size() const { return begin().left_; }

AttributeView::Iterator AttributeView::begin() const {
  Iterator at;
  at.named_ = is(AttributeType::map);
  if (!at.named_ && !is(AttributeType::list)) return at;
  if (place_ == Place::encoded) {
    at.rest_ = payload();
    at.left_ = model::detail::take_size(at.rest_);
  } else if (at.named_) {
    at.entry_ = members().begin();
    at.left_ = members().size();
  } else {
    at.element_ = value_->as_list().data();
    at.left_ = value_->as_list().size();
  }
  at.load();
  return at;
}

void AttributeView::Iterator::load() {
  if (left_ == 0) return;
  if (element_ != nullptr) {
    member_.value = AttributeView(*element_++);
  } else if (rest_.empty()) {
    member_ = {.name = entry_->first, .value = AttributeView(entry_->second)};
    ++entry_;
  } else {
    if (named_) {
      const std::size_t size = model::detail::take_size(rest_);
      member_.name = model::detail::take_bytes(rest_, size);
    }
    const model::ValueView value(rest_);
    rest_.remove_prefix(value.bytes().size());
    member_.value = AttributeView(value.type(), value.payload());
  }
}

AttributeView::Iterator& AttributeView::Iterator::operator++() {
  --left_;
  load();
  return *this;
}

AttributeValue AttributeView::value() const {
  if (!exists()) return {};
  if (place_ == Place::encoded) return model::decode_value(model::tag_of(type_), payload());
  return place_ == Place::item ? AttributeValue(*item_) : *value_;
}

}  // namespace dynakeep
