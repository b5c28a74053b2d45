#include "stores/versioned_collections/rows.h"

#include <charconv>
#include <utility>

#include "base/log.h"
#include "dynakeep/attribute_view.h"
#include "dynakeep/iso_time.h"
#include "stores/versioned_collections/texts.h"

namespace dynakeep::collections {
namespace {

constexpr std::size_t version_digits_max = 16;

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

Key entries_key(const Layout& layout, std::string partition, std::string sort) {
  return Key{{layout.entries.partition, std::move(partition)},
             {layout.entries.sort, std::move(sort)}};
}

// Splits at the last '#', which must be there.
std::optional<std::pair<std::string_view, std::string_view>> split(std::string_view text) {
  const std::size_t at = text.rfind('#');
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

std::optional<Millis> version_of(std::string_view digits) {
  if (digits.empty() || digits.size() > version_digits_max) return std::nullopt;
  Millis version = 0;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (failure != std::errc() || end != digits.data() + digits.size() || version < 0) {
    return std::nullopt;
  }
  return version;
}

void warn(std::string_view what, const TableKeys& keys, const AttributeView& row) {
  base::log(LogLevel::warning, what,
            {{"table", keys.table},
             {"partition", std::string(row[keys.partition].text().value_or(""))},
             {"sort", std::string(row[keys.sort].text().value_or(""))}});
}

std::string text_or_empty(const AttributeView& value) {
  return std::string(value.text().value_or(""));
}

// A version with what its row's keys say; nothing if they are not a version's.
std::optional<ResourceVersion> from_keys(const TableKeys& keys, bool is_entry,
                                         const std::string& application, const AttributeView& row) {
  const auto sort = row[keys.sort].text();
  const auto numbered = sort ? split(*sort) : std::nullopt;
  const auto number = numbered ? version_of(numbered->second) : std::nullopt;
  if (!number) return std::nullopt;

  ResourceVersion version{.version = *number};
  version.path.application = application;
  std::string_view collection = numbered->first;
  if (is_entry) {
    version.path.entry = numbered->first;
    if (version.path.entry.empty()) return std::nullopt;
    collection = row[keys.partition].text().value_or("");
    if (!collection.ends_with('#')) return std::nullopt;
    collection.remove_suffix(1);
  }
  const auto owned = split(collection);
  if (!owned) return std::nullopt;
  version.path.user = owned->first;
  version.path.collection = owned->second;
  return version;
}

}  // namespace

std::string entries_partition(const ResourcePath& collection) {
  return joined({collection.user, "#", collection.collection, "#"});
}

Resource resource_at(const Layout& layout, const ResourcePath& slugs) {
  Resource resource{.path = slugs};
  if (slugs.is_entry()) {
    resource.table = &layout.entries;
    resource.partition = entries_partition(slugs);
    resource.prefix = slugs.entry + "#";
    resource.head = entries_key(layout, resource.partition + "@head", slugs.entry);
  } else {
    resource.table = &layout.collections;
    resource.partition = slugs.application;
    resource.prefix = entries_partition(slugs);
    resource.head = entries_key(layout, slugs.application + "#@heads",
                                joined({slugs.user, "#", slugs.collection}));
  }
  return resource;
}

Key row_key(const Resource& resource, Millis version) {
  return Key{{resource.table->partition, resource.partition},
             {resource.table->sort, resource.prefix + std::to_string(version)}};
}

Key name_key(const Layout& layout, const ResourcePath& scope, std::string_view name) {
  if (scope.collection.empty()) {
    return entries_key(layout, scope.application + "#@names",
                       joined({scope.user, "#", sha256_hex(name)}));
  }
  return entries_key(layout, entries_partition(scope) + "@name", sha256_hex(name));
}

std::string first_number(const std::string& prefix) { return prefix + "0"; }
std::string last_number(const std::string& prefix) { return prefix + ":"; }  // ':' follows '9'

std::optional<ResourceVersion> to_version(const Layout& layout, bool is_entry,
                                          const std::string& application, const Item& row) {
  const AttributeView attributes(row);
  const TableKeys& keys = is_entry ? layout.entries : layout.collections;
  auto found = from_keys(keys, is_entry, application, attributes);
  if (!found) {
    warn("a row that is no version is passed over", keys, attributes);
    return std::nullopt;
  }
  ResourceVersion& version = *found;
  const auto [name, value, deleted, revision, from, by, message] =
      attributes.members<7>({"name", "value", "deletedAt", "rev", "from", "by", "msg"});
  if (const auto text = name.text()) version.name = *text;
  if (is_entry) {
    const auto text = value.text();
    if (text && is_json(*text)) {
      version.value = *text;
    } else if (value.exists()) {
      warn("a value that is not JSON is left out", keys, attributes);
    }
  }
  // Any text but an empty one, and whatever is no text, marks a deletion.
  if (deleted.exists() && deleted.text() != "") version.deleted_at = text_or_empty(deleted);
  version.revision = revision.integer();
  version.restored_from = from.integer();
  version.by = text_or_empty(by);
  version.message = text_or_empty(message);
  return found;
}

Item to_row(const Resource& resource, const ResourceVersion& version) {
  Item row = row_key(resource, version.version);
  if (version.name) row["name"] = *version.name;
  if (version.value) row["value"] = *version.value;
  if (version.revision) row["rev"] = *version.revision;
  if (version.restored_from) row["from"] = *version.restored_from;
  if (!version.by.empty()) row["by"] = version.by;
  if (!version.message.empty()) row["msg"] = version.message;
  return row;
}

std::optional<Head> to_head(const Item& item) {
  const AttributeView attributes(item);
  const auto version = attributes["ver"].integer();
  const auto revision = attributes["rev"].integer();
  if (!version || !revision) return std::nullopt;
  Head head{.version = *version, .revision = *revision};
  head.deleted = attributes["del"].boolean().value_or(false);
  head.token = text_or_empty(attributes["tok"]);
  head.floor = attributes["floor"].integer();
  const AttributeView remembered = attributes["idem"];
  if (const auto key = remembered["key"].text()) {
    head.remembered = Remembered{.key = std::string(*key),
                                 .tag = {.version = remembered["ver"].integer().value_or(0),
                                         .deleted = remembered["del"].boolean().value_or(false)},
                                 .revision = remembered["rev"].integer()};
  }
  return head;
}

std::optional<Millis> deletion_time(const ResourceVersion& version) {
  if (!version.deleted_at) return std::nullopt;
  const auto moment = parse_iso(*version.deleted_at);
  if (!moment) return std::nullopt;
  return std::chrono::floor<std::chrono::milliseconds>(moment->time_since_epoch()).count();
}

void show_as_of(ResourceVersion& version, Millis at) {
  const auto deleted = deletion_time(version);
  if (deleted && *deleted > at) version.deleted_at.reset();
}

}  // namespace dynakeep::collections
