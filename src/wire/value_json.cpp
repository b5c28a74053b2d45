#include "wire/value_json.h"

#include <algorithm>
#include <span>
#include <vector>

#include "base/base64.h"
#include "base/bytes.h"
#include "dynakeep/number.h"
#include "model/encoded_number.h"
#include "model/item_text.h"
#include "model/limits.h"

namespace dynakeep::wire {

using model::ValueTag;

namespace {

constexpr std::string_view invalid_parameter = "One or more parameter values were invalid: ";

// The type that DynamoDB's letters name; nothing for others, which are passed over.
std::optional<ValueTag> tag_of_letters(std::string_view letters) {
  if (letters.size() == 1) {
    switch (letters[0]) {
      case 'S':
        return ValueTag::string;
      case 'N':
        return ValueTag::number;
      case 'B':
        return ValueTag::binary;
      case 'M':
        return ValueTag::map;
      case 'L':
        return ValueTag::list;
      default:
        return std::nullopt;
    }
  }
  if (letters == "BOOL") return ValueTag::boolean;
  if (letters == "NULL") return ValueTag::null;
  if (letters == "SS") return ValueTag::string_set;
  if (letters == "NS") return ValueTag::number_set;
  if (letters == "BS") return ValueTag::binary_set;
  return std::nullopt;
}

std::string joined(const std::vector<std::string_view>& texts) {
  std::string out = "[";
  for (const std::string_view text : texts) {
    if (out.size() > 1) out += ", ";
    out += text;
  }
  return out + "]";
}

// Writes into one buffer from front to back. What comes before a container's content, its length,
// is known only after it: then the content moves over by as many bytes as the length takes more
// than one.
class ItemDecoder {
 public:
  // What a thread keeps from one item to the next, so that decoding allocates the result alone.
  struct Buffers {
    std::string out;
    std::vector<JsonObject::Member> entries;
  };
  static Buffers& buffers() {
    thread_local Buffers buffers;
    return buffers;
  }

  explicit ItemDecoder(ValueProblem& problem) : problem_(problem) {
    out_.clear();
    entries_.clear();
  }
  ~ItemDecoder() {
    if (out_.capacity() > kept_bytes_max) std::string().swap(out_);
    if (entries_.capacity() * sizeof(entries_[0]) > kept_bytes_max) {
      std::vector<JsonObject::Member>().swap(entries_);
    }
  }
  ItemDecoder(const ItemDecoder&) = delete;
  ItemDecoder& operator=(const ItemDecoder&) = delete;

  std::string& out() { return out_; }

  // count, then entries in order of their names. `depth` is that of the values.
  void attributes(JsonObject object, int depth) {
    const std::size_t first = entries_.size();
    bool in_order = true;
    for (const auto& [name, value] : object) {
      if (entries_.size() > first && !(entries_.back().key < name)) in_order = false;
      entries_.push_back({name, value});
    }
    if (!in_order) put_in_order(first);
    const std::size_t count = entries_.size() - first;
    base::append_varint(out_, count);
    for (std::size_t i = first; i < first + count; ++i) {
      // By index and copy: values put entries of their own behind these.
      const JsonObject::Member entry = entries_[i];
      if (depth == 1) attribute_ = entry.key;
      model::append_name(out_, entry.key);
      value(entry.value, depth);
      if (!problem_.wrong_type.empty()) break;
    }
    entries_.resize(first);
  }

  void value(JsonValue json, int depth) {
    const JsonType type = json.type();
    if (type == JsonType::null) return refuse_empty();
    if (type == JsonType::array) {
      return wrong_type(
          unrecognized_collection("class com.amazonaws.dynamodb.v20120810.AttributeValue"));
    }
    if (type != JsonType::object) return wrong_type(unexpected_value_type);
    if (depth > model::nesting_levels_max) {
      return refuse(
          "Nesting Levels have exceeded supported limits: "
          "Attributes in the item have nested levels beyond supported limit");
    }
    const std::size_t start = out_.size();
    std::optional<ValueTag> found;
    for (const auto& [letters, payload] : json.object()) {
      const auto tag = tag_of_letters(letters);
      const JsonType payload_type = payload.type();
      if (!tag || payload_type == JsonType::null) continue;
      if (found == tag) out_.resize(start);  // one key written twice: the last counts
      if (found && found != tag) {
        typed_value(*tag, payload, payload_type, depth);
        refuse(
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes");
      } else {
        typed_value(*tag, payload, payload_type, depth);
      }
      found = tag;
      if (!problem_.wrong_type.empty()) return;
    }
    if (!found) refuse_empty();
  }

 private:
  void typed_value(ValueTag tag, JsonValue json, JsonType type, int depth) {
    switch (tag) {
      case ValueTag::string:
        if (!is(json, type, JsonType::string, "String")) return;
        return model::append_value(out_, tag, json.text());
      case ValueTag::number:
        if (!is(json, type, JsonType::string, "String")) return;
        return length_before(tag, [&] { number(json.text()); });
      case ValueTag::binary:
        if (!is(json, type, JsonType::string, "ByteBuffer")) return;
        return length_before(tag, [&] { binary(out_, json.text()); });
      case ValueTag::boolean:
        if (!is(json, type, JsonType::boolean, "Boolean")) return;
        return model::append_value(out_, tag, {json.boolean() ? "\1" : "\0", 1});
      case ValueTag::null:
        if (!is(json, type, JsonType::boolean, "Boolean")) return;
        if (!json.boolean()) {
          refuse(std::string(invalid_parameter) +
                 "Null attribute value types must have the value of true");
        }
        return model::append_value(out_, tag, {});
      case ValueTag::list:
        if (!is_list(type)) return;
        return length_before(tag, [&] { list(json.array(), depth + 1); });
      case ValueTag::map:
        if (type == JsonType::array) {
          return wrong_type(unrecognized_collection(attribute_map_type));
        }
        if (type != JsonType::object) return wrong_type(unexpected_field_type);
        return length_before(tag, [&] { attributes(json.object(), depth + 1); });
      case ValueTag::string_set:
      case ValueTag::number_set:
      case ValueTag::binary_set:
        if (!is_list(type)) return;
        return length_before(tag, [&] { set(tag, json.array()); });
    }
  }

  void list(JsonArray array, int depth) {
    std::size_t count = 0;
    for ([[maybe_unused]] const JsonValue each : array) ++count;
    base::append_varint(out_, count);
    for (const JsonValue each : array) {
      value(each, depth);
      if (!problem_.wrong_type.empty()) return;
    }
  }

  void number(std::string_view text) {
    auto parsed = Number::parse(text);
    if (!parsed) return refuse(parsed.error().message());
    model::append_number(out_, *parsed);
  }

  void binary(std::string& to, std::string_view base64) {
    if (base::append_from_base64(to, base64)) return;
    if (base64.size() % 4 != 0) {
      return wrong_type("Base64 encoded length is expected a multiple of 4 bytes but found: " +
                        std::to_string(base64.size()));
    }
    wrong_type("Invalid last non-pad Base64 character dectected");  // spelled as DynamoDB does
  }

  void set(ValueTag tag, JsonArray array) {
    const bool texts = tag == ValueTag::string_set;
    const bool numbers = tag == ValueTag::number_set;
    std::vector<std::string_view> written;  // in the order of the text, for complaints
    std::vector<std::string> made;          // encoded numbers, or bytes
    for (const JsonValue member : array) {
      if (member.is_null()) {
        refuse(std::string(invalid_parameter) + "An " +
               (texts     ? "string"
                : numbers ? "number"
                          : "binary") +
               " set  may not have a null string as a member");
        continue;
      }
      const char* java_type = tag == ValueTag::binary_set ? "ByteBuffer" : "String";
      if (!is(member, member.type(), JsonType::string, java_type)) return;
      written.push_back(member.text());
      if (texts) continue;
      std::string& bytes = made.emplace_back();
      if (numbers) {
        auto parsed = Number::parse(member.text());
        if (parsed) {
          model::append_number(bytes, *parsed);
        } else {
          refuse(parsed.error().message());
        }
      } else {
        binary(bytes, member.text());
        if (!problem_.wrong_type.empty()) return;
      }
    }
    if (problem_.refusal) return;
    if (written.empty()) return refuse_empty_set(tag);
    std::vector<std::string_view> members = written;
    if (!texts) members.assign(made.begin(), made.end());
    std::sort(members.begin(), members.end());
    if (std::adjacent_find(members.begin(), members.end()) != members.end()) {
      return refuse_duplicates(tag, written);
    }
    base::append_varint(out_, members.size());
    for (const std::string_view member : members) {
      base::append_varint(out_, member.size());
      out_ += member;
    }
  }

  template <typename AppendContent>
  void length_before(ValueTag tag, AppendContent append_content) {
    out_.push_back(static_cast<char>(tag));
    const std::size_t at = out_.size();
    out_.push_back(0);
    append_content();
    const std::size_t length = out_.size() - at - 1;
    if (length < 0x80) {
      out_[at] = static_cast<char>(length);
      return;
    }
    length_.clear();
    base::append_varint(length_, length);
    out_.replace(at, 1, length_);
  }

  // Sorts the entries from `first` on by name; of one name the last of the text stays.
  void put_in_order(std::size_t first) {
    const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto by_key = [](const JsonObject::Member& a, const JsonObject::Member& b) {
      return a.key < b.key;
    };
    // Stable, and without memory of its own for the few attributes that most items have.
    if (entries_.end() - begin <= 32) {
      for (auto it = begin; it != entries_.end(); ++it) {
        std::rotate(std::upper_bound(begin, it, *it, by_key), it, it + 1);
      }
    } else {
      std::stable_sort(begin, entries_.end(), by_key);
    }
    auto kept = begin;
    for (auto it = begin; it != entries_.end(); ++it) {
      const auto next = it + 1;
      if (next == entries_.end() || next->key != it->key) *kept++ = *it;
    }
    entries_.erase(kept, entries_.end());
  }

  bool is(JsonValue json, JsonType type, JsonType wanted, std::string_view java_type) {
    if (type == wanted) return true;
    wrong_type(not_convertible(json, java_type));
    return false;
  }

  bool is_list(JsonType type) {
    if (type == JsonType::array) return true;
    wrong_type(type == JsonType::object ? unexpected_structure : unexpected_field_type);
    return false;
  }

  void wrong_type(std::string_view message) {
    if (problem_.wrong_type.empty()) problem_.wrong_type = message;
  }

  void refuse(std::string_view message) {
    if (problem_.refusal) return;
    problem_.refusal = {.attribute = std::string(attribute_), .message = std::string(message)};
  }

  void refuse_empty() {
    refuse("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  }

  void refuse_empty_set(ValueTag tag) {
    if (tag == ValueTag::binary_set) {
      return refuse(std::string(invalid_parameter) + "Binary sets should not be empty");
    }
    refuse(std::string(invalid_parameter) + "An " +
           (tag == ValueTag::string_set ? "string" : "number") + " set  may not be empty");
  }

  void refuse_duplicates(ValueTag tag, const std::vector<std::string_view>& written) {
    if (tag == ValueTag::number_set) return refuse("Input collection contains duplicates");
    refuse(std::string(invalid_parameter) + "Input collection " + joined(written) +
           (tag == ValueTag::binary_set ? "of type BS" : "") + " contains duplicates.");
  }

  static constexpr std::size_t kept_bytes_max = 65536;

  ValueProblem& problem_;
  std::string_view attribute_;  // the top-level one, for refusals
  std::string length_;
  std::string& out_ = buffers().out;
  // Of the maps being written, inner ones last.
  std::vector<JsonObject::Member>& entries_ = buffers().entries;
};

}  // namespace

std::string decode_attributes(JsonValue object, ValueProblem& problem) {
  ItemDecoder decoder(problem);
  decoder.out().push_back(static_cast<char>(model::ItemFormat::v1));
  decoder.attributes(object.object(), 1);
  return decoder.out();
}

std::string decode_value(JsonValue value, ValueProblem& problem) {
  ItemDecoder decoder(problem);
  decoder.value(value, 1);
  return decoder.out();
}

bool append_attributes(std::string& out, const Item& item) {
  if (ItemAccess::refusal(item)) return false;
  std::string scratch;
  model::append_json_text(out, model::view_item(ItemAccess::encoded(item, scratch)));
  return true;
}

std::string unrecognized_collection(std::string_view java_type) {
  return "Unrecognized collection type " + std::string(java_type);
}

std::string not_convertible(JsonValue value, std::string_view java_type) {
  const bool bytes = java_type == "ByteBuffer";
  std::string_view found;
  switch (value.type()) {
    case JsonType::array:
      return unrecognized_collection((bytes ? "class java.nio." : "class java.lang.") +
                                     std::string(java_type));
    case JsonType::object:
      return std::string(unexpected_structure);
    case JsonType::string:
      if (java_type == "Boolean") return "Unexpected token received from parser";
      found = "STRING_VALUE";
      break;
    case JsonType::integer:
      found = "NUMBER_VALUE";
      break;
    case JsonType::decimal:
      found = "DECIMAL_VALUE";
      break;
    case JsonType::boolean:
      found = value.boolean() ? "TRUE_VALUE" : "FALSE_VALUE";
      break;
    case JsonType::null:
      found = "NULL_VALUE";
      break;
  }
  if (bytes) return "only base-64-encoded strings are convertible to bytes";
  return std::string(found) + " cannot be converted to " + std::string(java_type);
}

}  // namespace dynakeep::wire
