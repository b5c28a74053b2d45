#include "clients/representation.h"

#include <charconv>
#include <utility>

#include "base/json_string.h"

namespace dynakeep::clients {

namespace {

std::optional<std::int64_t> integer_of(const JsonDocument* json) {
  if (json == nullptr || json->kind() != JsonDocument::Kind::number) return std::nullopt;
  const std::string& text = json->text();
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string> text_of(const JsonDocument* json) {
  if (json == nullptr || !json->is_string()) return std::nullopt;
  return json->text();
}

Result<JsonDocument> read_object(std::string_view body) {
  auto document = JsonDocument::parse(body);
  if (!document) return nonsense(document.error().message());
  if (!document->is_object()) return nonsense("it is no object");
  return std::move(*document);
}

std::size_t count_of(const JsonDocument& json, std::string_view name) {
  const auto number = integer_of(json.find(name)).value_or(0);
  return number > 0 ? static_cast<std::size_t>(number) : 0;
}

void append_member(std::string& out, std::string_view name, std::string_view json) {
  if (!out.empty() && out.back() != '{') out += ',';
  out.append(1, '"').append(name).append("\":").append(json);
}

std::string quoted(std::string_view text) {
  std::string json;
  base::append_json_string(json, text);
  return json;
}

}  // namespace

Error nonsense(std::string_view what) {
  return {ErrorCode::unavailable, "the server's answer makes no sense: " + std::string(what)};
}

void Resource::become(Resource newer) {
  if (newer.application.empty()) newer.application = std::move(application);
  *this = std::move(newer);
}

VersionRecord record_of(Resource resource) {
  return {.version = resource.version,
          .revision = resource.revision,
          .deleted_at = std::move(resource.deleted_at),
          .restored_from = resource.restored_from,
          .by = std::move(resource.by),
          .comment = std::move(resource.comment),
          .name = std::move(resource.name),
          .value = std::move(resource.value)};
}

// ---- reading ----

Result<Resource> read_resource(const JsonDocument& json) {
  const JsonDocument* const meta = json.find("meta");
  if (meta == nullptr) return nonsense("a resource has no meta");
  const auto user = text_of(meta->find("user"));
  const auto collection = text_of(meta->find("collection"));
  const auto version = integer_of(meta->find("version"));
  if (!user || !collection || !version) {
    return nonsense("a resource has no user, collection or version");
  }
  Resource resource{.application = text_of(meta->find("application")).value_or(""),
                    .user = *user,
                    .collection = *collection,
                    .entry = text_of(meta->find("entry")).value_or(""),
                    .name = text_of(json.find("name")),
                    .version = *version,
                    .revision = integer_of(meta->find("revision")),
                    .deleted_at = text_of(meta->find("deletedAt")),
                    .restored_from = integer_of(meta->find("restoredFrom")),
                    .by = text_of(meta->find("by")).value_or(""),
                    .comment = text_of(meta->find("message")).value_or("")};
  if (const JsonDocument* const value = json.find("value")) resource.value = *value;
  return resource;
}

Result<std::vector<Resource>> read_resources(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  if (!document) return nonsense(document.error().message());
  if (!document->is_array()) return nonsense("it is no array");
  std::vector<Resource> resources;
  resources.reserve(document->elements().size());
  for (const JsonDocument& each : document->elements()) {
    resources.push_back(TRY(read_resource(each)));
  }
  return resources;
}

Result<VersionRecord> read_record(const JsonDocument& json) {
  const auto version = integer_of(json.find("version"));
  if (!version) return nonsense("a version has no number");
  VersionRecord record{.version = *version,
                       .revision = integer_of(json.find("revision")),
                       .deleted_at = text_of(json.find("deletedAt")),
                       .restored_from = integer_of(json.find("restoredFrom")),
                       .by = text_of(json.find("by")).value_or(""),
                       .comment = text_of(json.find("message")).value_or(""),
                       .name = text_of(json.find("name"))};
  if (const JsonDocument* const value = json.find("value")) record.value = *value;
  const JsonDocument* const newest = json.find("current");
  record.is_newest = newest != nullptr && newest->truth();
  return record;
}

Result<HistoryPage> read_history(std::string_view body) {
  const JsonDocument document = TRY(read_object(body));
  const JsonDocument* const versions = document.find("versions");
  if (versions == nullptr || !versions->is_array()) return nonsense("a history has no versions");
  HistoryPage page{.next_cursor = text_of(document.find("next")).value_or("")};
  for (const JsonDocument& each : versions->elements()) {
    page.versions.push_back(TRY(read_record(each)));
  }
  return page;
}

Result<PurgeReport> read_purge_report(std::string_view body) {
  const JsonDocument document = TRY(read_object(body));
  if (document.find("purged") == nullptr) return nonsense("a purge does not tell what it purged");
  return PurgeReport{.purged = count_of(document, "purged"),
                     .kept = count_of(document, "kept"),
                     .floor = integer_of(document.find("floor"))};
}

Result<RestoreReport> read_restore_report(std::string_view body) {
  const JsonDocument document = TRY(read_object(body));
  const JsonDocument* const failed = document.find("failed");
  if (failed == nullptr) return nonsense("a restore does not tell what it did");
  RestoreReport report{.restored = count_of(document, "restored"),
                       .deleted = count_of(document, "deleted"),
                       .unchanged = count_of(document, "unchanged")};
  for (const JsonDocument& id : failed->elements()) report.failed.push_back(id.text());
  return report;
}

Result<VersionDifference> read_difference(std::string_view body) {
  const JsonDocument document = TRY(read_object(body));
  const auto from = integer_of(document.find("from"));
  const auto to = integer_of(document.find("to"));
  const JsonDocument* const patch = document.find("patch");
  if (!from || !to || patch == nullptr) return nonsense("a difference has no versions or patch");
  VersionDifference difference{.from = *from, .to = *to, .patch = patch->to_text()};
  const JsonDocument* const names = document.find("name");
  if (names != nullptr && names->elements().size() == 2) {
    difference.names = {names->elements()[0].text(), names->elements()[1].text()};
  }
  return difference;
}

Result<CollectionsCapabilities> read_capabilities(std::string_view body) {
  const JsonDocument document = TRY(read_object(body));
  const auto level = [&](std::string_view name) {
    return static_cast<int>(integer_of(document.find(name)).value_or(0));
  };
  return CollectionsCapabilities{.history = level("history"),
                                 .restore = level("restore"),
                                 .purge = level("purge"),
                                 .preconditions = level("preconditions"),
                                 .paging = level("paging"),
                                 .batch = level("batch"),
                                 .watch = level("watch"),
                                 .is_extended = true};
}

std::optional<std::vector<BatchOutcome>> read_outcomes(std::string_view body) {
  const auto document = JsonDocument::parse(body);
  const JsonDocument* const results = document ? document->find("results") : nullptr;
  if (results == nullptr || !results->is_array()) return std::nullopt;
  std::vector<BatchOutcome> outcomes;
  for (const JsonDocument& each : results->elements()) {
    outcomes.push_back({.status = static_cast<int>(integer_of(each.find("status")).value_or(0)),
                        .entry_id = text_of(each.find("entry")).value_or(""),
                        .version = integer_of(each.find("version")).value_or(0),
                        .error = text_of(each.find("error")).value_or(""),
                        .message = text_of(each.find("message")).value_or("")});
  }
  return outcomes;
}

Result<ReadChanges> read_changes(std::string_view body) {
  const JsonDocument document = TRY(read_object(body));
  const JsonDocument* const entries = document.find("changes");
  const auto next = integer_of(document.find("next"));
  if (entries == nullptr || !next) return nonsense("changes lack a list, or where to go on");
  ReadChanges changes{.next = *next};
  for (const JsonDocument& each : entries->elements()) {
    changes.entries.push_back(TRY(read_resource(each)));
  }
  return changes;
}

// ---- writing ----

Result<std::string_view> json_of(const JsonInput& value) {
  const auto document = JsonDocument::parse(value.text());
  if (!document) {
    return Error(ErrorCode::invalid_argument,
                 "The value is no JSON: " + document.error().message());
  }
  return std::string_view(value.text());
}

Result<std::string> members_of(const EntryUpdate& content) {
  std::string members;
  if (content.name) append_member(members, "name", quoted(*content.name));
  if (!content.name && content.clear_name) append_member(members, "name", "null");
  if (content.value) append_member(members, "value", TRY(json_of(*content.value)));
  if (!content.value && content.clear_value) append_member(members, "value", "null");
  return members;
}

Result<std::string> body_of(const EntryUpdate& content) {
  return "{" + TRY(members_of(content)) + "}";
}

std::string body_of(const NewCollection& collection) {
  return R"({"name":)" + quoted(collection.name) + "}";
}

Result<std::string> body_of(const PurgeRequest& request) {
  std::string body = "{";
  if (!request.versions.empty()) {
    std::string list = "[";
    for (const Millis version : request.versions) {
      if (list.size() > 1) list += ',';
      list += std::to_string(version);
    }
    append_member(body, "versions", list + "]");
  }
  if (request.before) append_member(body, "before", std::to_string(*request.before));
  if (request.keep_last) append_member(body, "keepLast", std::to_string(*request.keep_last));
  if (request.all) append_member(body, "all", "true");
  if (request.force) append_member(body, "force", "true");
  if (request.dry_run) append_member(body, "dryRun", "true");
  return body + "}";
}

std::string members_of(VersionReference version) {
  std::string members;
  switch (version.kind()) {
    case VersionReference::Kind::number:
      append_member(members, "version", std::to_string(version.value()));
      break;
    case VersionReference::Kind::revision:
      append_member(members, "revision", std::to_string(version.value()));
      break;
    case VersionReference::Kind::at:
      append_member(members, "at", std::to_string(version.value()));
      break;
    case VersionReference::Kind::first:
    case VersionReference::Kind::last:
      break;
  }
  return members;
}

std::optional<std::string> text_of(VersionReference version) {
  switch (version.kind()) {
    case VersionReference::Kind::number:
      return std::to_string(version.value());
    case VersionReference::Kind::revision:
      return "r" + std::to_string(version.value());
    case VersionReference::Kind::first:
      return "first";
    case VersionReference::Kind::last:
      return "last";
    case VersionReference::Kind::at:
      break;
  }
  return std::nullopt;
}

Result<std::string> body_of(const std::vector<BatchOperation>& operations, bool atomic) {
  using Kind = BatchOperation::Kind;
  std::string body = atomic ? R"({"atomic":true,"operations":[)" : R"({"operations":[)";
  for (const BatchOperation& operation : operations) {
    if (body.back() != '[') body += ',';
    std::string json = "{";
    const Kind kind = operation.kind();
    append_member(json, "op",
                  kind == Kind::create   ? R"("create")"
                  : kind == Kind::update ? R"("update")"
                  : kind == Kind::remove ? R"("delete")"
                                         : R"("restore")");
    if (kind != Kind::create) append_member(json, "entry", quoted(operation.entry_id()));
    const std::string content = TRY(members_of(operation.content()));
    if (!content.empty()) json.append(1, ',').append(content);
    if (operation.version()) {
      const std::string version = members_of(*operation.version());
      if (version.empty()) {
        return Error(ErrorCode::invalid_argument,
                     "A batch restores a version by its number, its revision or its time");
      }
      json.append(1, ',').append(version);
    }
    if (operation.expected()) {
      append_member(json, "ifMatch", std::to_string(*operation.expected()));
    }
    body += json + "}";
  }
  return body + "]}";
}

}  // namespace dynakeep::clients
