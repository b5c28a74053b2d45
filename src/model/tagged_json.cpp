#include "dynakeep/tagged_json.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json_string.h"

namespace dynakeep {
namespace {

constexpr std::string_view bytes_member = "$bytes";
constexpr std::string_view set_member = "$set";
constexpr std::string_view map_member = "$map";

bool is_reserved(std::string_view name) {
  return name == bytes_member || name == set_member || name == map_member;
}

// ---- writing: straight from the bytes, without a document between ----

void append_tagged(std::string& out, std::string_view tag) {
  out += "{\"";
  out += tag;
  out += "\":";
}

void append_bytes(std::string& out, std::string_view bytes) {
  append_tagged(out, bytes_member);
  out.push_back('"');
  base::append_base64(out, bytes);
  out += "\"}";
}

template <typename Set, typename Append>
void append_set(std::string& out, const Set& set, const Append& append) {
  append_tagged(out, set_member);
  char separator = '[';
  for (const auto& element : set) {
    out.push_back(std::exchange(separator, ','));
    append(element);
  }
  out += "]}";
}

void append_list(std::string& out, const AttributeView& list) {
  out.push_back('[');
  bool first = true;
  for (const auto& element : list) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_tagged_json(out, element.value);
  }
  out.push_back(']');
}

void append_map(std::string& out, const AttributeView& map) {
  const bool reads_as_other = map.size() == 1 && is_reserved(map.begin()->name);
  if (reads_as_other) append_tagged(out, map_member);
  out.push_back('{');
  bool first = true;
  for (const auto& member : map) {
    if (!std::exchange(first, false)) out.push_back(',');
    base::append_json_string(out, member.name);
    out.push_back(':');
    append_tagged_json(out, member.value);
  }
  out += reads_as_other ? "}}" : "}";
}

// ---- reading ----

Error no_such_json(std::string message) { return {ErrorCode::serialization, std::move(message)}; }

Result<Binary> bytes_of(const JsonDocument& text) {
  Binary bytes;
  if (!text.is_string() || !base::append_from_base64(bytes.bytes, text.text())) {
    return no_such_json("\"$bytes\" takes base64 text");
  }
  return bytes;
}

// Repetitions in a set are refused rather than dropped: nothing that we write has any.
template <typename Set>
Result<void> take_set(Set set, std::size_t elements, AttributeValue& value) {
  if (set.size() != elements) return no_such_json("\"$set\" takes each element once");
  value = std::move(set);
  return {};
}

Result<void> read_set(const JsonDocument& elements, AttributeValue& value) {
  if (!elements.is_array() || elements.elements().empty()) {
    return no_such_json("\"$set\" takes an array with elements");
  }
  StringSet texts;
  NumberSet numbers;
  BinarySet binaries;
  for (const JsonDocument& element : elements.elements()) {
    if (element.is_string()) {
      texts.insert(element.text());
    } else if (element.kind() == JsonDocument::Kind::number) {
      numbers.insert(TRY(Number::parse(element.text())));
    } else if (const JsonDocument* bytes = element.find(bytes_member);
               bytes != nullptr && element.members().size() == 1) {
      binaries.insert(TRY(bytes_of(*bytes)));
    } else {
      return no_such_json("\"$set\" takes texts, numbers or bytes");
    }
  }
  if (!texts.empty() + !numbers.empty() + !binaries.empty() != 1) {
    return no_such_json("\"$set\" takes elements of one type");
  }
  const std::size_t count = elements.elements().size();
  if (!texts.empty()) return take_set(std::move(texts), count, value);
  if (!numbers.empty()) return take_set(std::move(numbers), count, value);
  return take_set(std::move(binaries), count, value);
}

Result<void> read(const JsonDocument& document, AttributeValue& value);

Result<void> read_map(const JsonDocument& object, AttributeValue& value) {
  AttributeMap map;
  for (const auto& [name, member] : object.members()) TRY(read(member, map[name]));
  value = std::move(map);
  return {};
}

Result<void> read_object(const JsonDocument& object, AttributeValue& value) {
  if (object.members().size() == 1) {
    const auto& [name, member] = object.members().front();
    if (name == set_member) return read_set(member, value);
    if (name == bytes_member) {
      value = TRY(bytes_of(member));
      return {};
    }
    if (name == map_member && !member.is_object()) {
      return no_such_json("\"$map\" takes an object");
    }
    if (name == map_member) return read_map(member, value);
  }
  return read_map(object, value);
}

Result<void> read(const JsonDocument& document, AttributeValue& value) {
  switch (document.kind()) {
    case JsonDocument::Kind::null:
      value = nullptr;
      return {};
    case JsonDocument::Kind::boolean:
      value = document.truth();
      return {};
    case JsonDocument::Kind::number:
      value = TRY(Number::parse(document.text()));
      return {};
    case JsonDocument::Kind::string:
      value = document.text();
      return {};
    case JsonDocument::Kind::array: {
      AttributeList list(document.elements().size());
      for (std::size_t i = 0; i < list.size(); ++i) TRY(read(document.elements()[i], list[i]));
      value = std::move(list);
      return {};
    }
    case JsonDocument::Kind::object:
      break;
  }
  return read_object(document, value);
}

}  // namespace

void append_tagged_json(std::string& out, const AttributeView& value) {
  switch (value.type().value_or(AttributeType::null)) {
    case AttributeType::string:
      return base::append_json_string(out, *value.text());
    case AttributeType::number:
      out += value.number()->to_string();  // a JSON number, always
      return;
    case AttributeType::binary:
      return append_bytes(out, *value.bytes());
    case AttributeType::boolean:
      out += *value.boolean() ? "true" : "false";
      return;
    case AttributeType::null:
      out += "null";
      return;
    case AttributeType::list:
      return append_list(out, value);
    case AttributeType::map:
      return append_map(out, value);
    case AttributeType::string_set:
      return append_set(out, value.value().as_string_set(),
                        [&out](const std::string& text) { base::append_json_string(out, text); });
    case AttributeType::number_set:
      return append_set(out, value.value().as_number_set(),
                        [&out](const Number& number) { out += number.to_string(); });
    case AttributeType::binary_set:
      return append_set(out, value.value().as_binary_set(),
                        [&out](const Binary& bytes) { append_bytes(out, bytes.bytes); });
  }
}

std::string to_tagged_json(const AttributeView& value) {
  std::string out;
  append_tagged_json(out, value);
  return out;
}

Result<AttributeValue> from_tagged_json(std::string_view json) {
  return from_tagged_json(TRY(JsonDocument::parse(json)));
}

Result<AttributeValue> from_tagged_json(const JsonDocument& document) {
  // Made here, and not moved in when it is done: GCC 12 takes that for uninitialised.
  Result<AttributeValue> value{AttributeValue()};
  TRY(read(document, *value));
  return value;
}

}  // namespace dynakeep
