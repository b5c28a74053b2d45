#include "collections_text.h"

#include <ostream>

#include <fmt/format.h>

#include "collections_where.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/json_document.h"
#include "json_text.h"

namespace dynakeep::app {

namespace {

void line(std::ostream& out, std::string_view what, std::string_view says) {
  out << fmt::format("  {:<15}{}\n", what, says);
}

}  // namespace

std::string value_on_one_line(const ResourceVersion& version) {
  std::string json = version.value.value_or("");
  for (char& c : json) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return json;
}

std::string version_json(const ResourceVersion& version) {
  const ResourcePath& path = version.path;
  std::string json =
      fmt::format(R"({{"application":{},"user":{},"collection":{})", json_string(path.application),
                  json_string(path.user), json_string(path.collection));
  if (path.is_entry()) json += ",\"entry\":" + json_string(path.entry);
  json += fmt::format(",\"version\":{}", version.version);
  if (version.revision) json += fmt::format(",\"revision\":{}", *version.revision);
  json += fmt::format(",\"createdAt\":\"{}\"", moment_of(version));
  if (version.deleted_at) json += ",\"deletedAt\":" + json_string(*version.deleted_at);
  if (version.restored_from) json += fmt::format(",\"restoredFrom\":{}", *version.restored_from);
  if (!version.by.empty()) json += ",\"by\":" + json_string(version.by);
  if (!version.message.empty()) json += ",\"message\":" + json_string(version.message);
  if (version.name) json += ",\"name\":" + json_string(*version.name);
  if (version.value) json += ",\"value\":" + value_on_one_line(version);
  return json + "}";
}

std::string moment_of(const ResourceVersion& version) { return to_iso(to_time(version.version)); }

std::string revision_of(const ResourceVersion& version) {
  return version.revision ? std::to_string(*version.revision) : std::string();
}

std::vector<Column> list_columns(bool entries, bool with_users, bool with_deleted) {
  std::vector<Column> columns;
  if (with_users) columns.push_back({.heading = "USER"});
  columns.push_back({.heading = "NAME", .colour = Colour::cyan});
  columns.push_back({.heading = "ID"});
  columns.push_back({.heading = "REVISION", .to_the_right = true});
  columns.push_back({.heading = "CHANGED"});
  if (with_deleted) columns.push_back({.heading = "DELETED", .colour = Colour::red});
  if (entries) columns.push_back({.heading = "VALUE"});
  return columns;
}

std::vector<std::string> list_cells(const ResourceVersion& version, bool with_users,
                                    bool with_deleted) {
  const ResourcePath& path = version.path;
  std::vector<std::string> cells;
  if (with_users) cells.push_back(path.user);
  cells.push_back(version.name.value_or(""));
  cells.push_back(path.is_entry() ? path.entry : path.collection);
  cells.push_back(revision_of(version));
  cells.push_back(moment_of(version));
  if (with_deleted) cells.push_back(version.deleted_at.value_or(""));
  if (path.is_entry()) cells.push_back(value_on_one_line(version));
  return cells;
}

std::string title_of(const ResourceVersion& version) {
  const ResourcePath& path = version.path;
  const std::string& id = path.is_entry() ? path.entry : path.collection;
  const std::string_view noun = path.is_entry() ? "entry" : "collection";
  return version.name ? fmt::format("{} '{}' ({})", noun, *version.name, id)
                      : fmt::format("{} {}", noun, id);
}

std::string indented_value(std::string_view json, const Terminal& terminal) {
  const auto document = JsonDocument::parse(json);
  // (What nests deeper than a document may is shown as it is.)
  return document ? indented(document->to_text(), terminal) : printable(json);
}

void print_version(std::ostream& out, const Terminal& terminal, const ResourceVersion& version) {
  const ResourcePath& path = version.path;
  out << painted(terminal, Colour::bold, printable(title_of(version))) << '\n';
  line(out, "application", printable(path.application));
  line(out, "user", printable(path.user));
  if (path.is_entry()) line(out, "collection", printable(path.collection));
  std::string number = std::to_string(version.version);
  if (version.revision) number += fmt::format(", revision {}", *version.revision);
  if (version.is_newest) number += ", the newest";
  line(out, "version", number);
  line(out, "written", moment_of(version));
  if (version.deleted_at) {
    line(out, "deleted", painted(terminal, Colour::red, printable(*version.deleted_at)));
  }
  if (version.restored_from) line(out, "restored from", std::to_string(*version.restored_from));
  if (!version.by.empty()) line(out, "by", printable(version.by));
  if (!version.message.empty()) line(out, "message", printable(version.message));
  if (version.value) out << indented_value(*version.value, terminal) << '\n';
}

}  // namespace dynakeep::app
