#include "dynakeep/json_document.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <unordered_map>

#include "base/utf8.h"

namespace dynakeep {

namespace {

// Past this many members a name is looked up in a table, so that an object of n takes n steps.
constexpr std::size_t scanned_members_max = 16;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How much of a number stands at the front of the text; 0 if none does (RFC 8259, section 6).
std::size_t number_length(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t integer_at = i;
  const std::size_t integer_digits = digits();
  if (integer_digits == 0 || (integer_digits > 1 && text[integer_at] == '0')) return 0;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return 0;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return 0;
  }
  return i;
}

// A code point as UTF-8; a lone surrogate in the same form, which is then not UTF-8.
void append_code_point(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<JsonDocument> parse() {
    if (!base::is_utf8(text_)) return Error(ErrorCode::serialization, "JSON must be UTF-8");
    JsonDocument document = TRY(value(JsonDocument::depth_max));
    skip_space();
    if (at_ != text_.size()) return wrong("more than one value");
    return document;
  }

 private:
  Error wrong(const char* what) const {
    return {ErrorCode::serialization,
            std::string("not JSON: ") + what + " at byte " + std::to_string(at_)};
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char wanted) {
    if (peek() != wanted || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  Result<JsonDocument> value(std::size_t depth) {
    skip_space();
    switch (peek()) {
      case '{':
      case '[':
        if (depth == 0) return wrong("nested too deeply");
        return peek() == '{' ? object(depth - 1) : array(depth - 1);
      case '"':
        return JsonDocument::string(TRY(string()));
      case 't':
        if (take("true")) return JsonDocument::boolean(true);
        break;
      case 'f':
        if (take("false")) return JsonDocument::boolean(false);
        break;
      case 'n':
        if (take("null")) return JsonDocument();
        break;
      default:
        return number();
    }
    return wrong("no value");
  }

  Result<JsonDocument> number();

  Result<JsonDocument> array(std::size_t depth) {
    ++at_;
    std::vector<JsonDocument> elements;
    skip_space();
    if (take(']')) return JsonDocument::array();
    while (true) {
      elements.push_back(TRY(value(depth)));
      skip_space();
      if (take(']')) return JsonDocument::array(std::move(elements));
      if (!take(',')) return wrong("no ',' or ']'");
    }
  }

  Result<JsonDocument> object(std::size_t depth) {
    ++at_;
    std::vector<JsonDocument::Member> members;
    std::unordered_map<std::string, std::size_t> places;  // of the names, once they are many
    skip_space();
    if (take('}')) return JsonDocument::object();
    while (true) {
      skip_space();
      if (peek() != '"') return wrong("no member name");
      std::string name = TRY(string());
      skip_space();
      if (!take(':')) return wrong("no ':'");
      JsonDocument member = TRY(value(depth));
      JsonDocument* const earlier = find(members, places, name);
      if (earlier != nullptr) {
        *earlier = std::move(member);
      } else {
        if (!places.empty()) places.emplace(name, members.size());
        members.emplace_back(std::move(name), std::move(member));
      }
      skip_space();
      if (take('}')) return JsonDocument::object(std::move(members));
      if (!take(',')) return wrong("no ',' or '}'");
    }
  }

  static JsonDocument* find(std::vector<JsonDocument::Member>& members,
                            std::unordered_map<std::string, std::size_t>& places,
                            const std::string& name) {
    if (members.size() <= scanned_members_max) {
      for (auto& [known, document] : members) {
        if (known == name) return &document;
      }
      return nullptr;
    }
    if (places.empty()) {
      for (std::size_t i = 0; i < members.size(); ++i) places.emplace(members[i].first, i);
    }
    const auto found = places.find(name);
    return found != places.end() ? &members[found->second].second : nullptr;
  }

  Result<std::string> string() {
    ++at_;
    std::string out;
    while (true) {
      const std::size_t begin = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
             static_cast<unsigned char>(text_[at_]) >= 0x20) {
        ++at_;
      }
      out.append(text_.substr(begin, at_ - begin));
      if (at_ == text_.size()) return wrong("a string without end");
      if (take('"')) return out;
      if (!take('\\')) return wrong("a control character");
      TRY(escape(out));
    }
  }

  Result<void> escape(std::string& out) {
    static constexpr std::string_view letters = "\"\\/bfnrt";
    static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const std::size_t letter = at_ < text_.size() ? letters.find(peek()) : std::string_view::npos;
    if (letter != std::string_view::npos) {
      out.push_back(meanings[letter]);
      ++at_;
      return {};
    }
    if (!take('u')) return wrong("an unknown escape");
    std::uint32_t code = TRY(four_hex_digits());
    const std::size_t behind = at_;
    if (code >= 0xD800 && code < 0xDC00 && take("\\u")) {
      const std::uint32_t low = TRY(four_hex_digits());
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000U + ((code - 0xD800U) << 10U) + (low - 0xDC00U);
      } else {
        at_ = behind;
      }
    }
    append_code_point(out, code);
    return {};
  }

  Result<std::uint32_t> four_hex_digits() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      const std::uint32_t digit = is_digit(c)            ? static_cast<std::uint32_t>(c - '0')
                                  : c >= 'a' && c <= 'f' ? static_cast<std::uint32_t>(c - 'a' + 10)
                                  : c >= 'A' && c <= 'F' ? static_cast<std::uint32_t>(c - 'A' + 10)
                                                         : 16U;
      if (digit == 16) return wrong("no four hexadecimal digits");
      code = code * 16 + digit;
      ++at_;
    }
    return code;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

void append_escaped(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // A lone surrogate cannot stand in UTF-8: ED A0..BF xx.
    const bool is_surrogate =
        byte == 0xED && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xA0;
    if (byte >= 0x20 && byte != '"' && byte != '\\' && !is_surrogate) {
      out.push_back(text[i]);
      continue;
    }
    static constexpr std::string_view escaped = "\"\\\b\f\n\r\t";
    static constexpr std::string_view letters = "\"\\bfnrt";
    if (const std::size_t at = escaped.find(text[i]); at != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(letters[at]);
      continue;
    }
    unsigned code = byte;
    if (is_surrogate) {
      code = 0xD000U | (static_cast<unsigned char>(text[i + 1]) & 0x3FU) << 6U |
             (static_cast<unsigned char>(text[i + 2]) & 0x3FU);
      i += 2;
    }
    std::array<char, 8> digits;
    std::snprintf(digits.data(), digits.size(), "\\u%04x", code);
    out.append(digits.data());
  }
  out.push_back('"');
}

void append_text(std::string& out, const JsonDocument& document) {
  switch (document.kind()) {
    case JsonDocument::Kind::null:
      out.append("null");
      return;
    case JsonDocument::Kind::boolean:
      out.append(document.truth() ? "true" : "false");
      return;
    case JsonDocument::Kind::number:
      out.append(document.text());
      return;
    case JsonDocument::Kind::string:
      return append_escaped(out, document.text());
    case JsonDocument::Kind::array: {
      char separator = '[';
      if (document.elements().empty()) out.push_back('[');
      for (const JsonDocument& element : document.elements()) {
        out.push_back(std::exchange(separator, ','));
        append_text(out, element);
      }
      out.push_back(']');
      return;
    }
    case JsonDocument::Kind::object: {
      char separator = '{';
      if (document.members().empty()) out.push_back('{');
      for (const auto& [name, member] : document.members()) {
        out.push_back(std::exchange(separator, ','));
        append_escaped(out, name);
        out.push_back(':');
        append_text(out, member);
      }
      out.push_back('}');
      return;
    }
  }
}

// A step down in a JSON Pointer (RFC 6901).
std::string below(const std::string& path, std::string_view name) {
  std::string pointer = path + '/';
  for (const char c : name) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

void add_operation(std::vector<JsonDocument>& patch, const char* operation, std::string path,
                   const JsonDocument* value) {
  JsonDocument step = JsonDocument::object();
  step.set("op", JsonDocument::string(operation));
  step.set("path", JsonDocument::string(std::move(path)));
  if (value != nullptr) step.set("value", *value);
  patch.push_back(std::move(step));
}

void compare(std::vector<JsonDocument>& patch, const std::string& path, const JsonDocument& from,
             const JsonDocument& to);

void compare_objects(std::vector<JsonDocument>& patch, const std::string& path,
                     const JsonDocument& from, const JsonDocument& to) {
  for (const auto& [name, member] : from.members()) {
    const JsonDocument* const after = to.find(name);
    if (after == nullptr) {
      add_operation(patch, "remove", below(path, name), nullptr);
    } else {
      compare(patch, below(path, name), member, *after);
    }
  }
  for (const auto& [name, member] : to.members()) {
    if (from.find(name) == nullptr) add_operation(patch, "add", below(path, name), &member);
  }
}

void compare_arrays(std::vector<JsonDocument>& patch, const std::string& path,
                    const std::vector<JsonDocument>& from, const std::vector<JsonDocument>& to) {
  const std::size_t shorter = std::min(from.size(), to.size());
  std::size_t head = 0;
  while (head < shorter && from[head] == to[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) ++tail;

  const std::size_t from_end = from.size() - tail;
  const std::size_t to_end = to.size() - tail;
  std::size_t i = head;
  for (; i < from_end && i < to_end; ++i) {
    compare(patch, below(path, std::to_string(i)), from[i], to[i]);
  }
  // From the back, so that each place is still what it was.
  for (std::size_t k = from_end; k > i; --k) {
    add_operation(patch, "remove", below(path, std::to_string(k - 1)), nullptr);
  }
  for (; i < to_end; ++i) add_operation(patch, "add", below(path, std::to_string(i)), &to[i]);
}

void compare(std::vector<JsonDocument>& patch, const std::string& path, const JsonDocument& from,
             const JsonDocument& to) {
  if (from.is_object() && to.is_object()) return compare_objects(patch, path, from, to);
  if (from.is_array() && to.is_array()) {
    return compare_arrays(patch, path, from.elements(), to.elements());
  }
  if (!(from == to)) add_operation(patch, "replace", path, &to);
}

}  // namespace

Result<JsonDocument> JsonDocument::parse(std::string_view text) { return Parser(text).parse(); }

JsonDocument JsonDocument::boolean(bool truth) {
  JsonDocument document;
  document.kind_ = Kind::boolean;
  document.truth_ = truth;
  return document;
}

JsonDocument JsonDocument::number(std::int64_t value) {
  return *number_from_text(std::to_string(value));
}

Result<JsonDocument> JsonDocument::number_from_text(std::string text) {
  if (text.empty() || number_length(text) != text.size()) {
    return Error(ErrorCode::serialization, "'" + text + "' is no number of JSON");
  }
  JsonDocument document;
  document.kind_ = Kind::number;
  document.text_ = std::move(text);
  return document;
}

JsonDocument JsonDocument::string(std::string text) {
  JsonDocument document;
  document.kind_ = Kind::string;
  document.text_ = std::move(text);
  return document;
}

JsonDocument JsonDocument::array(std::vector<JsonDocument> elements) {
  JsonDocument document;
  document.kind_ = Kind::array;
  document.elements_ = std::move(elements);
  return document;
}

JsonDocument JsonDocument::object(std::vector<Member> members) {
  JsonDocument document;
  document.kind_ = Kind::object;
  document.members_ = std::move(members);
  return document;
}

namespace {

Result<JsonDocument> Parser::number() {
  const std::size_t length = number_length(text_.substr(at_));
  if (length == 0) return wrong("no value");
  auto document = JsonDocument::number_from_text(std::string(text_.substr(at_, length)));
  at_ += length;
  return document;
}

}  // namespace

const JsonDocument* JsonDocument::find(std::string_view name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.first == name; });
  return found != members_.end() ? &found->second : nullptr;
}

void JsonDocument::set(std::string_view name, JsonDocument value) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.first == name; });
  if (found != members_.end()) {
    found->second = std::move(value);
  } else {
    members_.emplace_back(name, std::move(value));
  }
}

bool JsonDocument::erase(std::string_view name) {
  return std::erase_if(members_, [&](const Member& member) { return member.first == name; }) != 0;
}

std::string JsonDocument::to_text() const {
  std::string out;
  append_text(out, *this);
  return out;
}

bool operator==(const JsonDocument& a, const JsonDocument& b) {
  if (a.kind_ != b.kind_ || a.truth_ != b.truth_ || a.text_ != b.text_ ||
      a.elements_ != b.elements_ || a.members_.size() != b.members_.size()) {
    return false;
  }
  if (a.members_ == b.members_) return true;
  // In another order: sorted, so that two objects of n members take n log n steps.
  const auto in_order = [](const JsonDocument& document) {
    std::vector<const JsonDocument::Member*> sorted;
    for (const auto& member : document.members_) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* left, const auto* right) { return left->first < right->first; });
    return sorted;
  };
  const auto of_a = in_order(a);
  const auto of_b = in_order(b);
  return std::equal(of_a.begin(), of_a.end(), of_b.begin(),
                    [](const auto* left, const auto* right) { return *left == *right; });
}

std::ostream& operator<<(std::ostream& out, const JsonDocument& document) {
  return out << document.to_text();
}

JsonDocument merge_patch(JsonDocument document, const JsonDocument& patch) {
  if (!patch.is_object()) return patch;
  if (!document.is_object()) document = JsonDocument::object();
  for (const auto& [name, change] : patch.members()) {
    if (change.is_null()) {
      document.erase(name);
      continue;
    }
    const JsonDocument* const present = document.find(name);
    document.set(name, merge_patch(present != nullptr ? *present : JsonDocument(), change));
  }
  return document;
}

JsonDocument json_patch_between(const JsonDocument& from, const JsonDocument& to) {
  std::vector<JsonDocument> patch;
  compare(patch, "", from, to);
  return JsonDocument::array(std::move(patch));
}

}  // namespace dynakeep
