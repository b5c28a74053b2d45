#include "dynakeep/tagged_json.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"

namespace dynakeep {
namespace {

constexpr std::string_view bytes_member = "$bytes";
constexpr std::string_view set_member = "$set";
constexpr std::string_view map_member = "$map";

bool is_reserved(std::string_view name) {
  return name == bytes_member || name == set_member || name == map_member;
}

JsonDocument tagged(std::string_view name, JsonDocument value) {
  std::vector<JsonDocument::Member> members;
  members.emplace_back(name, std::move(value));
  return JsonDocument::object(std::move(members));
}

JsonDocument document_of(const Binary& bytes) {
  std::string text;
  base::append_base64(text, bytes.bytes);
  return tagged(bytes_member, JsonDocument::string(std::move(text)));
}

JsonDocument document_of(const Number& number) {
  // A Number's text is a JSON number, always.
  return JsonDocument::number_from_text(number.to_string()).value();
}

JsonDocument document_of(const std::string& text) { return JsonDocument::string(text); }

template <typename Set>
JsonDocument document_of_set(const Set& set) {
  std::vector<JsonDocument> elements;
  elements.reserve(set.size());
  for (const auto& element : set) elements.push_back(document_of(element));
  return tagged(set_member, JsonDocument::array(std::move(elements)));
}

JsonDocument document_of(const AttributeValue& value) {
  switch (value.type()) {
    case AttributeType::string:
      return document_of(value.as_string());
    case AttributeType::number:
      return document_of(value.as_number());
    case AttributeType::binary:
      return document_of(value.as_binary());
    case AttributeType::boolean:
      return JsonDocument::boolean(value.as_bool());
    case AttributeType::null:
      return {};
    case AttributeType::string_set:
      return document_of_set(value.as_string_set());
    case AttributeType::number_set:
      return document_of_set(value.as_number_set());
    case AttributeType::binary_set:
      return document_of_set(value.as_binary_set());
    case AttributeType::list: {
      std::vector<JsonDocument> elements;
      elements.reserve(value.as_list().size());
      for (const AttributeValue& element : value.as_list()) {
        elements.push_back(document_of(element));
      }
      return JsonDocument::array(std::move(elements));
    }
    case AttributeType::map:
      break;
  }
  std::vector<JsonDocument::Member> members;
  for (const auto& [name, member] : value.as_map()) {
    members.emplace_back(name, document_of(member));
  }
  const bool reads_as_other = members.size() == 1 && is_reserved(members.front().first);
  JsonDocument map = JsonDocument::object(std::move(members));
  return reads_as_other ? tagged(map_member, std::move(map)) : map;
}

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

std::string to_tagged_json(const AttributeValue& value) { return document_of(value).to_text(); }

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
