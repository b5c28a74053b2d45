#include "services/dismissals/operations.h"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "base/log.h"

namespace dynakeep::services::dismissals {

namespace {

constexpr std::string_view table_variable = "DISMISSIBLE_STORAGE_DYNAMODB_TABLE_NAME";

Refusal internal_error() { return {.status = 500, .message = "Internal server error"}; }

Refusal refusal_by(const DismissalVerdict& verdict) {
  return {.status = verdict.status(),
          .message = verdict.message(),
          .retry_after = verdict.retry_after()};
}

std::vector<std::shared_ptr<DismissalHook>> by_priority(
    std::vector<std::shared_ptr<DismissalHook>> hooks) {
  std::stable_sort(hooks.begin(), hooks.end(), [](const auto& left, const auto& right) {
    return left->priority() < right->priority();
  });
  return hooks;
}

bool is_throttled(const Error& error) {
  return error.code() == ErrorCode::throttling ||
         error.code() == ErrorCode::provisioned_throughput_exceeded ||
         error.code() == ErrorCode::request_limit_exceeded;
}

// A hook's fault, not the client's.
Refusal bad_id(std::string_view id) {
  base::log(LogLevel::error, "a hook made an id that cannot be", {{"id", std::string(id)}});
  return internal_error();
}

template <typename Id>
std::optional<std::vector<Id>> parse_all(const std::vector<std::string>& texts) {
  std::vector<Id> ids;
  ids.reserve(texts.size());
  for (const std::string& text : texts) {
    auto id = Id::parse(text);
    if (!id) return std::nullopt;
    ids.push_back(std::move(*id));
  }
  return ids;
}

// Each once, in the order of their first.
std::vector<std::string> distinct(const std::vector<std::string>& ids) {
  std::vector<std::string> once;
  std::set<std::string_view> met;
  for (const std::string& id : ids) {
    if (met.insert(id).second) once.push_back(id);
  }
  return once;
}

}  // namespace

Operations::Operations(Dismissals& store, OperationsOptions options)
    : store_(store),
      hooks_(by_priority(std::move(options.hooks))),
      subscribers_(std::move(options.subscribers)),
      throttled_is_503_(options.throttled_is_503) {}

// ---- hooks ----

// Hooks are the host's code: what they throw ends here.
std::optional<Refusal> Operations::before(const Before& call) const {
  for (const auto& hook : hooks_) {
    try {
      const DismissalVerdict verdict = call(*hook);
      if (!verdict.may_proceed()) return refusal_by(verdict);
    } catch (const std::exception& thrown) {
      base::log(LogLevel::error, "a hook threw before an operation", {{"what", thrown.what()}});
      return internal_error();
    } catch (...) {
      base::log(LogLevel::error, "a hook threw before an operation");
      return internal_error();
    }
  }
  return std::nullopt;
}

void Operations::after(const After& call) const {
  for (auto hook = hooks_.rbegin(); hook != hooks_.rend(); ++hook) {
    try {
      call(**hook);
    } catch (const std::exception& thrown) {
      base::log(LogLevel::error, "a hook threw after an operation", {{"what", thrown.what()}});
    } catch (...) {
      base::log(LogLevel::error, "a hook threw after an operation");
    }
  }
}

void Operations::tell(const DismissalEvent& event) const {
  for (const DismissalSubscriber& subscriber : subscribers_) {
    try {
      subscriber(event);
    } catch (const std::exception& thrown) {
      base::log(LogLevel::error, "a subscriber threw", {{"what", thrown.what()}});
    } catch (...) {
      base::log(LogLevel::error, "a subscriber threw");
    }
  }
}

Refusal Operations::refusal_of(const Error& error, std::string_view user,
                               std::string_view item) const {
  switch (error.code()) {
    case ErrorCode::not_found:
    case ErrorCode::precondition_failed:
    case ErrorCode::invalid_argument:
      return {.status = 400, .message = error.message()};
    default:
      break;
  }
  if (error.code() == ErrorCode::resource_not_found) {
    base::log(LogLevel::error, "dismissals have no table",
              {{"why", error.message()}, {"named_by", std::string(table_variable)}});
  } else {
    base::log(LogLevel::error, "dismissals cannot be kept",
              {{"why", error.message()}, {"user", std::string(user)}, {"item", std::string(item)}});
  }
  if (throttled_is_503_ && is_throttled(error)) {
    return {
        .status = 503, .message = "Service unavailable", .retry_after = std::chrono::seconds(1)};
  }
  return internal_error();
}

Outcome<Operations::Ids> Operations::begin(DismissalRequest& request) const {
  if (auto refused = before([&](DismissalHook& hook) { return hook.before_request(request); })) {
    return std::move(*refused);
  }
  auto user = DismissalUserId::parse(request.user_id);
  if (!user) return bad_id(request.user_id);
  auto item = DismissalItemId::parse(request.item_id);
  if (!item) return bad_id(request.item_id);
  return Ids{.user = std::move(*user), .item = std::move(*item)};
}

Outcome<DismissalUserId> Operations::begin(DismissalBatchRequest& request) const {
  if (auto refused =
          before([&](DismissalHook& hook) { return hook.before_batch_request(request); })) {
    return std::move(*refused);
  }
  auto user = DismissalUserId::parse(request.user_id);
  if (!user) return bad_id(request.user_id);
  for (const std::string& id : request.item_ids) {
    if (fault_of_dismissal_id(id)) return bad_id(id);
  }
  return std::move(*user);
}

// ---- one item ----

// What is found is taken: the hooks around that, with the event between them.
std::optional<Refusal> Operations::take(const DismissalRequest& request,
                                        const Dismissible& found) const {
  if (auto refused = before([&](DismissalHook& hook) { return hook.before_get(request, found); })) {
    return refused;
  }
  tell({.kind = DismissalEventKind::retrieved, .item = found, .context = request.context});
  after([&](DismissalHook& hook) { hook.after_get(request, found); });
  return std::nullopt;
}

Outcome<Dismissible> Operations::get_or_create(DismissalRequest request) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const Ids& ids = std::get<Ids>(begun);

  auto found = store_.get(ids.user, ids.item);
  if (!found) return refusal_of(found.error(), ids.user.text(), ids.item.text());
  Dismissible item;
  if (*found) {
    item = std::move(**found);
    if (auto refused = take(request, item)) return std::move(*refused);
  } else {
    if (auto refused = before([&](DismissalHook& hook) { return hook.before_create(request); })) {
      return std::move(*refused);
    }
    auto obtained = store_.create(ids.user, ids.item);
    if (!obtained) return refusal_of(obtained.error(), ids.user.text(), ids.item.text());
    item = std::move(obtained->item);
    if (obtained->created) {
      after([&](DismissalHook& hook) { hook.after_create(request, item); });
      tell({.kind = DismissalEventKind::created, .item = item, .context = request.context});
    } else {
      // Another was first. It is too late to refuse.
      tell({.kind = DismissalEventKind::retrieved, .item = item, .context = request.context});
      after([&](DismissalHook& hook) { hook.after_get(request, item); });
    }
  }
  after([&](DismissalHook& hook) { hook.after_request(request, item); });
  return item;
}

Outcome<Dismissible> Operations::get(DismissalRequest request) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const Ids& ids = std::get<Ids>(begun);

  auto found = store_.get(ids.user, ids.item);
  if (!found) return refusal_of(found.error(), ids.user.text(), ids.item.text());
  if (!*found) {
    return Refusal{.status = 404, .message = "Item with id \"" + ids.item.text() + "\" not found"};
  }
  if (auto refused = take(request, **found)) return std::move(*refused);
  after([&](DismissalHook& hook) { hook.after_request(request, **found); });
  return std::move(**found);
}

Outcome<Dismissible> Operations::change(
    DismissalRequest& request, DismissalEventKind kind,
    const std::function<Result<DismissalChange>(const Ids&)>& make) {
  const bool dismisses = kind == DismissalEventKind::dismissed;
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const Ids& ids = std::get<Ids>(begun);

  if (auto refused = before([&](DismissalHook& hook) {
        return dismisses ? hook.before_dismiss(request) : hook.before_restore(request);
      })) {
    return std::move(*refused);
  }
  auto made = make(ids);
  if (!made) return refusal_of(made.error(), ids.user.text(), ids.item.text());
  if (made->changed) {
    after([&](DismissalHook& hook) {
      dismisses ? hook.after_dismiss(request, made->item) : hook.after_restore(request, made->item);
    });
    tell({.kind = kind,
          .item = made->item,
          .previous = made->previous ? &*made->previous : nullptr,
          .context = request.context});
  }
  after([&](DismissalHook& hook) { hook.after_request(request, made->item); });
  return std::move(made->item);
}

Outcome<Dismissible> Operations::dismiss(DismissalRequest request, const DismissOptions& options) {
  return change(request, DismissalEventKind::dismissed,
                [&](const Ids& ids) { return store_.dismiss(ids.user, ids.item, options); });
}

Outcome<Dismissible> Operations::restore(DismissalRequest request, const RestoreOptions& options) {
  return change(request, DismissalEventKind::restored,
                [&](const Ids& ids) { return store_.restore(ids.user, ids.item, options); });
}

Outcome<Dismissible> Operations::count_showing(DismissalRequest request) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const Ids& ids = std::get<Ids>(begun);
  auto counted = store_.count_showing(ids.user, ids.item);
  if (!counted) return refusal_of(counted.error(), ids.user.text(), ids.item.text());
  after([&](DismissalHook& hook) { hook.after_request(request, *counted); });
  return std::move(*counted);
}

// ---- many items of a user ----

Outcome<std::vector<Dismissible>> Operations::get_or_create_many(DismissalBatchRequest request) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const auto& user = std::get<DismissalUserId>(begun);

  const std::vector<std::string> wanted = distinct(request.item_ids);
  const auto ids = parse_all<DismissalItemId>(wanted);
  auto read = store_.get_many(user, *ids);
  if (!read) return refusal_of(read.error(), user.text(), {});
  std::map<std::string, Dismissible, std::less<>> known = std::move(*read);

  std::vector<Dismissible> found;
  std::vector<std::string> missing;
  for (const std::string& id : wanted) {
    const auto met = known.find(id);
    if (met == known.end()) {
      missing.push_back(id);
    } else {
      found.push_back(met->second);
    }
  }
  const auto were_got = [&](const std::vector<Dismissible>& items) {
    if (items.empty()) return;
    for (const Dismissible& item : items) {
      tell({.kind = DismissalEventKind::retrieved, .item = item, .context = request.context});
    }
    after([&](DismissalHook& hook) { hook.after_batch_get(request, items); });
  };
  if (!found.empty()) {
    if (auto refused =
            before([&](DismissalHook& hook) { return hook.before_batch_get(request, found); })) {
      return std::move(*refused);
    }
    were_got(found);
  }
  if (!missing.empty()) {
    std::vector<std::string> wished = missing;
    if (auto refused = before(
            [&](DismissalHook& hook) { return hook.before_batch_create(request, wished); })) {
      return std::move(*refused);
    }
    // Ids may be taken out, and that is all.
    std::erase_if(missing, [&](const std::string& id) {
      return std::find(wished.begin(), wished.end(), id) == wished.end();
    });
    auto obtained = store_.create_many(user, *parse_all<DismissalItemId>(missing));
    if (!obtained) return refusal_of(obtained.error(), user.text(), {});
    std::vector<Dismissible> created;
    std::vector<Dismissible> met;  // by others, meanwhile
    for (ObtainedDismissible& one : *obtained) {
      known.insert_or_assign(one.item.item_id, one.item);
      (one.created ? created : met).push_back(std::move(one.item));
    }
    for (const Dismissible& item : created) {
      tell({.kind = DismissalEventKind::created, .item = item, .context = request.context});
    }
    if (!created.empty()) {
      after([&](DismissalHook& hook) { hook.after_batch_create(request, created); });
    }
    were_got(met);
  }

  std::vector<Dismissible> items;
  items.reserve(request.item_ids.size());
  for (const std::string& id : request.item_ids) {
    const auto met = known.find(id);
    if (met != known.end()) items.push_back(met->second);
  }
  after([&](DismissalHook& hook) { hook.after_batch_request(request, items); });
  return items;
}

// `ids` name what was changed, of one user or item: `others`.
std::vector<ItemOutcome> Operations::outcomes_of(
    const std::vector<Result<DismissalChange>>& changes, const std::vector<std::string>& ids,
    std::string_view others, DismissalEventKind kind, const DismissalContext& context) const {
  std::vector<ItemOutcome> outcomes;
  outcomes.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& change = changes[i];
    if (!change) {
      outcomes.push_back({.id = ids[i], .outcome = refusal_of(change.error(), others, ids[i])});
      continue;
    }
    if (change->changed) {
      tell({.kind = kind,
            .item = change->item,
            .previous = change->previous ? &*change->previous : nullptr,
            .context = context});
    }
    outcomes.push_back({.id = ids[i], .outcome = change->item});
  }
  return outcomes;
}

namespace {

std::vector<Dismissible> items_in(const std::vector<ItemOutcome>& outcomes) {
  std::vector<Dismissible> items;
  for (const ItemOutcome& one : outcomes) {
    if (const auto* item = std::get_if<Dismissible>(&one.outcome)) items.push_back(*item);
  }
  return items;
}

}  // namespace

Outcome<std::vector<ItemOutcome>> Operations::dismiss_many(DismissalBatchRequest request,
                                                           const DismissOptions& options) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const auto& user = std::get<DismissalUserId>(begun);
  auto outcomes =
      outcomes_of(store_.dismiss_many(user, *parse_all<DismissalItemId>(request.item_ids), options),
                  request.item_ids, user.text(), DismissalEventKind::dismissed, request.context);
  const auto items = items_in(outcomes);
  after([&](DismissalHook& hook) { hook.after_batch_request(request, items); });
  return outcomes;
}

Outcome<std::vector<ItemOutcome>> Operations::restore_many(DismissalBatchRequest request,
                                                           const RestoreOptions& options) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const auto& user = std::get<DismissalUserId>(begun);
  auto outcomes =
      outcomes_of(store_.restore_many(user, *parse_all<DismissalItemId>(request.item_ids), options),
                  request.item_ids, user.text(), DismissalEventKind::restored, request.context);
  const auto items = items_in(outcomes);
  after([&](DismissalHook& hook) { hook.after_batch_request(request, items); });
  return outcomes;
}

// ---- all of a user's ----

template <typename T>
Outcome<T> Operations::whole_user(DismissalBatchRequest& request,
                                  const std::function<Result<T>(const DismissalUserId&)>& call) {
  auto begun = begin(request);
  if (auto* refused = std::get_if<Refusal>(&begun)) return std::move(*refused);
  const auto& user = std::get<DismissalUserId>(begun);
  auto called = call(user);
  if (!called) return refusal_of(called.error(), user.text(), {});
  return std::move(*called);
}

Outcome<DismissiblePage> Operations::list(DismissalBatchRequest request,
                                          const DismissalListOptions& options) {
  auto outcome = whole_user<DismissiblePage>(
      request, [&](const DismissalUserId& user) { return store_.list(user, options); });
  if (const auto* page = std::get_if<DismissiblePage>(&outcome)) {
    after([&](DismissalHook& hook) { hook.after_batch_request(request, page->items); });
  }
  return outcome;
}

Outcome<DismissalCounts> Operations::count(DismissalBatchRequest request) {
  return whole_user<DismissalCounts>(
      request, [this](const DismissalUserId& user) { return store_.count(user); });
}

Outcome<std::size_t> Operations::restore_all(DismissalBatchRequest request,
                                             std::string_view prefix) {
  return whole_user<std::size_t>(
      request, [&](const DismissalUserId& user) { return store_.restore_all(user, prefix); });
}

Outcome<std::size_t> Operations::erase(DismissalBatchRequest request) {
  return whole_user<std::size_t>(
      request, [this](const DismissalUserId& user) { return store_.erase(user); });
}

// ---- across users ----

Outcome<std::vector<ItemOutcome>> Operations::dismiss_for(DismissalAudienceRequest request,
                                                          const DismissOptions& options) {
  if (auto refused =
          before([&](DismissalHook& hook) { return hook.before_audience_request(request); })) {
    return std::move(*refused);
  }
  const auto item = DismissalItemId::parse(request.item_id);
  const auto users = parse_all<DismissalUserId>(request.user_ids);
  return outcomes_of(store_.dismiss_for(*item, *users, options), request.user_ids, item->text(),
                     DismissalEventKind::dismissed, request.context);
}

}  // namespace dynakeep::services::dismissals
