#include "remote/credentials/xml.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace dynakeep::remote {

namespace {

constexpr std::size_t depth_max = 16;
constexpr std::string_view blanks = " \t\r\n";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ':';
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto push = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    push(code);
  } else if (code < 0x800) {
    push(0xC0 | (code >> 6U));
    push(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    push(0xE0 | (code >> 12U));
    push(0x80 | ((code >> 6U) & 0x3FU));
    push(0x80 | (code & 0x3FU));
  } else {
    push(0xF0 | (code >> 18U));
    push(0x80 | ((code >> 12U) & 0x3FU));
    push(0x80 | ((code >> 6U) & 0x3FU));
    push(0x80 | (code & 0x3FU));
  }
}

// What stands between & and ;
bool append_entity(std::string& out, std::string_view name) {
  using Named = std::pair<std::string_view, char>;
  for (const auto& [known, character] : {Named{"amp", '&'}, Named{"lt", '<'}, Named{"gt", '>'},
                                         Named{"quot", '"'}, Named{"apos", '\''}}) {
    if (name == known) {
      out.push_back(character);
      return true;
    }
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool hexadecimal = name.starts_with('x');
  if (hexadecimal) name.remove_prefix(1);
  std::uint32_t code = 0;
  const char* const end = name.data() + name.size();
  const auto [stopped, problem] = std::from_chars(name.data(), end, code, hexadecimal ? 16 : 10);
  const bool is_character = code != 0 && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
  if (problem != std::errc() || stopped != end || !is_character) return false;
  append_utf8(out, code);
  return true;
}

bool append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto ampersand = text.find('&');
    out.append(text.substr(0, ampersand));
    if (ampersand == std::string_view::npos) return true;
    text.remove_prefix(ampersand + 1);
    const auto end = text.find(';');
    if (end == std::string_view::npos || !append_entity(out, text.substr(0, end))) return false;
    text.remove_prefix(end + 1);
  }
  return true;
}

class Reader {
 public:
  explicit Reader(std::string_view xml) : rest_(xml) {}

  using Texts = std::map<std::string, std::string, std::less<>>;

  // Nothing if it is not what we take for XML.
  std::optional<Texts> read() {
    if (rest_.starts_with("<?xml")) {
      const auto end = rest_.find("?>");
      if (end == std::string_view::npos) return std::nullopt;
      rest_.remove_prefix(end + 2);
    }
    skip_blanks();
    do {
      if (!take_tag()) return std::nullopt;
      if (open_.empty()) break;
      if (!take_text()) return std::nullopt;
    } while (true);
    skip_blanks();
    if (!rest_.empty()) return std::nullopt;
    return std::move(texts_);
  }

 private:
  struct Element {
    std::string_view name = {};
    std::string text = {};
    bool has_elements = false;
  };

  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
  }

  std::string_view take_name() {
    std::size_t length = 0;
    while (length < rest_.size() && is_name_character(rest_[length])) ++length;
    const auto name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool take_text() {
    const auto end = rest_.find('<');
    if (end == std::string_view::npos) return false;
    if (!append_text(open_.back().text, rest_.substr(0, end))) return false;
    rest_.remove_prefix(end);
    return true;
  }

  bool take_tag() {
    if (take("</")) {
      const auto name = take_name();
      skip_blanks();
      return take(">") && !open_.empty() && open_.back().name == name && close();
    }
    if (!take("<")) return false;
    const auto name = take_name();
    if (name.empty() || open_.size() == depth_max) return false;
    if (!open_.empty()) open_.back().has_elements = true;
    open_.push_back({.name = name});
    if (!skip_attributes()) return false;
    if (take("/>")) return close();
    return take(">");
  }

  // name="value", each after a blank.
  bool skip_attributes() {
    while (true) {
      const auto before = rest_.size();
      skip_blanks();
      if (rest_.starts_with('>') || rest_.starts_with("/>")) return true;
      if (rest_.size() == before || take_name().empty() || !take("=") || rest_.empty())
        return false;
      const char quote = rest_.front();
      if (quote != '"' && quote != '\'') return false;
      const auto end = rest_.find(quote, 1);
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
    }
  }

  bool close() {
    if (!open_.back().has_elements) {
      std::string path;
      for (const Element& element : open_) {
        if (!path.empty()) path.push_back('/');
        path.append(element.name);
      }
      texts_.try_emplace(std::move(path), std::move(open_.back().text));
    }
    open_.pop_back();
    return true;
  }

  std::string_view rest_;
  std::vector<Element> open_;
  Texts texts_;
};

}  // namespace

Result<std::map<std::string, std::string, std::less<>>> read_xml_texts(std::string_view xml) {
  if (base::is_utf8(xml)) {
    if (auto texts = Reader(xml).read()) return std::move(*texts);
  }
  return Error(ErrorCode::unavailable, "something that is no XML");
}

}  // namespace dynakeep::remote
