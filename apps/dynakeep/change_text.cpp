#include "change_text.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"
#include "json_text.h"

namespace dynakeep::app {

namespace {

constexpr std::size_t value_columns_max = 60;

std::string shown(const AttributeValue& value, const Terminal& terminal) {
  std::string text = printable(to_json(value));
  return terminal.interactive ? cut_to_width(text, value_columns_max) : text;
}

// What became of the attributes between two images of an item, or of a map in it.
class Differences {
 public:
  Differences(const std::vector<std::string>& keys, const Terminal& terminal)
      : keys_(keys), terminal_(terminal) {}

  void compare(const AttributeMap& before, const AttributeMap& after, const std::string& path) {
    for (const auto& [name, value] : after) {
      const auto found = before.find(name);
      if (found == before.end()) {
        appeared(path + name, value);
      } else if (value.is_map() && found->second.is_map()) {
        compare(found->second.as_map(), value.as_map(), path + name + ".");
      } else if (value != found->second) {
        add(Colour::yellow, fmt::format("{}: {} -> {}", printable(path + name),
                                        shown(found->second, terminal_), shown(value, terminal_)));
      }
    }
    for (const auto& [name, value] : before) {
      if (!after.contains(name)) disappeared(path + name, value);
    }
  }
  void appeared(const std::string& path, const AttributeValue& value) {
    if (is_key(path)) return;
    add(Colour::green, fmt::format("+{}: {}", printable(path), shown(value, terminal_)));
  }
  void disappeared(const std::string& path, const AttributeValue& value) {
    if (is_key(path)) return;
    add(Colour::red, fmt::format("-{}: {}", printable(path), shown(value, terminal_)));
  }
  // It has that value; what it had before is not known.
  void is_now(const std::string& path, const AttributeValue& value) {
    if (is_key(path)) return;
    add(Colour::plain, fmt::format("{}: {}", printable(path), shown(value, terminal_)));
  }
  const std::string& text() const { return text_; }

 private:
  bool is_key(const std::string& path) const {
    return std::find(keys_.begin(), keys_.end(), path) != keys_.end();
  }
  void add(Colour colour, const std::string& difference) {
    if (!text_.empty()) text_ += ", ";
    text_ += painted(terminal_, colour, difference);
  }

  const std::vector<std::string>& keys_;
  const Terminal& terminal_;
  std::string text_;
};

Colour colour_of(const ChangeRecord& record) {
  if (record.event_name == "INSERT") return Colour::green;
  return record.event_name == "REMOVE" ? Colour::red : Colour::yellow;
}

}  // namespace

std::string change_json(const ChangeRecord& record, std::string_view shard_id) {
  std::string json = to_dynamodb_json(record);
  json.pop_back();
  return json + ",\"shardId\":" + json_string(shard_id) + "}";
}

std::string change_line(const ChangeRecord& record, const std::vector<std::string>& keys,
                        const Terminal& terminal) {
  const StreamRecord& change = record.dynamodb;
  std::string time = "-";
  if (change.approximate_creation_date_time) {
    // Whole seconds, so the milliseconds would say more than is known.
    time = to_iso(*change.approximate_creation_date_time);
    time = time.substr(0, time.find('.')) + "Z";
  }
  std::string line = painted(terminal, Colour::dim, time);
  line += "  " + painted(terminal, colour_of(record), printable(record.event_name)) + " ";
  for (const std::string& name : keys) {
    const AttributeValue* value = change.keys.find(name);
    if (value == nullptr) continue;
    line += " " + painted(terminal, Colour::cyan, printable(name)) + "=" + shown(*value, terminal);
  }

  Differences differences(keys, terminal);
  const auto& before = change.old_image;
  const auto& after = change.new_image;
  const bool is_whole = change.stream_view_type == StreamViewType::new_and_old_images;
  if (before && after) {
    differences.compare(before->attributes(), after->attributes(), "");
  } else if (after) {
    const bool is_new = is_whole || record.event_name == "INSERT";
    for (const auto& [name, value] : *after) {
      is_new ? differences.appeared(name, value) : differences.is_now(name, value);
    }
  } else if (before) {
    for (const auto& [name, value] : *before) differences.disappeared(name, value);
  }
  if (!differences.text().empty()) line += "  " + differences.text();
  const auto& who = record.user_identity;
  if (who && who->type == "Service") {
    line += "  " + painted(terminal, Colour::dim, "(expired)");
  }
  return line;
}

}  // namespace dynakeep::app
