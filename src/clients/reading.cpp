#include <algorithm>
#include <utility>

#include "clients/session.h"
#include "dynakeep/iso_time.h"

// Reading: lists, single resources, and their history.
namespace dynakeep::clients {

namespace {

constexpr std::size_t limit_max = 1000;

std::string_view word_of(VersionFilter filter) {
  switch (filter) {
    case VersionFilter::latest:
      return "latest";
    case VersionFilter::current:
      return "current";
    case VersionFilter::all:
      return "all";
  }
  return "latest";
}

Result<void> check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= limit_max) return {};
  return Error(ErrorCode::invalid_argument, "The limit is 1 to " + std::to_string(limit_max));
}

// As crypto.randomUUID() writes it: what looks so is hardly a name.
bool looks_like_id(std::string_view text) {
  constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char c = text[i];
    const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (shape[i] == 'x' ? !is_digit : c != '-') return false;
  }
  return true;
}

// Its state at that time; whether there was one.
bool show_as_of(Resource& resource, Millis time) {
  if (resource.version > time) return false;
  const auto deleted = resource.deleted_at ? parse_iso(*resource.deleted_at) : std::nullopt;
  if (deleted && *deleted > Time(std::chrono::milliseconds(time))) resource.deleted_at.reset();
  return true;
}

Error not_there(const Resource& which) {
  return {ErrorCode::not_found,
          "There is no such version of " + CollectionsSession::path_of(which)};
}

}  // namespace

Result<CollectionsSession::ReadPage> CollectionsSession::list(const std::string& path,
                                                              const CollectionsRead& read,
                                                              std::optional<std::size_t> limit,
                                                              std::string_view cursor) {
  if (limit) TRY(check_limit(*limit));
  if (read.at) TRY(require_extended("the time"));
  Call call{.path = path, .may_repeat = true, .timeout = read.timeout};
  add_parameter(call, "filter", word_of(read.filter));
  add_parameter(call, "view", "full");
  if (read.at) add_parameter(call, "at", std::to_string(*read.at));
  if (read.name) add_parameter(call, "name", *read.name);
  if (limit) add_parameter(call, "limit", std::to_string(*limit));
  if (!cursor.empty()) add_parameter(call, "cursor", cursor);
  const http::HttpResponse answer = TRY(exchange_.send(call));
  auto items = read_resources(answer.body);
  if (!items) return exchange_.error(items.error().code(), call, items.error().message());
  ReadPage page{.items = std::move(*items)};
  // Not every server knows of the parameter.
  if (read.name) {
    std::erase_if(page.items, [&](const Resource& each) { return each.name != read.name; });
  }
  if (limit) page.next_cursor = answer.headers.find("x-next-cursor").value_or("");
  return page;
}

Result<Resource> CollectionsSession::get(const Resource& which, const CollectionsRead& read) {
  if (read.at) TRY(require_extended("the time"));
  // dynamodb-mini's server fails where it should say that there is nothing, but for all versions.
  VersionFilter filter = read.filter;
  if (filter != VersionFilter::latest) {
    filter = TRY(capabilities()).is_extended ? VersionFilter::current : VersionFilter::all;
  }
  Call call{.path = path_of(which), .may_repeat = true, .timeout = read.timeout};
  add_parameter(call, "filter", word_of(filter));
  add_parameter(call, "view", "full");
  if (read.at) add_parameter(call, "at", std::to_string(*read.at));
  const http::HttpResponse answer = TRY(exchange_.send(call));
  auto items = read_resources(answer.body);
  if (!items) return exchange_.error(items.error().code(), call, items.error().message());
  if (items->empty()) return exchange_.error(ErrorCode::not_found, call, "there is none");
  Resource found = std::move(items->back());
  if (found.is_entry() != which.is_entry()) {
    const Error error = nonsense("it is about something else");
    return exchange_.error(error.code(), call, error.message());
  }
  return found;
}

Result<Resource> CollectionsSession::find_entry(const Resource& collection,
                                                std::string_view id_or_name,
                                                const CollectionsRead& read) {
  if (id_or_name.empty()) {
    return Error(ErrorCode::invalid_argument, "An entry is fetched by its id or its name");
  }
  CollectionsRead single = read;
  if (single.filter == VersionFilter::all) single.filter = VersionFilter::current;
  const auto by_id = [&]() -> Result<Resource> {
    Resource which = collection;
    which.entry = id_or_name;
    auto found = get(which, single);
    // Servers take an id by its slug, which another text may have too.
    if (found && found->entry != id_or_name) return not_there(which);
    return found;
  };
  const auto by_name = [&]() -> Result<Resource> {
    CollectionsRead named = single;
    named.name = id_or_name;
    ReadPage page = TRY(list(entries_path(collection), named));
    if (!page.items.empty()) return std::move(page.items.front());
    return Error(ErrorCode::not_found,
                 "There is no entry '" + std::string(id_or_name) + "' in " + path_of(collection));
  };
  const bool id_first = looks_like_id(id_or_name);
  auto found = id_first ? by_id() : by_name();
  if (found || found.error().code() != ErrorCode::not_found) return found;
  auto other = id_first ? by_name() : by_id();
  // What is wrong is said in the words that name both.
  if (other || other.error().code() != ErrorCode::not_found) return other;
  return id_first ? std::move(other) : std::move(found);
}

Result<std::vector<Resource>> CollectionsSession::all_versions(const Resource& which,
                                                               const CollectionsRead& read) {
  Call call{.path = path_of(which), .may_repeat = true, .timeout = read.timeout};
  add_parameter(call, "filter", word_of(VersionFilter::all));
  const http::HttpResponse answer = TRY(exchange_.send(call));
  auto items = read_resources(answer.body);
  if (!items) return exchange_.error(items.error().code(), call, items.error().message());
  return std::move(*items);
}

Result<HistoryPage> CollectionsSession::history(const Resource& which, const HistoryRead& read) {
  TRY(check_limit(read.limit));
  if (TRY(capabilities()).history < 1) {
    HistoryPage page;
    for (Resource& each : TRY(all_versions(which, {.timeout = read.timeout}))) {
      if ((read.from && each.version < *read.from) || (read.to && each.version >= *read.to)) {
        continue;
      }
      if (!read.values) each.value.reset();
      page.versions.push_back(record_of(std::move(each)));
    }
    // (Whether the last one is the newest can only be told where nothing later was asked away.)
    if (!page.versions.empty()) page.versions.back().is_newest = !read.to;
    if (!read.ascending) std::reverse(page.versions.begin(), page.versions.end());
    return page;
  }
  Call call{.path = path_of(which) + "/version", .may_repeat = true, .timeout = read.timeout};
  add_parameter(call, "order", read.ascending ? "asc" : "desc");
  add_parameter(call, "limit", std::to_string(read.limit));
  if (!read.cursor.empty()) add_parameter(call, "cursor", read.cursor);
  if (read.from) add_parameter(call, "from", std::to_string(*read.from));
  if (read.to) add_parameter(call, "to", std::to_string(*read.to));
  if (!read.values) add_parameter(call, "values", "false");
  const http::HttpResponse answer = TRY(send_extended(call));
  auto page = read_history(answer.body);
  if (!page) return exchange_.error(page.error().code(), call, page.error().message());
  return page;
}

Result<VersionRecord> CollectionsSession::version(const Resource& which, VersionReference version,
                                                  const CollectionsRead& read) {
  using Kind = VersionReference::Kind;
  const bool has_history = TRY(capabilities()).history > 0;
  if (has_history && version.kind() == Kind::at) {
    return record_of(
        TRY(get(which, {.filter = read.filter, .at = version.value(), .timeout = read.timeout})));
  }
  if (has_history) {
    const Call call{.path = path_of(which) + "/version/" + text_of(version).value_or("last"),
                    .may_repeat = true,
                    .timeout = read.timeout};
    const http::HttpResponse answer = TRY(send_extended(call));
    const auto json = JsonDocument::parse(answer.body);
    auto record = json ? read_record(*json) : nonsense(json.error().message());
    if (!record) return exchange_.error(record.error().code(), call, record.error().message());
    return record;
  }

  std::vector<Resource> versions = TRY(all_versions(which, read));
  if (version.kind() == Kind::at) {
    std::erase_if(versions, [&](Resource& each) { return !show_as_of(each, version.value()); });
    const bool shown =
        !versions.empty() && (!versions.back().deleted_at || read.filter != VersionFilter::latest);
    if (!shown) return not_there(which);
  }
  const auto found = std::find_if(versions.begin(), versions.end(), [&](const Resource& each) {
    const std::size_t number = static_cast<std::size_t>(&each - versions.data()) + 1;
    switch (version.kind()) {
      case Kind::number:
        return each.version == version.value();
      case Kind::revision:
        return number == static_cast<std::size_t>(version.value());
      case Kind::first:
        return number == 1;
      default:
        return number == versions.size();
    }
  });
  if (found == versions.end()) return not_there(which);
  const bool is_newest = version.kind() != Kind::at && found + 1 == versions.end();
  VersionRecord record = record_of(std::move(*found));
  record.is_newest = is_newest;
  return record;
}

Result<VersionDifference> CollectionsSession::diff(const Resource& which,
                                                   std::optional<VersionReference> from,
                                                   VersionReference to,
                                                   const CollectionsRead& read) {
  using Kind = VersionReference::Kind;
  // A time is resolved here: the server compares versions.
  const auto settled = [&](VersionReference version) -> Result<VersionReference> {
    if (version.kind() != Kind::at) return version;
    const CollectionsRead any{.filter = VersionFilter::current, .timeout = read.timeout};
    return VersionReference::number(TRY(this->version(which, version, any)).version);
  };
  to = TRY(settled(to));
  if (from) from = TRY(settled(*from));

  if (TRY(capabilities()).history > 0) {
    Call call{.path = path_of(which) + "/diff", .may_repeat = true, .timeout = read.timeout};
    if (from) add_parameter(call, "from", text_of(*from).value_or("first"));
    add_parameter(call, "to", text_of(to).value_or("last"));
    const http::HttpResponse answer = TRY(send_extended(call));
    auto difference = read_difference(answer.body);
    if (!difference) {
      return exchange_.error(difference.error().code(), call, difference.error().message());
    }
    return difference;
  }

  const VersionRecord later = TRY(version(which, to, read));
  if (!from) {
    const HistoryPage before = TRY(history(which, {.to = later.version, .timeout = read.timeout}));
    if (before.versions.empty()) return not_there(which);
    from = VersionReference::number(before.versions.front().version);
  }
  const VersionRecord earlier = TRY(version(which, *from, read));
  VersionDifference difference{.from = earlier.version, .to = later.version};
  if (earlier.name != later.name) {
    difference.names = {earlier.name.value_or(""), later.name.value_or("")};
  }
  difference.patch = json_patch_between(earlier.value.value_or(JsonDocument()),
                                        later.value.value_or(JsonDocument()))
                         .to_text();
  return difference;
}

Result<ReadChanges> CollectionsSession::changes(const Resource& collection, Millis since,
                                                const ChangesRead& read) {
  TRY(check_limit(read.limit));
  constexpr std::chrono::seconds wait_max(60);
  if (read.wait < std::chrono::seconds(0) || read.wait > wait_max) {
    return Error(ErrorCode::invalid_argument, "The server waits for 0 to 60 seconds");
  }
  Call call{.path = path_of(collection) + "/changes",
            .may_repeat = true,
            .timeout = read.timeout,
            .held = read.wait};
  add_parameter(call, "since", std::to_string(since));
  add_parameter(call, "limit", std::to_string(read.limit));
  add_parameter(call, "view", "full");
  if (read.wait.count() > 0) add_parameter(call, "wait", std::to_string(read.wait.count()));
  const http::HttpResponse answer = TRY(send_extended(call));
  auto changes = read_changes(answer.body);
  if (!changes) return exchange_.error(changes.error().code(), call, changes.error().message());
  return changes;
}

}  // namespace dynakeep::clients
