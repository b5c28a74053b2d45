#include <array>
#include <utility>

#include "dynakeep/json.h"
#include "dynakeep/json_document.h"
#include "dynakeep/tagged_json.h"
#include "transfer/records.h"

namespace dynakeep::transfer {

namespace {

constexpr std::string_view white_space = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(white_space);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(white_space) - from + 1);
}

bool take(std::string_view& text, std::string_view token) {
  if (!text.starts_with(token)) return false;
  text = trimmed(text.substr(token.size()));
  return true;
}

// What follows {"Item": up to the last brace; empty if the line does not begin so. It is the item
// if it is one JSON value, and the line JSON then.
std::string_view inside_of_item(std::string_view line) {
  line = trimmed(line);
  if (!take(line, "{") || !take(line, "\"Item\"") || !take(line, ":")) return {};
  if (!line.ends_with('}')) return {};
  line.remove_suffix(1);
  return line;
}

Error not_a_line(std::string message) { return {ErrorCode::serialization, std::move(message)}; }

Result<Item> item_of(const JsonDocument& document) {
  return item_from_dynamodb_json(document.to_text());
}

Result<Change> change_of_document(std::string_view line) {
  const JsonDocument document = TRY(JsonDocument::parse(line));
  if (!document.is_object()) return not_a_line("a line is a JSON object");
  const JsonDocument* keys = nullptr;
  const JsonDocument* item = nullptr;
  const JsonDocument* image = nullptr;
  for (const auto& [name, member] : document.members()) {
    if (name == "Item") {
      item = &member;
    } else if (name == "Keys" || name == "Key") {
      keys = &member;
    } else if (name == "NewImage") {
      image = member.is_null() ? nullptr : &member;
    } else if (name != "Metadata" && name != "OldImage") {
      return not_a_line("a line has no member \"" + name + "\": it is {\"Item\":{…}}");
    }
  }
  if (item != nullptr) {
    if (document.members().size() > 1) return not_a_line("a line with an item has nothing else");
    return Change{.item = TRY(item_of(*item))};
  }
  if (image != nullptr) return Change{.item = TRY(item_of(*image))};
  if (keys != nullptr) return Change{.item = TRY(item_of(*keys)), .is_removal = true};
  return not_a_line("a line is {\"Item\":{…}}");
}

}  // namespace

Result<Change> change_of_line(LineFormat format, std::string_view line) {
  if (format == LineFormat::dynamodb_json) {
    if (const std::string_view inside = inside_of_item(line); !inside.empty()) {
      if (auto item = item_from_dynamodb_json(inside)) return Change{.item = std::move(*item)};
    }
    return change_of_document(line);  // which knows what is wrong, too
  }
  AttributeValue value = TRY(from_tagged_json(line));
  if (!value.is_map()) return not_a_line("an item is a JSON object");
  return Change{.item = Item(std::move(value.as_map()))};
}

void append_item_line(std::string& out, LineFormat format, const Item& item) {
  if (format == LineFormat::dynamodb_json) {
    out += "{\"Item\":";
    out += to_dynamodb_json(item);
    out += "}\n";
    return;
  }
  append_tagged_json(out, item);
  out.push_back('\n');
}

}  // namespace dynakeep::transfer
