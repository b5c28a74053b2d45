#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_string.h"
#include "http/entity_tag.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/body_members.h"
#include "services/versioned_collections/conditions.h"
#include "services/versioned_collections/parameters.h"
#include "services/versioned_collections/route.h"
#include "services/versioned_collections/version_json.h"

// The history of a collection or an entry: its versions, how they differ, making one of them the
// newest again, and removing them for good.
namespace dynakeep::services::collections {
namespace {

constexpr std::string_view forms_of_versions =
    "A version is a number, r and a revision, first, or last";

http::HttpResponse list(Call& call) {
  HistoryOptions options;
  const auto order = call.query.only("order").value_or("desc");
  if (order != "desc" && order != "asc") {
    return refusal(call, 400, "invalid", "The order is desc or asc");
  }
  options.ascending = order == "asc";
  const auto values = call.query.only("values").value_or("true");
  if (values != "true" && values != "false") {
    return refusal(call, 400, "invalid", "The parameter values is true or false");
  }
  const auto limit = limit_parameter(call);
  if (!limit) return refusal(call, limit.error());
  const auto from = time_parameter(call, "from");
  if (!from) return refusal(call, from.error());
  const auto to = time_parameter(call, "to");
  if (!to) return refusal(call, to.error());
  options.page.limit = limit->value_or(options.page.limit);
  options.page.cursor = call.query.only("cursor").value_or("");
  options.from = *from;
  options.to = *to;

  const auto page = call.store.history(call.path, options);
  if (!page) return refusal(call, page.error());
  std::string body = R"({"versions":[)";
  for (const ResourceVersion& version : page->items) {
    if (body.back() != '[') body += ',';
    append_version(body, version, values == "true");
  }
  body += R"(],"next":)";
  if (page->next_cursor.empty()) {
    body += "null";
  } else {
    base::append_json_string(body, page->next_cursor);
  }
  body += '}';
  http::HttpResponse answer = tagged_answer(call, std::move(body));
  if (!page->next_cursor.empty()) {
    answer.headers.add("Link", next_link(call, page->next_cursor));
    answer.headers.add("X-Next-Cursor", page->next_cursor);
  }
  return answer;
}

http::HttpResponse read(Call& call) {
  const auto reference = parse_version_reference(call.version);
  if (!reference) return refusal(call, 400, "invalid", forms_of_versions);
  const auto version = call.store.version(call.path, *reference);
  if (!version) return refusal(call, version.error());
  // That of the newest is its resource's, which If-Match takes.
  const http::EntityTag tag = version->is_newest
                                  ? tag_of(version->tag())
                                  : http::EntityTag{.text = std::to_string(version->version)};
  http::HttpResponse answer;
  if (is_known(call, tag)) {
    answer = not_modified(tag);
  } else {
    std::string body;
    append_version(body, *version);
    answer = json_answer(200, std::move(body));
    answer.headers.add("ETag", http::to_field(tag));
  }
  // By its number a version is the same for ever; "last" may be another tomorrow.
  if (!version->is_newest && reference->kind() != VersionReference::Kind::first) {
    answer.headers.add("Cache-Control", "private, max-age=31536000, immutable");
  }
  return answer;
}

// The version before that one.
Result<VersionReference> before(const Call& call, VersionReference reference) {
  const ResourceVersion version = TRY(call.store.version(call.path, reference));
  const ResourcePage page =
      TRY(call.store.history(call.path, {.page = {.limit = 1}, .to = version.version}));
  if (page.items.empty()) {
    return Error(ErrorCode::not_found, "There is no version before that one");
  }
  return VersionReference::number(page.items.front().version);
}

http::HttpResponse diff(Call& call) {
  std::optional<VersionReference> from;
  std::optional<VersionReference> to = VersionReference::last();
  if (const auto text = call.query.only("to")) to = parse_version_reference(*text);
  if (!to) return refusal(call, 400, "invalid", forms_of_versions);
  if (const auto text = call.query.only("from")) {
    from = parse_version_reference(*text);
    if (!from) return refusal(call, 400, "invalid", forms_of_versions);
  } else {
    auto previous = before(call, *to);
    if (!previous) return refusal(call, previous.error());
    from = *previous;
  }
  const auto difference = call.store.difference(call.path, *from, *to);
  if (!difference) return refusal(call, difference.error());
  std::string body = R"({"from":)" + std::to_string(difference->from) + R"(,"to":)" +
                     std::to_string(difference->to);
  if (difference->names) {
    body += R"(,"name":[)";
    base::append_json_string(body, difference->names->first);
    body += ',';
    base::append_json_string(body, difference->names->second);
    body += ']';
  }
  body += R"(,"patch":)" + difference->patch + '}';
  return tagged_answer(call, std::move(body));
}

// ---- restore ----

http::HttpResponse restore_with_entries(Call& call, const WriteOptions& options) {
  if (call.path.is_entry()) {
    return refusal(call, 400, "invalid", "An entry has no entries to restore");
  }
  // What was created since is deleted by it.
  if (!call.key.may(ApiPermission::remove)) {
    return refusal(call, 403, "forbidden", "The key is not good for deleting");
  }
  const auto at = time_member(call.body, "at");
  if (!at) return refusal(call, at.error());
  if (!*at || call.body.find("version") != nullptr || call.body.find("revision") != nullptr) {
    return refusal(call, 400, "invalid", "Entries are restored to a time: at");
  }
  const auto report = call.store.restore_with_entries(call.path, **at, options);
  if (!report) return refusal(call, report.error());
  std::string body = R"({"restored":)" + std::to_string(report->restored) + R"(,"deleted":)" +
                     std::to_string(report->deleted) + R"(,"unchanged":)" +
                     std::to_string(report->unchanged) + R"(,"failed":[)";
  for (const std::string& id : report->failed) {
    if (body.back() != '[') body += ',';
    base::append_json_string(body, id);
  }
  return json_answer(200, body + "]}");
}

http::HttpResponse restore(Call& call) {
  if (!call.body.is_object()) return refusal(call, 400, "invalid", "The body is an object");
  const auto with_entries = flag_member(call.body, "entries");
  if (!with_entries) return refusal(call, with_entries.error());
  WriteOptions options;
  if (auto refused = read_write_options(call, of_restores, options)) return std::move(*refused);
  if (*with_entries) return restore_with_entries(call, options);
  const auto version = version_members(call.body);
  if (!version) return refusal(call, version.error());
  auto restored = call.store.restore(call.path, *version, options);
  if (!restored) return refusal(call, restored.error());
  restored->is_newest = true;
  std::string body;
  append_version(body, *restored);
  http::HttpResponse answer = json_answer(200, std::move(body));
  put_state(answer, *restored);
  return answer;
}

// ---- purge ----

Result<PurgeRequest> purge_request(const JsonDocument& body) {
  const Error refused(ErrorCode::invalid_argument,
                      "A purge is of exactly one of versions, before, keepLast and all");
  PurgeRequest request;
  if (const JsonDocument* const versions = body.find("versions")) {
    if (!versions->is_array() || versions->elements().empty()) {
      return Error(ErrorCode::invalid_argument, "The versions are an array of numbers");
    }
    for (const JsonDocument& each : versions->elements()) {
      request.versions.push_back(TRY(whole_number(each, "versions")));
    }
  }
  request.before = TRY(time_member(body, "before"));
  if (const JsonDocument* const keep = body.find("keepLast")) {
    const std::int64_t count = TRY(whole_number(*keep, "keepLast"));
    if (count < 1) return Error(ErrorCode::invalid_argument, "The newest version is always kept");
    request.keep_last = static_cast<std::size_t>(count);
  }
  request.all = TRY(flag_member(body, "all"));
  request.force = TRY(flag_member(body, "force"));
  request.dry_run = TRY(flag_member(body, "dryRun"));
  const int kinds = (request.versions.empty() ? 0 : 1) + (request.before ? 1 : 0) +
                    (request.keep_last ? 1 : 0) + (request.all ? 1 : 0);
  if (kinds != 1) return refused;
  return request;
}

http::HttpResponse purge(Call& call) {
  auto request = purge_request(call.body);
  if (!request) return refusal(call, request.error());
  WriteOptions options;
  if (auto refused = read_write_options(call, of_restores, options)) return std::move(*refused);
  request->if_match = std::move(options.if_match);
  if (options.if_live) {
    // Whatever its state is, as long as it is live: so it is purged in this one.
    const auto state = call.store.get(call.path);
    if (!state && state.error().code() == ErrorCode::not_found) {
      http::HttpResponse answer = refusal(call, 412, "precondition_failed", "It is not live");
      if (const auto met = met_state(state.error())) {
        answer.headers.add("ETag", http::to_field(tag_of(*met)));
      }
      return answer;
    }
    if (!state) return refusal(call, state.error());
    request->if_match = {state->tag()};
  }
  const auto report = call.store.purge(call.path, *request);
  if (!report) return refusal(call, report.error());
  return json_answer(200, R"({"purged":)" + std::to_string(report->purged) + R"(,"kept":)" +
                              std::to_string(report->kept) + R"(,"floor":)" +
                              (report->floor ? std::to_string(*report->floor) : "null") + "}");
}

constexpr Route row(std::string_view method, std::string_view pattern, ApiPermission permission,
                    http::HttpResponse (*handle)(Call& call)) {
  return {.method = method,
          .pattern = pattern,
          .permission = permission,
          .errors = ErrorForm::json,
          .handle = handle};
}

using Permission = ApiPermission;

constexpr auto rows = std::to_array<Route>({
    row("GET", "/api/user/{user}/collection/{c}/version", Permission::history, list),
    row("GET", "/api/user/{user}/collection/{c}/version/{v}", Permission::history, read),
    row("GET", "/api/user/{user}/collection/{c}/diff", Permission::history, diff),
    row("POST", "/api/user/{user}/collection/{c}/restore", Permission::write, restore),
    row("POST", "/api/user/{user}/collection/{c}/purge", Permission::purge, purge),
    row("GET", "/api/user/{user}/collection/{c}/entry/{e}/version", Permission::history, list),
    row("GET", "/api/user/{user}/collection/{c}/entry/{e}/version/{v}", Permission::history, read),
    row("GET", "/api/user/{user}/collection/{c}/entry/{e}/diff", Permission::history, diff),
    row("POST", "/api/user/{user}/collection/{c}/entry/{e}/restore", Permission::write, restore),
    row("POST", "/api/user/{user}/collection/{c}/entry/{e}/purge", Permission::purge, purge),
});

}  // namespace

std::span<const Route> history_routes() { return rows; }

}  // namespace dynakeep::services::collections
