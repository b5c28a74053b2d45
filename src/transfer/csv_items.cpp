#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "base/json_string.h"
#include "base/utf8.h"
#include "dynakeep/json_document.h"
#include "dynakeep/tagged_json.h"
#include "transfer/csv.h"

namespace dynakeep {

namespace {

constexpr std::array types = {AttributeType::string,     AttributeType::number,
                              AttributeType::binary,     AttributeType::boolean,
                              AttributeType::null,       AttributeType::list,
                              AttributeType::map,        AttributeType::string_set,
                              AttributeType::number_set, AttributeType::binary_set};

}  // namespace

CsvColumn parse_csv_column(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    for (const AttributeType type : types) {
      if (text.substr(colon + 1) == type_name(type)) {
        return {.name = std::string(text.substr(0, colon)), .type = type};
      }
    }
  }
  return {.name = std::string(text), .type = {}};
}

namespace transfer {

namespace {

Error not_of(AttributeType type, const CsvColumn& column) {
  return Error::validation("the cell of " + column.name + " is not of type " +
                           std::string(type_name(type)));
}

Result<AttributeValue> set_of(AttributeType type, const CsvColumn& column,
                              const std::string& text) {
  const auto document = JsonDocument::parse(text);
  if (!document || !document->is_array() || document->elements().empty())
    return not_of(type, column);
  StringSet texts;
  NumberSet numbers;
  BinarySet binaries;
  std::size_t members = 0;
  for (const JsonDocument& each : document->elements()) {
    const bool is_number = each.kind() == JsonDocument::Kind::number;
    if (is_number != (type == AttributeType::number_set) || (!is_number && !each.is_string())) {
      return not_of(type, column);
    }
    if (is_number) {
      numbers.insert(TRY(Number::parse(each.text())));
    } else if (type == AttributeType::string_set) {
      if (!base::is_utf8(each.text())) return not_of(type, column);
      texts.insert(each.text());
    } else {
      Binary binary;
      if (!base::append_from_base64(binary.bytes, each.text())) return not_of(type, column);
      binaries.insert(std::move(binary));
    }
    ++members;
  }
  if (texts.size() + numbers.size() + binaries.size() != members) {
    return Error::validation("the set of " + column.name + " says a member twice");
  }
  if (type == AttributeType::string_set) return AttributeValue(std::move(texts));
  if (type == AttributeType::number_set) return AttributeValue(std::move(numbers));
  return AttributeValue(std::move(binaries));
}

Result<AttributeValue> value_of(AttributeType type, const CsvColumn& column, const CsvCell& cell) {
  switch (type) {
    case AttributeType::string:
      if (!base::is_utf8(cell.text)) {
        return Error::validation("the cell of " + column.name + " is not UTF-8");
      }
      return AttributeValue(cell.text);
    case AttributeType::number: {
      auto number = Number::parse(cell.text);
      if (!number) return Error::validation(column.name + ": " + number.error().message());
      return AttributeValue(*number);
    }
    case AttributeType::binary: {
      Binary binary;
      if (!base::append_from_base64(binary.bytes, cell.text)) return not_of(type, column);
      return AttributeValue(std::move(binary));
    }
    case AttributeType::boolean:
      if (cell.text == "true") return AttributeValue(true);
      if (cell.text == "false") return AttributeValue(false);
      return not_of(type, column);
    case AttributeType::null:
      if (cell.text == "null") return AttributeValue(nullptr);
      return not_of(type, column);
    case AttributeType::list:
    case AttributeType::map: {
      auto value = from_tagged_json(cell.text);
      if (!value) return Error::validation(column.name + ": " + value.error().message());
      if (value->type() != type) return not_of(type, column);
      return value;
    }
    case AttributeType::string_set:
    case AttributeType::number_set:
    case AttributeType::binary_set:
      break;
  }
  return set_of(type, column, cell.text);
}

Result<AttributeValue> value_of(const CsvColumn& column, const CsvCell& cell,
                                const AttributeTypes& key_types, bool infer) {
  if (column.type) return value_of(*column.type, column, cell);
  const auto of_key = key_types.find(column.name);
  if (of_key != key_types.end()) return value_of(of_key->second, column, cell);
  if (infer && !cell.quoted) {
    if (cell.text == "true" || cell.text == "false") return AttributeValue(cell.text == "true");
    if (const auto number = Number::parse(cell.text)) return AttributeValue(*number);
  }
  return value_of(AttributeType::string, column, cell);
}

void append_cell(std::string& out, std::string_view text) {
  const bool bare = !text.empty() && text.find_first_of(",\"\r\n;|\t ") == std::string_view::npos;
  if (bare) {
    out += text;
    return;
  }
  out.push_back('"');
  while (true) {
    const std::size_t quote = text.find('"');
    out += text.substr(0, quote);
    if (quote == std::string_view::npos) break;
    out += "\"\"";
    text.remove_prefix(quote + 1);
  }
  out.push_back('"');
}

template <typename Set, typename Append>
std::string array_of(const Set& set, const Append& append) {
  std::string text = "[";
  for (const auto& member : set) {
    if (text.size() > 1) text.push_back(',');
    append(text, member);
  }
  return text + "]";
}

std::string set_text(const AttributeValue& set) {
  if (set.type() == AttributeType::string_set) {
    return array_of(set.as_string_set(), [](std::string& out, const std::string& text) {
      base::append_json_string(out, text);
    });
  }
  if (set.type() == AttributeType::number_set) {
    return array_of(set.as_number_set(),
                    [](std::string& out, const Number& number) { out += number.to_string(); });
  }
  return array_of(set.as_binary_set(), [](std::string& out, const Binary& binary) {
    out.push_back('"');
    base::append_base64(out, binary.bytes);
    out.push_back('"');
  });
}

// What can need no quotes is written in its place.
void append_value(std::string& out, const AttributeView& value) {
  switch (*value.type()) {
    case AttributeType::string:
      return append_cell(out, *value.text());
    case AttributeType::number:
      out += value.number()->to_string();
      return;
    case AttributeType::binary:
      if (value.bytes()->empty()) return append_cell(out, {});
      return base::append_base64(out, *value.bytes());
    case AttributeType::boolean:
      out += *value.boolean() ? "true" : "false";
      return;
    case AttributeType::null:
      out += "null";
      return;
    case AttributeType::list:
    case AttributeType::map:
      return append_cell(out, to_tagged_json(value));
    case AttributeType::string_set:
    case AttributeType::number_set:
    case AttributeType::binary_set:
      return append_cell(out, set_text(value.value()));
  }
}

}  // namespace

Result<Item> item_of_cells(const std::vector<CsvColumn>& columns, const std::vector<CsvCell>& cells,
                           const AttributeTypes& key_types, bool infer) {
  if (cells.size() != columns.size()) {
    return Error::validation("has " + std::to_string(cells.size()) +
                             " cells where the header has " + std::to_string(columns.size()));
  }
  AttributeMap attributes;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (cells[i].text.empty() && !cells[i].quoted) continue;
    AttributeValue value = TRY(value_of(columns[i], cells[i], key_types, infer));
    if (!attributes.try_emplace(columns[i].name, std::move(value)).second) {
      return Error::validation("two cells for the attribute " + columns[i].name);
    }
  }
  return Item(std::move(attributes));
}

Result<void> append_csv_row(std::string& out, const std::vector<CsvColumn>& columns,
                            const Item& item, bool complete) {
  const AttributeView attributes(item);
  std::size_t written = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out.push_back(',');
    const AttributeView value = attributes[columns[i].name];
    if (!value.exists()) continue;
    if (value.type() == columns[i].type) {
      append_value(out, value);
      ++written;
      continue;
    }
    // Another column may be the one for it.
    const bool elsewhere =
        std::any_of(columns.begin(), columns.end(), [&](const CsvColumn& column) {
          return column.name == columns[i].name && column.type == value.type();
        });
    if (!elsewhere) {
      return Error::validation("the attribute " + columns[i].name + " of an item is of type " +
                               std::string(type_name(*value.type())) + ", and there is no column " +
                               columns[i].name + ":" + std::string(type_name(*value.type())));
    }
  }
  if (complete && written < attributes.size()) {
    for (const auto& [name, value] : attributes) {
      const bool there =
          std::any_of(columns.begin(), columns.end(),
                      [&name = name](const CsvColumn& column) { return column.name == name; });
      if (!there)
        return Error::validation("there is no column for the attribute " + std::string(name));
    }
  }
  out.push_back('\n');
  return {};
}

void append_csv_header(std::string& out, const std::vector<CsvColumn>& columns) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_cell(out, columns[i].name + ":" +
                         std::string(type_name(columns[i].type.value_or(AttributeType::string))));
  }
  out.push_back('\n');
}

}  // namespace transfer

}  // namespace dynakeep
