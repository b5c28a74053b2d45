#include "wire/json_reader.h"

#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include <simdjson.h>

#include "model/limits.h"

namespace dynakeep::wire {

namespace dom = simdjson::dom;
namespace ondemand = simdjson::ondemand;

namespace {

// A JsonValue is the parser's own reference to an element, whose type the header may not name.
static_assert(sizeof(JsonValue) == sizeof(dom::element));
static_assert(std::is_trivially_copyable_v<dom::element>);
static_assert(std::is_trivially_copyable_v<dom::object::iterator>);

dom::element element(const JsonValue& value) { return std::bit_cast<dom::element>(value); }
JsonValue value_of(const dom::element& element) { return std::bit_cast<JsonValue>(element); }

// Of what is asked after its type: cannot fail.
template <typename T>
T get(const dom::element& from) {
  return from.get<T>().value_unsafe();
}

// Text with the zeros behind it that the parser may read.
class PaddedCopy {
 public:
  void assign(std::string_view before, std::string_view text, std::string_view after) {
    const std::size_t size = before.size() + text.size() + after.size();
    if (size + simdjson::SIMDJSON_PADDING > capacity_) {
      capacity_ = std::max<std::size_t>(size * 2, 4096) + simdjson::SIMDJSON_PADDING;
      bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    char* to = bytes_.get();
    for (const std::string_view part : {before, text, after}) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    }
    std::memset(to, 0, simdjson::SIMDJSON_PADDING);
    size_ = size;
  }
  const char* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

// What a thread may keep from one text to the next. The parser itself takes some twelve times as
// much.
constexpr std::size_t kept_bytes_max = 65536;

}  // namespace

// ---- values ----

JsonType JsonValue::type() const {
  switch (element(*this).type()) {
    case dom::element_type::ARRAY:
      return JsonType::array;
    case dom::element_type::OBJECT:
      return JsonType::object;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
      return JsonType::integer;
    case dom::element_type::DOUBLE:
      return JsonType::decimal;
    case dom::element_type::STRING:
      return JsonType::string;
    case dom::element_type::BOOL:
      return JsonType::boolean;
    case dom::element_type::NULL_VALUE:
      break;
  }
  return JsonType::null;
}

bool JsonValue::boolean() const { return get<bool>(element(*this)); }

std::int64_t JsonValue::integer() const {
  std::int64_t value = 0;
  if (element(*this).get(value) != simdjson::SUCCESS) {
    value = std::numeric_limits<std::int64_t>::max();
  }
  return value;
}

double JsonValue::decimal() const { return get<double>(element(*this)); }

std::string_view JsonValue::text() const { return get<std::string_view>(element(*this)); }

JsonArray JsonValue::array() const {
  JsonArray array;
  array.value_ = *this;
  return array;
}

JsonObject JsonValue::object() const {
  JsonObject object;
  object.value_ = *this;
  return object;
}

JsonArray::Iterator JsonArray::begin() const {
  Iterator begin;
  begin.at_ = value_of(*get<dom::array>(element(value_)).begin());
  return begin;
}

JsonArray::Iterator JsonArray::end() const {
  Iterator end;
  end.at_ = value_of(*get<dom::array>(element(value_)).end());
  return end;
}

JsonArray::Iterator& JsonArray::Iterator::operator++() {
  auto next = std::bit_cast<dom::array::iterator>(at_);
  at_ = value_of(*++next);
  return *this;
}

JsonObject::Iterator JsonObject::begin() const {
  Iterator begin;
  begin.at_ = std::bit_cast<JsonValue>(get<dom::object>(element(value_)).begin());
  return begin;
}

JsonObject::Iterator JsonObject::end() const {
  Iterator end;
  end.at_ = std::bit_cast<JsonValue>(get<dom::object>(element(value_)).end());
  return end;
}

JsonObject::Member JsonObject::Iterator::operator*() const {
  const auto at = std::bit_cast<dom::object::iterator>(at_);
  return {at.key(), value_of(at.value())};
}

JsonObject::Iterator& JsonObject::Iterator::operator++() {
  auto next = std::bit_cast<dom::object::iterator>(at_);
  at_ = std::bit_cast<JsonValue>(++next);
  return *this;
}

// ---- parsing ----

struct ParsedJson::Parser {
  PaddedCopy text;
  dom::parser parser;
};

std::unique_ptr<ParsedJson::Parser>& ParsedJson::spare() {
  thread_local std::unique_ptr<Parser> spare;
  return spare;
}

ParsedJson::ParsedJson(std::string_view text) : parser_(std::move(spare())) {
  if (!parser_) parser_ = std::make_unique<Parser>();
  parser_->text.assign({}, text, {});
  dom::parser& parser = parser_->parser;
  if (parser.capacity() < text.size() || parser.max_depth() != json_depth_max) {
    const std::size_t capacity = std::max<std::size_t>(text.size(), 4096);
    if (parser.allocate(capacity, json_depth_max) != simdjson::SUCCESS) return;
  }
  dom::element root;
  if (parser.parse(parser_->text.data(), text.size(), false).get(root) != simdjson::SUCCESS) return;
  root_ = value_of(root);
}

ParsedJson::~ParsedJson() {
  if (parser_->text.capacity() <= kept_bytes_max * 2 &&
      parser_->parser.capacity() <= kept_bytes_max) {
    spare() = std::move(parser_);
  }
}

// ---- plain JSON ----

namespace {

Error not_json() { return {ErrorCode::serialization, "The text is not JSON"}; }

// RFC 8259, section 6; what DynamoDB takes for a number besides (+1, .5, 01) is not JSON.
bool is_json_number(std::string_view text) {
  const auto take_digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t digits = take_digits();
  if (digits == 0 || (leading_zero && digits > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  return text.empty();
}

// The lazy reader checks what it is asked for and nothing else, so here everything is asked for.
Result<AttributeValue> read_plain(ondemand::value value, int depth) {
  if (depth > model::nesting_levels_max) {
    return Error::validation("Nesting Levels have exceeded supported limits");
  }
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return not_json();
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return not_json();
      AttributeMap map;
      for (auto each : object) {
        ondemand::field field;
        std::string_view key;
        if (std::move(each).get(field) != simdjson::SUCCESS) return not_json();
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return not_json();
        std::string name(key);
        map.insert_or_assign(std::move(name), TRY(read_plain(field.value(), depth + 1)));
      }
      return AttributeValue(std::move(map));
    }
    case ondemand::json_type::array: {
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return not_json();
      AttributeList list;
      for (auto each : array) {
        ondemand::value element;
        if (each.get(element) != simdjson::SUCCESS) return not_json();
        list.push_back(TRY(read_plain(element, depth + 1)));
      }
      return AttributeValue(std::move(list));
    }
    case ondemand::json_type::string: {
      std::string_view text;
      if (value.get_string().get(text) != simdjson::SUCCESS) return not_json();
      return AttributeValue(text);
    }
    case ondemand::json_type::number: {
      std::string_view token = value.raw_json_token();
      token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
      if (!is_json_number(token)) return not_json();
      return AttributeValue(TRY(Number::parse(token)));
    }
    case ondemand::json_type::boolean: {
      bool truth = false;
      if (value.get_bool().get(truth) != simdjson::SUCCESS) return not_json();
      return AttributeValue(truth);
    }
    case ondemand::json_type::null:
      break;
  }
  bool null = false;
  if (value.is_null().get(null) != simdjson::SUCCESS || !null) return not_json();
  return AttributeValue(nullptr);
}

}  // namespace

Result<AttributeValue> read_plain_json(std::string_view text, PlainJson kind) {
  // As the only element of an array, a scalar is read as everything else is.
  PaddedCopy padded;
  padded.assign("[", text, "]");
  ondemand::parser parser;
  ondemand::document document;
  const simdjson::padded_string_view view(padded.data(), padded.size(), padded.capacity());
  if (parser.iterate(view).get(document) != simdjson::SUCCESS) return not_json();
  ondemand::array array;
  if (document.get_array().get(array) != simdjson::SUCCESS) return not_json();
  std::optional<AttributeValue> found;
  for (auto each : array) {
    ondemand::value element;
    if (found || each.get(element) != simdjson::SUCCESS) return not_json();
    found = TRY(read_plain(element, kind == PlainJson::item ? 0 : 1));
  }
  const char* rest = nullptr;
  if (!found || document.current_location().get(rest) == simdjson::SUCCESS) return not_json();
  return std::move(*found);
}

}  // namespace dynakeep::wire
