#include <algorithm>
#include <charconv>
#include <utility>

#include "clients/entity_state.h"
#include "clients/session.h"
#include "dynakeep/iso_time.h"
#include "http/percent_encoding.h"

// Writing: what is new, what changes, what goes.
namespace dynakeep::clients {

namespace {

constexpr std::size_t batch_operations_max = 50;

std::optional<std::int64_t> number_in(const http::HttpResponse& answer, std::string_view header) {
  const auto field = answer.headers.find(header);
  std::int64_t number = 0;
  if (!field) return std::nullopt;
  const auto [end, failed] = std::from_chars(field->data(), field->data() + field->size(), number);
  if (failed != std::errc() || end != field->data() + field->size()) return std::nullopt;
  return number;
}

// Asks for the resource in the answer. A server that does not know of that sends nothing.
void prefer_resource(Call& call) { call.headers.emplace_back("Prefer", "return=representation"); }

// The id at the end of a Location.
std::optional<std::string> id_in(const http::HttpResponse& answer) {
  const auto location = answer.headers.find("location");
  if (!location) return std::nullopt;
  std::string_view path = location->substr(0, location->find('?'));
  if (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == path.npos || slash + 1 == path.size()) return std::nullopt;
  return http::percent_decoded(path.substr(slash + 1));
}

Error outcome_unknown(Error error) { return std::move(error.set_outcome_unknown(true)); }

// A server would pass over a condition on what is not there yet.
Result<void> check_unconditional(const CollectionsWrite& write) {
  if (!write.if_match && !write.if_live) return {};
  return Error(ErrorCode::invalid_argument, "What is new has no state to match");
}

const Resource* oldest_of_name(const std::vector<Resource>& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Resource& each) { return each.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

// ---- what is new ----

Result<std::optional<Resource>> CollectionsSession::created(const Call& call,
                                                            const http::HttpResponse& answer,
                                                            const Resource& parent,
                                                            const CollectionsWrite& write) {
  if (!answer.body.empty()) {
    const auto json = JsonDocument::parse(answer.body);
    auto resource = json ? read_resource(*json) : nonsense(json.error().message());
    if (!resource) {
      return exchange_.error(resource.error().code(), call, resource.error().message());
    }
    resource->revision = number_in(answer, "x-revision");
    return std::optional(std::move(*resource));
  }
  const auto id = id_in(answer);
  if (!id) return std::optional<Resource>();
  Resource which = parent;
  (parent.collection.empty() ? which.collection : which.entry) = *id;
  // Whatever has happened to it since, it is this one.
  return std::optional(
      TRY(get(which, {.filter = VersionFilter::current, .timeout = write.timeout})));
}

Result<Resource> CollectionsSession::create_at(
    Call call, const std::string& list_path, const Resource& parent, const CollectionsWrite& write,
    const std::function<const Resource*(const std::vector<Resource>&)>& pick) {
  const http::HttpResponse answer = TRY(exchange_.send(call));
  // From here on it is there, whatever else goes wrong.
  auto told = created(call, answer, parent, write);
  if (!told) return outcome_unknown(told.error());
  if (*told) return std::move(**told);
  auto listed = list(list_path, {.timeout = write.timeout});
  if (!listed) return outcome_unknown(listed.error());
  const Resource* const found = pick(listed->items);
  if (found != nullptr) return *found;
  return outcome_unknown(exchange_.error(
      ErrorCode::not_found, call, "what was created is not in the list: it is deleted again"));
}

Result<Resource> CollectionsSession::create_collection(std::string_view user,
                                                       const NewCollection& collection,
                                                       const CollectionsWrite& write,
                                                       bool always_new) {
  TRY(check_unconditional(write));
  if (user.empty()) return Error(ErrorCode::invalid_argument, "A collection has a user");
  if (collection.name.empty()) {
    return Error(ErrorCode::invalid_argument, "A collection has a name");
  }
  const std::string path = collections_path(user);
  const Resource parent{.user = std::string(user)};
  Call call{.method = "POST", .path = path, .body = body_of(collection)};
  TRY(put_options(call, write));
  prefer_resource(call);
  const std::string& name = collection.name;
  const auto oldest = [&](const std::vector<Resource>& list) { return oldest_of_name(list, name); };

  if (always_new) {
    return create_at(std::move(call), path, parent, write, [&](const std::vector<Resource>& list) {
      const Resource* newest = nullptr;
      for (const Resource& each : list) {
        if (each.name == name) newest = &each;
      }
      return newest;
    });
  }
  if (TRY(capabilities()).preconditions > 0) {
    add_parameter(call, "ifAbsent", "true");
    call.may_repeat = true;
    return create_at(std::move(call), path, parent, write, oldest);
  }
  const ReadPage before = TRY(list(path, {.timeout = write.timeout}));
  if (const Resource* const found = oldest(before.items)) return *found;
  // Of those who came at once, all take the oldest: then they have the same one.
  return create_at(std::move(call), path, parent, write, oldest);
}

Result<Resource> CollectionsSession::create_entry(const Resource& collection, const NewEntry& entry,
                                                  const CollectionsWrite& write, bool always_new) {
  TRY(check_unconditional(write));
  const std::string path = entries_path(collection);
  std::string body = TRY(body_of(EntryUpdate{.name = entry.name, .value = entry.value}));
  Call call{.method = "POST", .path = path, .body = std::move(body)};
  TRY(put_options(call, write));
  prefer_resource(call);

  if (always_new) {
    std::optional<JsonDocument> value;
    if (entry.value) value = TRY(JsonDocument::parse(entry.value->text()));
    return create_at(std::move(call), path, collection, write,
                     [&](const std::vector<Resource>& list) {
                       const Resource* newest = nullptr;
                       for (const Resource& each : list) {
                         if (each.name == entry.name && each.value == value) newest = &each;
                       }
                       return newest;
                     });
  }
  if (!entry.name || entry.name->empty()) {
    return Error(ErrorCode::invalid_argument, "Only what has a name can be there already");
  }
  const auto oldest = [&](const std::vector<Resource>& list) {
    return oldest_of_name(list, *entry.name);
  };
  if (TRY(capabilities()).preconditions > 0) {
    add_parameter(call, "ifAbsent", "true");
    call.may_repeat = true;
    return create_at(std::move(call), path, collection, write, oldest);
  }
  const ReadPage before = TRY(list(path, {.timeout = write.timeout}));
  if (const Resource* const found = oldest(before.items)) return *found;
  return create_at(std::move(call), path, collection, write, oldest);
}

// ---- what changes ----

Result<Resource> CollectionsSession::written(const Call& call, const http::HttpResponse& answer,
                                             Resource now) {
  const auto version = number_in(answer, "x-version");
  const bool conditional =
      std::any_of(call.headers.begin(), call.headers.end(),
                  [](const auto& header) { return header.first == "If-Match"; });
  if (!version && conditional) {
    return outcome_unknown(exchange_.error(
        ErrorCode::unsupported, call,
        "the server took the write and told no version: it may have passed over the condition"));
  }
  // What was given goes for what is, where the server does not tell.
  now.version = version.value_or(0);
  now.revision = number_in(answer, "x-revision");
  if (answer.body.empty()) return now;
  const auto json = JsonDocument::parse(answer.body);
  auto resource = json ? read_resource(*json) : nonsense(json.error().message());
  if (!resource) {
    return outcome_unknown(
        exchange_.error(resource.error().code(), call, resource.error().message()));
  }
  resource->revision = now.revision;
  return std::move(*resource);
}

Result<Resource> CollectionsSession::update_collection(const Resource& which,
                                                       const NewCollection& update,
                                                       const CollectionsWrite& write) {
  if (update.name.empty()) return Error(ErrorCode::invalid_argument, "A collection has a name");
  Call call{.method = "PUT", .path = path_of(which), .body = body_of(update)};
  TRY(put_options(call, write));
  prefer_resource(call);
  const http::HttpResponse answer = TRY(exchange_.send(call));
  Resource now = which;
  now.name = update.name;
  return written(call, answer, std::move(now));
}

Result<Resource> CollectionsSession::update_entry(const Resource& which, EntryUpdate update,
                                                  const CollectionsWrite& write) {
  const bool names_both =
      (update.name || update.clear_name) && (update.value || update.clear_value);
  // No server takes an update that would leave an entry with nothing in its body; and
  // dynamodb-mini's forgets what is not in it. What the object knows goes along then.
  const bool only_clears = !update.name && !update.value;
  if (!names_both && (only_clears || !TRY(capabilities()).is_extended)) {
    Resource known = which;
    if (known.version == 0) {
      known = TRY(get(which, {.timeout = write.timeout}));
    }
    if (!update.name && !update.clear_name) update.name = known.name;
    if (!update.value && !update.clear_value && known.value) update.value = JsonInput(*known.value);
  }
  std::string body = TRY(body_of(update));
  Call call{.method = "PUT", .path = path_of(which), .body = std::move(body)};
  TRY(put_options(call, write));
  prefer_resource(call);
  const http::HttpResponse answer = TRY(exchange_.send(call));
  Resource now = which;
  if (update.name || update.clear_name) now.name = update.name;
  if (update.value) now.value = TRY(JsonDocument::parse(update.value->text()));
  if (!update.value && update.clear_value) now.value.reset();
  return written(call, answer, std::move(now));
}

Result<Resource> CollectionsSession::merge_entry(const Resource& which, const JsonInput& patch,
                                                 const CollectionsWrite& write) {
  TRY(require_extended("the patch"));
  std::string body(TRY(json_of(patch)));
  Call call{.method = "PATCH",
            .path = path_of(which),
            .body = std::move(body),
            .content_type = "application/merge-patch+json"};
  TRY(put_options(call, write));
  prefer_resource(call);
  return written(call, TRY(send_extended(call)), which);
}

// ---- what goes, and comes again ----

Result<Resource> CollectionsSession::destroy(const Resource& which, const CollectionsWrite& write) {
  Call call{.method = "DELETE", .path = path_of(which), .may_repeat = true};
  TRY(put_options(call, write));
  prefer_resource(call);
  Resource now = which;
  now.deleted_at = to_iso(system_clock().now());  // unless the server says when
  const auto answer = exchange_.send(call);
  if (!answer) {
    const Error& error = answer.error();
    if (!error.outcome_unknown()) return error;
    // The answer to an attempt was lost, and a later one found it deleted: by this call, or as good
    // as by it.
    const auto said = server_answer(error);
    const bool is_gone = error.code() == ErrorCode::not_found ||
                         (write.if_match && said && said->state && said->state->deleted &&
                          said->state->version == write.if_match->version);
    if (!is_gone) return error;
    return now;
  }
  now = TRY(written(call, *answer, std::move(now)));
  if (now.version == 0) now.version = which.version;  // it is the same one, with a mark
  if (!now.revision) now.revision = which.revision;
  return now;
}

Result<Resource> CollectionsSession::restore(const Resource& which,
                                             std::optional<VersionReference> version,
                                             const CollectionsWrite& write) {
  using Kind = VersionReference::Kind;
  if (version && (version->kind() == Kind::first || version->kind() == Kind::last)) {
    version = VersionReference::number(TRY(this->version(which, *version, {})).version);
  }
  Call call{.method = "POST",
            .path = path_of(which) + "/restore",
            .body = "{" + (version ? members_of(*version) : std::string()) + "}"};
  TRY(put_options(call, write));
  const http::HttpResponse answer = TRY(send_extended(call));
  const auto json = JsonDocument::parse(answer.body);
  auto record = json ? read_record(*json) : nonsense(json.error().message());
  if (!record) {
    return outcome_unknown(exchange_.error(record.error().code(), call, record.error().message()));
  }
  Resource now = which;
  now.name = std::move(record->name);
  now.value = std::move(record->value);
  now.version = record->version;
  now.revision = record->revision;
  now.deleted_at = std::move(record->deleted_at);
  now.restored_from = record->restored_from;
  return now;
}

Result<RestoreReport> CollectionsSession::restore_with_entries(const Resource& collection,
                                                               Millis at,
                                                               const CollectionsWrite& write) {
  Call call{.method = "POST",
            .path = path_of(collection) + "/restore",
            .body = R"({"entries":true,"at":)" + std::to_string(at) + "}",
            .may_repeat = true};
  TRY(put_options(call, write));
  const http::HttpResponse answer = TRY(send_extended(call));
  auto report = read_restore_report(answer.body);
  if (!report) {
    return outcome_unknown(exchange_.error(report.error().code(), call, report.error().message()));
  }
  return report;
}

Result<PurgeReport> CollectionsSession::purge(const Resource& which, const PurgeRequest& request,
                                              const CollectionsWrite& write) {
  std::string body = TRY(body_of(request));
  Call call{.method = "POST",
            .path = path_of(which) + "/purge",
            .body = std::move(body),
            .may_repeat = true};
  TRY(put_options(call, write));
  if (request.if_match) {
    if (write.if_match || write.if_live) {
      return Error(ErrorCode::invalid_argument, "The condition is given twice");
    }
    std::string tags;
    for (const StateTag& tag : *request.if_match) {
      if (!tags.empty()) tags += ", ";
      tags += tag_of_state(tag);
    }
    call.headers.emplace_back("If-Match", std::move(tags));
  }
  const http::HttpResponse answer = TRY(send_extended(call));
  auto report = read_purge_report(answer.body);
  if (!report) {
    return outcome_unknown(exchange_.error(report.error().code(), call, report.error().message()));
  }
  return report;
}

Result<BatchResult> CollectionsSession::batch(const Resource& collection,
                                              const std::vector<BatchOperation>& operations,
                                              bool atomic, const CollectionsWrite& write) {
  if (operations.empty() || operations.size() > batch_operations_max) {
    return Error(ErrorCode::invalid_argument, "A batch has 1 to 50 operations");
  }
  if (write.if_match || write.if_live || write.idempotency_key) {
    return Error(ErrorCode::invalid_argument,
                 "Conditions are those of its operations, and a batch has no idempotency key");
  }
  std::string body = TRY(body_of(operations, atomic));
  Call call{.method = "POST",
            .path = path_of(collection) + "/batch",
            .body = std::move(body),
            .also_taken = {409, 412}};
  TRY(put_options(call, write));
  const http::HttpResponse answer = TRY(send_extended(call));
  auto outcomes = read_outcomes(answer.body);
  if (!outcomes && answer.status != 200) return exchange_.failure(call, answer);
  if (!outcomes || outcomes->size() != operations.size()) {
    const Error error = nonsense("it does not tell the outcome of each operation");
    return outcome_unknown(exchange_.error(error.code(), call, error.message()));
  }
  BatchResult result{.is_done = std::all_of(outcomes->begin(), outcomes->end(),
                                            [](const auto& each) { return each.is_done(); }),
                     .outcomes = std::move(*outcomes)};
  return result;
}

}  // namespace dynakeep::clients
