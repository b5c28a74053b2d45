#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "dynakeep/json_document.h"
#include "dynakeep/stores/user_data.h"

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
Result<AttributeValue> checked_set(Set set, std::size_t elements) {
  if (set.size() != elements) return no_such_json("\"$set\" takes each element once");
  return AttributeValue(std::move(set));
}

Result<AttributeValue> set_of(const JsonDocument& elements) {
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
  if (!texts.empty()) return checked_set(std::move(texts), count);
  if (!numbers.empty()) return checked_set(std::move(numbers), count);
  return checked_set(std::move(binaries), count);
}

Result<AttributeValue> map_of(const JsonDocument& object) {
  AttributeMap map;
  for (const auto& [name, member] : object.members()) {
    map.emplace(name, TRY(user_data_from_json(member)));
  }
  return AttributeValue(std::move(map));
}

}  // namespace

std::string user_data_to_json(const AttributeValue& value) { return document_of(value).to_text(); }

Result<AttributeValue> user_data_from_json(std::string_view json) {
  return user_data_from_json(TRY(JsonDocument::parse(json)));
}

Result<AttributeValue> user_data_from_json(const JsonDocument& document) {
  switch (document.kind()) {
    case JsonDocument::Kind::null:
      return AttributeValue(nullptr);
    case JsonDocument::Kind::boolean:
      return AttributeValue(document.truth());
    case JsonDocument::Kind::number:
      return AttributeValue(TRY(Number::parse(document.text())));
    case JsonDocument::Kind::string:
      return AttributeValue(document.text());
    case JsonDocument::Kind::array: {
      AttributeList list;
      list.reserve(document.elements().size());
      for (const JsonDocument& element : document.elements()) {
        list.push_back(TRY(user_data_from_json(element)));
      }
      return AttributeValue(std::move(list));
    }
    case JsonDocument::Kind::object:
      break;
  }
  if (document.members().size() == 1) {
    const auto& [name, member] = document.members().front();
    if (name == bytes_member) return AttributeValue(TRY(bytes_of(member)));
    if (name == set_member) return set_of(member);
    if (name == map_member && member.is_object()) return map_of(member);
    if (name == map_member) return no_such_json("\"$map\" takes an object");
  }
  return map_of(document);
}

}  // namespace dynakeep
