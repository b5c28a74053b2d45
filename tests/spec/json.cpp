#include "spec/json.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace dynakeep::spec {

namespace {

bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t position) : text_(text), position_(position) {}

  std::size_t position() const { return position_; }

  void skip_space() {
    while (position_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
  }

  Json value() {
    skip_space();
    if (position_ == text_.size()) fail("a value is missing");
    const char c = text_[position_];
    if (c == '{') return object();
    if (c == '[') return array();
    if (c == '"') return string_value();
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    if (c == '$') {
      ++position_;
      return Json{.kind = Json::Kind::variable, .text = word()};
    }
    return named();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw JsonError(what, position_); }

  void expect(char c) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != c) fail(std::string("expected ") + c);
    ++position_;
  }

  bool accept(char c) {
    skip_space();
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  std::string word() {
    const auto start = position_;
    while (position_ < text_.size() && is_name_character(text_[position_])) ++position_;
    if (position_ == start) fail("a name is missing");
    return std::string(text_.substr(start, position_ - start));
  }

  bool accept_word(std::string_view wanted) {
    skip_space();
    if (text_.substr(position_, wanted.size()) != wanted) return false;
    const auto end = position_ + wanted.size();
    if (end < text_.size() && is_name_character(text_[end])) return false;
    position_ = end;
    return true;
  }

  long count() {
    skip_space();
    const auto start = position_;
    while (position_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[position_]))) {
      ++position_;
    }
    if (position_ == start) fail("a count is missing");
    return std::strtol(std::string(text_.substr(start, position_ - start)).c_str(), nullptr, 10);
  }

  Json named() {
    const auto start = position_;
    const auto name = word();
    if (name == "null") return {};
    if (name == "true") return {.kind = Json::Kind::boolean, .boolean = true};
    if (name == "false") return {.kind = Json::Kind::boolean};
    if (name == "any") return {.kind = Json::Kind::any};
    if (name == "absent") return {.kind = Json::Kind::absent};
    if (name == "unordered") {
      skip_space();
      auto result = array();
      result.unordered = true;
      return result;
    }
    if (name == "exactly") {
      auto result = string_value();
      result.exactly = true;
      return result;
    }
    if (name == "repeat") {
      position_ = start;
      return string_value();
    }
    if (name == "lists" || name == "maps") return nested(name == "lists");
    position_ = start;
    fail("unknown word '" + name + "'");
  }

  Json nested(bool lists) {
    expect('(');
    const auto levels = count();
    expect(',');
    auto result = value();
    expect(')');
    for (long level = 0; level < levels; ++level) {
      Json inner{.kind = lists ? Json::Kind::array : Json::Kind::object};
      if (lists) {
        inner.elements.push_back(std::move(result));
      } else {
        inner.members.emplace_back("m", std::move(result));
      }
      Json outer{.kind = Json::Kind::object};
      outer.members.emplace_back(lists ? "L" : "M", std::move(inner));
      result = std::move(outer);
    }
    return result;
  }

  // Runs `body` for each number of `for name in first..last`, if that stands here.
  template <typename Body>
  bool loop(const Body& body) {
    if (!accept_word("for")) return false;
    skip_space();
    const auto name = word();
    if (!accept_word("in")) fail("expected 'in'");
    const auto first = count();
    expect('.');
    expect('.');
    const auto last = count();
    const auto start = position_;
    for (auto i = first; i <= last; ++i) {
      position_ = start;
      loops_[name] = i;
      body();
    }
    loops_.erase(name);
    return true;
  }

  Json array() {
    Json result{.kind = Json::Kind::array};
    expect('[');
    if (accept(']')) return result;
    do {
      if (!loop([&] { result.elements.push_back(value()); })) result.elements.push_back(value());
    } while (accept(','));
    expect(']');
    return result;
  }

  Json object() {
    Json result{.kind = Json::Kind::object};
    expect('{');
    if (accept('}')) return result;
    const auto member = [&] {
      skip_space();
      auto name = string_value();
      expect(':');
      result.members.emplace_back(std::move(name.text), value());
    };
    do {
      if (!loop(member)) member();
    } while (accept(','));
    expect('}');
    return result;
  }

  Json string_value() {
    Json result{.kind = Json::Kind::string};
    do {
      skip_space();
      if (accept_word("repeat")) {
        expect('(');
        const auto part = string_value();
        expect(',');
        const auto times = count();
        expect(')');
        for (long i = 0; i < times; ++i) result.text += part.text;
      } else {
        quoted(result.text);
      }
    } while (accept('+'));
    return result;
  }

  unsigned hex4() {
    if (position_ + 4 > text_.size()) fail("four hexadecimal digits are missing");
    const auto digits = std::string(text_.substr(position_, 4));
    char* end = nullptr;
    const auto code = std::strtoul(digits.c_str(), &end, 16);
    if (end != digits.c_str() + 4) fail("four hexadecimal digits are missing");
    position_ += 4;
    return static_cast<unsigned>(code);
  }

  void escape(std::string& out) {
    const char c = text_[position_++];
    switch (c) {
      case 'b':
        out.push_back('\b');
        return;
      case 'f':
        out.push_back('\f');
        return;
      case 'n':
        out.push_back('\n');
        return;
      case 'r':
        out.push_back('\r');
        return;
      case 't':
        out.push_back('\t');
        return;
      case 'u': {
        auto code = hex4();
        if (code >= 0xD800 && code < 0xDC00 && text_.substr(position_, 2) == "\\u") {
          position_ += 2;
          code = 0x10000 + ((code - 0xD800) << 10) + (hex4() - 0xDC00);
        }
        append_utf8(out, code);
        return;
      }
      default:
        out.push_back(c);
    }
  }

  // ${i} or ${i:4}
  void interpolate(std::string& out) {
    position_ += 2;
    const auto name = word();
    const auto found = loops_.find(name);
    if (found == loops_.end()) fail("no loop has a '" + name + "'");
    auto digits = std::to_string(found->second);
    if (accept(':')) {
      const auto width = static_cast<std::size_t>(count());
      if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
    }
    expect('}');
    out += digits;
  }

  void quoted(std::string& out) {
    expect('"');
    while (true) {
      if (position_ == text_.size()) fail("a string does not end");
      const char c = text_[position_];
      if (c == '$' && text_.substr(position_, 2) == "${" && !loops_.empty()) {
        interpolate(out);
        continue;
      }
      ++position_;
      if (c == '"') return;
      if (c == '\\' && position_ < text_.size()) {
        escape(out);
      } else {
        out.push_back(c);
      }
    }
  }

  Json number() {
    const auto start = position_;
    while (position_ < text_.size() &&
           (std::isdigit(static_cast<unsigned char>(text_[position_])) ||
            std::string_view("+-.eE").find(text_[position_]) != std::string_view::npos)) {
      ++position_;
    }
    return {.kind = Json::Kind::number,
            .text = std::string(text_.substr(start, position_ - start))};
  }

  std::string_view text_;
  std::size_t position_;
  std::map<std::string, long> loops_;
};

void print_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\u00";
      out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(digits[static_cast<unsigned char>(c) & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

const Json& resolved(const Json& value, const std::map<std::string, Json>& variables) {
  if (value.kind != Json::Kind::variable) return value;
  const auto found = variables.find(value.text);
  if (found == variables.end()) throw JsonError("nothing was kept as $" + value.text, 0);
  return found->second;
}

void print(std::string& out, const Json& unresolved, const std::map<std::string, Json>& variables) {
  const auto& value = resolved(unresolved, variables);
  switch (value.kind) {
    case Json::Kind::null:
      out += "null";
      return;
    case Json::Kind::boolean:
      out += value.boolean ? "true" : "false";
      return;
    case Json::Kind::number:
      out += value.text;
      return;
    case Json::Kind::string:
      print_string(out, value.text);
      return;
    case Json::Kind::array: {
      out.push_back('[');
      for (const auto& element : value.elements) {
        if (&element != &value.elements.front()) out += ",";
        print(out, element, variables);
      }
      out.push_back(']');
      return;
    }
    case Json::Kind::object: {
      out.push_back('{');
      for (const auto& member : value.members) {
        if (&member != &value.members.front()) out += ",";
        print_string(out, member.first);
        out += ":";
        print(out, member.second, variables);
      }
      out.push_back('}');
      return;
    }
    case Json::Kind::any:
      out += "any";
      return;
    case Json::Kind::absent:
      out += "absent";
      return;
    case Json::Kind::variable:
      return;
  }
}

// A number's value as text that is the same for all spellings: sign, digits without zeros at either
// end, exponent. Nothing if it is not a number.
std::optional<std::string> canonical_number(std::string_view text) {
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  std::string digits;
  long exponent = 0;
  bool point = false;
  bool any = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      digits.push_back(text[i]);
      any = true;
      if (point) --exponent;
    } else {
      break;
    }
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    const std::string rest(text.substr(i + 1));
    char* end = nullptr;
    exponent += std::strtol(rest.c_str(), &end, 10);
    if (rest.empty() || *end != '\0') return std::nullopt;
  }
  while (!digits.empty() && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return "0";
  return (negative ? "-" : "") + digits + "e" + std::to_string(exponent);
}

class Comparison {
 public:
  Comparison(bool partly, const std::map<std::string, Json>& variables)
      : partly_(partly), variables_(variables) {}

  std::optional<std::string> compare(const Json& unresolved, const Json& actual,
                                     const std::string& path) const {
    const auto& expected = resolved(unresolved, variables_);
    if (expected.kind == Json::Kind::any) return std::nullopt;
    if (expected.kind != actual.kind) return differs(expected, actual, path);
    switch (expected.kind) {
      case Json::Kind::boolean:
        if (expected.boolean != actual.boolean) return differs(expected, actual, path);
        return std::nullopt;
      case Json::Kind::number:
        if (canonical_number(expected.text) != canonical_number(actual.text)) {
          return differs(expected, actual, path);
        }
        return std::nullopt;
      case Json::Kind::string:
        if (expected.text != actual.text) return differs(expected, actual, path);
        return std::nullopt;
      case Json::Kind::array:
        return elements(expected, actual, path);
      case Json::Kind::object:
        return members(expected, actual, path);
      default:
        return std::nullopt;
    }
  }

 private:
  std::optional<std::string> differs(const Json& expected, const Json& actual,
                                     const std::string& path) const {
    std::string text = "at " + (path.empty() ? std::string("the top") : path) + ": expected ";
    print(text, expected, variables_);
    text += ", is ";
    print(text, actual, variables_);
    return text;
  }

  std::optional<std::string> members(const Json& expected, const Json& actual,
                                     const std::string& path) const {
    if (expected.members.size() == 1 && actual.members.size() == 1 &&
        expected.members[0].first == actual.members[0].first) {
      const auto& type = expected.members[0].first;
      const auto& wanted = resolved(expected.members[0].second, variables_);
      const auto& got = actual.members[0].second;
      if (type == "N" && wanted.kind == Json::Kind::string && got.kind == Json::Kind::string &&
          !wanted.exactly) {
        if (canonical_number(wanted.text) == canonical_number(got.text)) return std::nullopt;
        return differs(wanted, got, path + ".N");
      }
      if ((type == "SS" || type == "NS" || type == "BS") && wanted.kind == Json::Kind::array &&
          got.kind == Json::Kind::array) {
        if (set_texts(wanted, type == "NS") == set_texts(got, type == "NS")) return std::nullopt;
        return differs(wanted, got, path + "." + type);
      }
    }
    for (const auto& [name, value] : expected.members) {
      const auto* found = actual.find(name);
      const auto inner = path + (path.empty() ? "" : ".") + name;
      if (value.kind == Json::Kind::absent) {
        if (found != nullptr) return differs(value, *found, inner);
        continue;
      }
      if (found == nullptr) {
        std::string text = "at " + inner + ": missing, expected ";
        print(text, value, variables_);
        return text;
      }
      if (auto difference = compare(value, *found, inner)) return difference;
    }
    if (partly_) return std::nullopt;
    for (const auto& [name, value] : actual.members) {
      if (expected.find(name) != nullptr) continue;
      std::string text = "at " + path + (path.empty() ? "" : ".") + name + ": not expected, is ";
      print(text, value, variables_);
      return text;
    }
    return std::nullopt;
  }

  std::optional<std::string> elements(const Json& expected, const Json& actual,
                                      const std::string& path) const {
    if (expected.elements.size() != actual.elements.size()) {
      return "at " + path + ": expected " + std::to_string(expected.elements.size()) +
             " elements, are " + std::to_string(actual.elements.size()) + "; " +
             *differs(expected, actual, path);
    }
    if (!expected.unordered) {
      for (std::size_t i = 0; i < expected.elements.size(); ++i) {
        const auto inner = path + "[" + std::to_string(i) + "]";
        if (auto difference = compare(expected.elements[i], actual.elements[i], inner)) {
          return difference;
        }
      }
      return std::nullopt;
    }
    std::vector<bool> taken(actual.elements.size());
    for (const auto& wanted : expected.elements) {
      std::size_t i = 0;
      while (i < taken.size() && (taken[i] || compare(wanted, actual.elements[i], path))) ++i;
      if (i == taken.size()) {
        std::string text = "at " + path + ": no element is ";
        print(text, wanted, variables_);
        text += " in ";
        print(text, actual, variables_);
        return text;
      }
      taken[i] = true;
    }
    return std::nullopt;
  }

  static std::vector<std::string> set_texts(const Json& set, bool numbers) {
    std::vector<std::string> texts;
    for (const auto& element : set.elements) {
      texts.push_back(numbers ? canonical_number(element.text).value_or(element.text)
                              : element.text);
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  bool partly_;
  const std::map<std::string, Json>& variables_;
};

}  // namespace

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

Json parse_value(std::string_view text, std::size_t& position) {
  Parser parser(text, position);
  auto result = parser.value();
  position = parser.position();
  return result;
}

Json parse_json(std::string_view text) {
  Parser parser(text, 0);
  auto result = parser.value();
  parser.skip_space();
  if (parser.position() != text.size()) {
    throw JsonError("more text follows the value", parser.position());
  }
  return result;
}

std::string print_json(const Json& value, const std::map<std::string, Json>& variables) {
  std::string out;
  print(out, value, variables);
  return out;
}

std::optional<std::string> difference(const Json& expected, const Json& actual, bool partly,
                                      const std::map<std::string, Json>& variables) {
  return Comparison(partly, variables).compare(expected, actual, "");
}

}  // namespace dynakeep::spec
