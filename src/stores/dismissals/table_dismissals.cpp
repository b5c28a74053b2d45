#include <algorithm>
#include <set>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/dismissals/change.h"
#include "stores/dismissals/record.h"
#include "stores/support/at_once.h"
#include "stores/support/key_words.h"
#include "stores/support/patience.h"
#include "stores/support/time_to_live.h"

namespace dynakeep::dismissals {
namespace {

// None of the attributes' names is a reserved word.
constexpr const char* is_there = "attribute_exists(userId)";
constexpr const char* is_there_still =
    "attribute_exists(userId) AND (attribute_not_exists(expiresAt) OR expiresAt > :now)";
constexpr const char* is_free = "attribute_not_exists(userId) OR expiresAt <= :now";
// The usual states, in the form that upstream and this store write. They can be told by a condition
// without reading first; whatever else there may be is read, judged here, and written on the
// condition that it is as it was seen.
constexpr const char* is_plainly_active =
    "attribute_exists(userId) AND size(createdAt) = :length AND createdAt BETWEEN :zero AND :t AND "
    "(attribute_not_exists(dismissedAt) OR attribute_type(dismissedAt, :nul)) AND "
    "(attribute_not_exists(expiresAt) OR expiresAt > :now)";
constexpr const char* is_plainly_dismissed =
    "attribute_exists(userId) AND size(createdAt) = :length AND createdAt BETWEEN :zero AND :nine "
    "AND size(dismissedAt) = :length AND dismissedAt BETWEEN :zero AND :since AND "
    "attribute_not_exists(dismissedUntil) AND "
    "(attribute_not_exists(expiresAt) OR expiresAt > :now)";
constexpr int time_length = 24;
constexpr const char* first_digit = "0";
constexpr const char* past_digits = ":";

constexpr const char* of_user = "userId = :user";
constexpr const char* of_user_with_prefix = "userId = :user AND begins_with(id, :prefix)";
constexpr const char* keys_only = "userId, id";

constexpr std::size_t batch_keys_max = 100;
constexpr int page_queries_max = 10;

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// The condition that the item is still what was seen of it, with its values.
std::string as_seen(const Item& seen, AttributeMap& values) {
  std::string condition = is_there;
  for (const char* name :
       {created_attribute, dismissed_attribute, until_attribute, expires_attribute}) {
    const AttributeView value = AttributeView(seen)[name];
    if (value.exists()) {
      const std::string placeholder = std::string(":seen_") + name;
      condition += std::string(" AND ") + name + " = " + placeholder;
      values.emplace(placeholder, value.value());
    } else {
      condition += std::string(" AND attribute_not_exists(") + name + ")";
    }
  }
  return condition;
}

class TableDismissals final : public DismissalTable {
 public:
  TableDismissals(Database& database, DismissalTableOptions options)
      : database_(database),
        options_(std::move(options)),
        keeping_{.expire_after = options_.expire_after,
                 .count_dismissals = options_.count_dismissals},
        patience_({.attempts_max = options_.attempts_max,
                   .first_bound = std::chrono::milliseconds(50),
                   .last_bound = std::chrono::milliseconds(2000)},
                  options_.wait, options_.random) {}

  const DismissalTableOptions& options() const override { return options_; }
  Result<void> create_table() override;
  Result<void> check_table() override;
  Result<void> ensure_time_to_live() override;

  Result<std::optional<Dismissible>> get(const DismissalUserId& user,
                                         const DismissalItemId& item) override {
    auto found = TRY(fetch(user, item, options_.consistent_reads));
    if (!found) return std::optional<Dismissible>();
    return read_record(*found, now());
  }
  Result<ObtainedDismissible> create(const DismissalUserId& user,
                                     const DismissalItemId& item) override {
    return create_at(user, item, now());
  }
  Result<DismissalChange> dismiss(const DismissalUserId& user, const DismissalItemId& item,
                                  const DismissOptions& options) override {
    return make({.now = now(), .options = options, .keeping = keeping_}, user, item);
  }
  Result<DismissalChange> restore(const DismissalUserId& user, const DismissalItemId& item,
                                  const RestoreOptions& options) override {
    return make({.kind = Change::Kind::restore,
                 .now = now(),
                 .options = {.idempotent = options.idempotent},
                 .keeping = keeping_},
                user, item);
  }
  Result<Dismissible> update(const DismissalUserId& user, const DismissalItemId& item,
                             std::optional<DismissalTime> dismissed_at) override;
  Result<bool> remove(const DismissalUserId& user, const DismissalItemId& item) override;
  Result<Dismissible> count_showing(const DismissalUserId& user,
                                    const DismissalItemId& item) override;

  Result<std::map<std::string, Dismissible, std::less<>>> get_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) override;
  Result<std::vector<ObtainedDismissible>> create_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) override;

  Result<DismissiblePage> list(const DismissalUserId& user,
                               const DismissalListOptions& options) override;
  Result<std::size_t> erase(const DismissalUserId& user) override;
  Result<std::size_t> remove_all() override;

  Result<void> for_each_of(std::size_t count,
                           const std::function<void(std::size_t)>& work) override {
    return at_once(count, work);
  }

 private:
  DismissalTime now() const {
    return std::chrono::floor<std::chrono::milliseconds>(options_.clock->now());
  }
  Result<void> at_once(std::size_t count, const std::function<void(std::size_t)>& work) {
    return stores::at_once(database_, count, options_.in_flight_max, work);
  }

  // DynamoDB does not say which table is missing.
  Error told(Error error) const {
    if (error.code() != ErrorCode::resource_not_found) return error;
    return Error::resource_not_found("There is no table \"" + options_.table + "\"");
  }

  Result<std::optional<Item>> fetch(const DismissalUserId& user, const DismissalItemId& item,
                                    bool consistent);
  // The item that a condition met. An engine that does not tell it is asked.
  Result<std::optional<Item>> met(const Error& failure, const DismissalUserId& user,
                                  const DismissalItemId& item);
  Result<ObtainedDismissible> create_at(const DismissalUserId& user, const DismissalItemId& item,
                                        DismissalTime now);

  // How the item stood before a change that was made; nothing: it was not there.
  using Before = Result<std::optional<Item>>;
  Before put_new(const Dismissible& item, DismissalTime now);
  // `seen`: the item as it is to stand still; nothing: in a plain state.
  Before update_to(const Dismissible& next, const Change& change, const Item* seen);
  Result<DismissalChange> make(const Change& change, const DismissalUserId& user,
                               const DismissalItemId& item);

  Result<Dismissible> changed_to(const UpdateItemRequest& request, const DismissalItemId& item,
                                 bool may_repeat);
  template <typename Request, typename NextPage>
  Result<std::size_t> remove_found(Request request, const NextPage& next_page);

  Database& database_;
  const DismissalTableOptions options_;
  const Keeping keeping_;
  const stores::Patience patience_;
};

// ---- the table ----

Result<void> TableDismissals::create_table() {
  auto created = create_table_and_wait(database_, dismissal_table_definition(options_.table));
  if (!created) return std::move(created).error();
  if (!options_.expire_after) return {};
  return stores::ensure_time_to_live_if_any(database_, options_.table, expires_attribute);
}

Result<void> TableDismissals::ensure_time_to_live() {
  auto done = stores::ensure_time_to_live(database_, options_.table, expires_attribute);
  if (!done) return told(std::move(done).error());
  return {};
}

Result<void> TableDismissals::check_table() {
  auto described = database_.describe_table({.table_name = options_.table});
  if (!described) return told(std::move(described).error());
  const CreateTableRequest wanted = dismissal_table_definition(options_.table);
  const std::string needed = stores::words_of(*wanted.key_schema, *wanted.attribute_definitions);
  const std::string found =
      stores::words_of(described->table.key_schema, described->table.attribute_definitions);
  if (found == needed) return {};
  return refused("Table \"" + options_.table + "\" has the key " + found + "; needed is " + needed);
}

// ---- reading ----

Result<std::optional<Item>> TableDismissals::fetch(const DismissalUserId& user,
                                                   const DismissalItemId& item, bool consistent) {
  GetItemRequest request{.table_name = options_.table, .key = key_of(user.text(), item.text())};
  if (consistent) request.consistent_read = true;
  auto answer = database_.get_item(request);
  if (!answer) return told(std::move(answer).error());
  return std::move(answer->item);
}

Result<std::optional<Item>> TableDismissals::met(const Error& failure, const DismissalUserId& user,
                                                 const DismissalItemId& item) {
  if (failure.item() != nullptr) return std::optional<Item>(*failure.item());
  return fetch(user, item, true);
}

Result<std::map<std::string, Dismissible, std::less<>>> TableDismissals::get_many(
    const DismissalUserId& user, std::span<const DismissalItemId> items) {
  std::vector<Key> keys;
  std::set<std::string_view> met;
  for (const DismissalItemId& item : items) {
    if (met.insert(item.text()).second) keys.push_back(key_of(user.text(), item.text()));
  }

  std::map<std::string, Dismissible, std::less<>> found;
  const DismissalTime read_at = now();
  unsigned attempt = 0;
  while (!keys.empty()) {
    const auto batch =
        keys.end() - static_cast<std::ptrdiff_t>(std::min(keys.size(), batch_keys_max));
    KeysAndAttributes of_table{.keys = std::vector<Key>(std::make_move_iterator(batch),
                                                        std::make_move_iterator(keys.end()))};
    if (options_.consistent_reads) of_table.consistent_read = true;
    keys.erase(batch, keys.end());

    BatchGetItemRequest request;
    request.request_items.emplace().emplace(options_.table, std::move(of_table));
    auto answer = database_.batch_get_item(request);
    if (!answer) return told(std::move(answer).error());
    for (const Item& item : answer->responses[options_.table]) {
      if (auto record = TRY(read_record(item, read_at))) {
        std::string id = record->item_id;
        found.emplace(std::move(id), std::move(*record));
      }
    }
    // What was not read is not missing: to create it might take a dismissal back.
    const auto unread = answer->unprocessed_keys.find(options_.table);
    if (unread == answer->unprocessed_keys.end() || !unread->second.keys ||
        unread->second.keys->empty()) {
      continue;
    }
    keys.insert(keys.end(), unread->second.keys->begin(), unread->second.keys->end());
    if (!patience_.allows_after(++attempt)) {
      return Error(
          ErrorCode::provisioned_throughput_exceeded,
          std::to_string(unread->second.keys->size()) + " items were left unread in every attempt");
    }
  }
  return found;
}

Result<DismissiblePage> TableDismissals::list(const DismissalUserId& user,
                                              const DismissalListOptions& options) {
  TRY(check_list(options));
  AttributeMap values{{":user", user.text()}};
  if (!options.prefix.empty()) values.emplace(":prefix", options.prefix);
  QueryRequest request{
      .table_name = options_.table,
      .key_condition_expression = options.prefix.empty() ? of_user : of_user_with_prefix,
      .expression_attribute_values = Item(std::move(values))};
  if (options_.consistent_reads) request.consistent_read = true;

  DismissiblePage page{.next = options.after};
  const DismissalTime read_at = now();
  // What is wanted may be far between; a page costs so much and no more.
  for (int queries = 0; queries < page_queries_max && page.items.size() < options.limit;
       ++queries) {
    request.limit = static_cast<std::int32_t>(options.limit - page.items.size());
    if (!page.next.empty()) request.exclusive_start_key = key_of(user.text(), page.next);
    auto answer = database_.query(request);
    if (!answer) return told(std::move(answer).error());
    for (const Item& item : answer->items.value_or(std::vector<Item>())) {
      auto record = read_record(item, read_at);
      if (!record) {
        page.malformed.emplace_back(AttributeView(item)[id_attribute].text().value_or(""));
      } else if (*record && is_wanted(options, **record)) {
        page.items.push_back(std::move(**record));
      }
    }
    page.next.clear();
    if (!answer->last_evaluated_key) break;
    page.next = AttributeView(*answer->last_evaluated_key)[id_attribute].text().value_or("");
  }
  return page;
}

// ---- creating ----

TableDismissals::Before TableDismissals::put_new(const Dismissible& item, DismissalTime now) {
  auto answer = database_.put_item(
      {.table_name = options_.table,
       .item = to_record(item),
       .condition_expression = is_free,
       .expression_attribute_values = Item{{":now", seconds_value(now)}},
       .return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old});
  if (!answer) return told(std::move(answer).error());
  return std::optional<Item>();
}

Result<ObtainedDismissible> TableDismissals::create_at(const DismissalUserId& user,
                                                       const DismissalItemId& item,
                                                       DismissalTime now) {
  Dismissible fresh = new_item(keeping_, user, item, now);
  bool lost = false;
  for (unsigned attempt = 1;; ++attempt) {
    auto put = put_new(fresh, now);
    if (put) return ObtainedDismissible{.item = std::move(fresh), .created = true};
    const Error& failure = put.error();
    lost = lost || failure.outcome_unknown();
    if (failure.is_condition_failure()) {
      if (const auto there = TRY(met(failure, user, item))) {
        if (auto record = TRY(read_record(*there, now))) {
          const bool is_ours = lost && record->created_at == fresh.created_at;
          return ObtainedDismissible{.item = std::move(*record), .created = is_ours};
        }
      }
      // Gone by now: once more.
    } else if (!failure.outcome_unknown()) {
      return failure;
    }
    if (!patience_.allows_after(attempt)) return failure;
  }
}

Result<std::vector<ObtainedDismissible>> TableDismissals::create_many(
    const DismissalUserId& user, std::span<const DismissalItemId> items) {
  std::map<std::string_view, std::size_t> places;
  std::vector<const DismissalItemId*> distinct;
  for (const DismissalItemId& item : items) {
    if (places.emplace(item.text(), distinct.size()).second) distinct.push_back(&item);
  }
  const DismissalTime created_at = now();
  std::vector<std::optional<Result<ObtainedDismissible>>> created(distinct.size());
  TRY(at_once(distinct.size(),
              [&](std::size_t i) { created[i] = create_at(user, *distinct[i], created_at); }));
  for (const auto& each : created) {
    if (!*each) return each->error();
  }
  std::vector<ObtainedDismissible> obtained;
  obtained.reserve(items.size());
  for (const DismissalItemId& item : items) obtained.push_back(**created[places.at(item.text())]);
  return obtained;
}

// ---- changing ----

TableDismissals::Before TableDismissals::update_to(const Dismissible& next, const Change& change,
                                                   const Item* seen) {
  AttributeMap values{{":t", time_value(next.dismissed_at)}};
  std::string update = "SET dismissedAt = :t";
  std::string rest;
  if (next.dismissed_until) {
    update += ", dismissedUntil = :until";
    values.emplace(":until", time_value(next.dismissed_until));
  } else {
    rest += " REMOVE dismissedUntil";
  }
  if (const auto expiry = expiry_from(change.keeping, change.now)) {
    update += ", expiresAt = :expires";
    values.emplace(":expires", seconds_value(*expiry));
  }
  if (change.kind == Change::Kind::dismiss && change.keeping.count_dismissals) {
    rest += " ADD dismissCount :one";
    values.emplace(":one", 1);
  }

  std::string condition;
  if (seen != nullptr) {
    condition = as_seen(*seen, values);
  } else {
    values.emplace(":now", seconds_value(change.now));
    values.emplace(":length", time_length);
    values.emplace(":zero", first_digit);
    if (change.kind == Change::Kind::dismiss) {
      condition = is_plainly_active;
      values.emplace(":nul", "NULL");
    } else {
      condition = is_plainly_dismissed;
      values.emplace(":nine", past_digits);
      // A request that the network held back must not take back a dismissal of after it.
      values.emplace(":since", time_value(change.now));
    }
  }
  auto answer = database_.update_item(
      {.table_name = options_.table,
       .key = key_of(next.user_id, next.item_id),
       .update_expression = update + rest,
       .condition_expression = std::move(condition),
       .expression_attribute_values = Item(std::move(values)),
       .return_values = ReturnValues::all_old,
       .return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old});
  if (!answer) return told(std::move(answer).error());
  return std::move(answer->attributes);
}

Result<DismissalChange> TableDismissals::make(const Change& change, const DismissalUserId& user,
                                              const DismissalItemId& item) {
  TRY(check_change(change));
  const bool dismisses = change.kind == Change::Kind::dismiss;

  // What is sent first knows nothing of the item: most are in the state that is expected of them.
  Dismissible next = new_item(change.keeping, user, item, change.now);
  if (dismisses) {
    next = *TRY(next_state({.now = change.now,
                            .options = {.create_missing = true, .until = change.options.until},
                            .keeping = change.keeping},
                           std::nullopt, user, item));
  }
  bool is_new = dismisses && change.options.create_missing;
  std::optional<Item> seen;

  std::optional<DismissalTime> lost;  // the dismissal that was written if an answer was lost
  bool any_lost = false;
  // What comes of the item that stands there: an outcome, or what to write next.
  const auto look = [&](std::optional<Item> there) -> Result<std::optional<DismissalChange>> {
    seen = std::move(there);
    auto current = seen ? TRY(read_record(*seen, change.now)) : std::nullopt;
    if (any_lost && current && current->dismissed_at == lost &&
        current->dismissed_until == change.options.until) {
      // Our own success, which stood in the way of its repetition.
      return std::optional(DismissalChange{.item = std::move(*current)});
    }
    auto decided = TRY(next_state(change, current, user, item));
    if (!decided) {
      return std::optional(
          DismissalChange{.item = *current, .previous = current, .changed = false});
    }
    next = std::move(*decided);
    is_new = !current;
    return std::optional<DismissalChange>();
  };
  for (unsigned attempt = 1;; ++attempt) {
    Before before =
        is_new ? put_new(next, change.now) : update_to(next, change, seen ? &*seen : nullptr);
    if (before) {
      if (is_new) return DismissalChange{.item = std::move(next)};
      auto previous = *before ? TRY(read_record(**before, change.now)) : std::nullopt;
      auto now_stands = TRY(next_state(change, previous, user, item));
      return DismissalChange{.item = std::move(now_stands).value_or(next),
                             .previous = std::move(previous)};
    }
    const Error& failure = before.error();
    if (failure.outcome_unknown()) {
      any_lost = true;
      lost = next.dismissed_at;
    }
    const bool is_refused = failure.is_condition_failure();
    if (!is_refused && !failure.outcome_unknown()) return failure;
    if (is_refused) {
      auto outcome = TRY(look(TRY(met(failure, user, item))));
      if (outcome) return std::move(*outcome);
      if (attempt == 1) continue;  // nobody was in the way: the item is just not a plain one
    }
    if (!patience_.allows_after(attempt)) {
      if (!is_refused) return failure;
      return Error(ErrorCode::write_conflict,
                   "Others kept changing the item with id \"" + item.text() + "\"; try again")
          .set_outcome_unknown(any_lost);
    }
    // Where many are in the way, what was met before the wait is not there any more.
    // Unread, it is what the next attempt meets.
    if (!is_refused) continue;
    if (auto there = fetch(user, item, true)) {
      auto outcome = TRY(look(std::move(*there)));
      if (outcome) return std::move(*outcome);
    }
  }
}

Result<Dismissible> TableDismissals::update(const DismissalUserId& user,
                                            const DismissalItemId& item,
                                            std::optional<DismissalTime> dismissed_at) {
  const DismissalTime changed_at = now();
  AttributeMap values{{":t", time_value(dismissed_at)}, {":now", seconds_value(changed_at)}};
  std::string update = "SET dismissedAt = :t";
  if (const auto expiry = expiry_from(keeping_, changed_at)) {
    update += ", expiresAt = :expires";
    values.emplace(":expires", seconds_value(*expiry));
  }
  const UpdateItemRequest request{.table_name = options_.table,
                                  .key = key_of(user.text(), item.text()),
                                  .update_expression = update + " REMOVE dismissedUntil",
                                  .condition_expression = is_there_still,
                                  .expression_attribute_values = Item(std::move(values)),
                                  .return_values = ReturnValues::all_new};
  return changed_to(request, item, true);
}

Result<Dismissible> TableDismissals::count_showing(const DismissalUserId& user,
                                                   const DismissalItemId& item) {
  const UpdateItemRequest request{
      .table_name = options_.table,
      .key = key_of(user.text(), item.text()),
      .update_expression = "ADD seenCount :one",
      .condition_expression = is_there_still,
      .expression_attribute_values = Item{{":one", 1}, {":now", seconds_value(now())}},
      .return_values = ReturnValues::all_new};
  return changed_to(request, item, false);
}

Result<Dismissible> TableDismissals::changed_to(const UpdateItemRequest& request,
                                                const DismissalItemId& item, bool may_repeat) {
  for (unsigned attempt = 1;; ++attempt) {
    auto answer = database_.update_item(request);
    if (answer) {
      if (answer->attributes) {
        if (auto record = TRY(read_record(*answer->attributes, now()))) return std::move(*record);
      }
      return not_found(item);  // expired in this very moment
    }
    const Error& failure = answer.error();
    if (failure.is_condition_failure()) return not_found(item);
    if (!failure.outcome_unknown() || !may_repeat || !patience_.allows_after(attempt)) {
      return told(failure);
    }
  }
}

// ---- removing ----

Result<bool> TableDismissals::remove(const DismissalUserId& user, const DismissalItemId& item) {
  bool lost = false;
  for (unsigned attempt = 1;; ++attempt) {
    auto answer = database_.delete_item({.table_name = options_.table,
                                         .key = key_of(user.text(), item.text()),
                                         .return_values = ReturnValues::all_old});
    if (answer) return lost || answer->attributes.has_value();
    const Error& failure = answer.error();
    lost = lost || failure.outcome_unknown();
    if (!failure.outcome_unknown() || !patience_.allows_after(attempt)) return told(failure);
  }
}

// `next_page` asks the database for the page that the request says.
template <typename Request, typename NextPage>
Result<std::size_t> TableDismissals::remove_found(Request request, const NextPage& next_page) {
  std::size_t removed = 0;
  do {
    auto page = next_page(request);
    if (!page) return told(std::move(page).error());
    std::vector<WriteRequest> writes;
    for (Item& key : *page->items) writes.push_back({.remove = std::move(key)});
    removed += writes.size();
    if (auto done = write_items(database_, options_.table, std::move(writes)); !done) {
      return told(std::move(done).error());
    }
    request.exclusive_start_key = std::move(page->last_evaluated_key);
  } while (request.exclusive_start_key);
  return removed;
}

Result<std::size_t> TableDismissals::erase(const DismissalUserId& user) {
  QueryRequest request{.table_name = options_.table,
                       .key_condition_expression = of_user,
                       .projection_expression = keys_only,
                       .expression_attribute_values = Item{{":user", user.text()}},
                       .consistent_read = true};
  return remove_found(request, [this](const QueryRequest& page) { return database_.query(page); });
}

Result<std::size_t> TableDismissals::remove_all() {
  ScanRequest request{
      .table_name = options_.table, .projection_expression = keys_only, .consistent_read = true};
  return remove_found(request, [this](const ScanRequest& page) { return database_.scan(page); });
}

}  // namespace
}  // namespace dynakeep::dismissals

namespace dynakeep {

CreateTableRequest dismissal_table_definition(std::string table) {
  return {.table_name = std::move(table),
          .attribute_definitions =
              std::vector<AttributeDefinition>{{dismissals::user_attribute, ScalarType::string},
                                               {dismissals::id_attribute, ScalarType::string}},
          .key_schema = KeySchema{{dismissals::user_attribute, KeyType::hash},
                                  {dismissals::id_attribute, KeyType::range}},
          .billing_mode = BillingMode::pay_per_request};
}

Result<std::unique_ptr<DismissalTable>> dismissal_table(Database& database,
                                                        DismissalTableOptions options) {
  if (options.table.empty()) return dismissals::refused("The table of dismissals needs a name");
  if (options.in_flight_max == 0 || options.attempts_max == 0) {
    return dismissals::refused("in_flight_max and attempts_max are at least 1");
  }
  TRY(dismissals::check_keeping({.expire_after = options.expire_after}));
  return std::unique_ptr<DismissalTable>(
      std::make_unique<dismissals::TableDismissals>(database, std::move(options)));
}

}  // namespace dynakeep
