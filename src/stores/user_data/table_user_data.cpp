#include "stores/user_data/table_user_data.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/log.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/pages.h"
#include "stores/support/key_words.h"
#include "stores/support/time_to_live.h"
#include "stores/user_data/merge.h"
#include "stores/user_data/options.h"
#include "stores/user_data/user_item.h"
#include "stores/user_data/values.h"

namespace dynakeep::user_data {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t key_bytes_max = 2048;
constexpr std::size_t warned_of_max = 10'000;

constexpr const char* is_absent = "attribute_not_exists(#k)";
constexpr const char* is_as_loaded = "#u = :loaded";
constexpr const char* is_without_time = "attribute_exists(#k) AND attribute_not_exists(#u)";
constexpr const char* is_there = "attribute_exists(#k)";

std::size_t bytes_of(const Item& item) {
  const auto bytes = stored_bytes(item);
  return bytes ? *bytes : 0;
}

std::size_t bytes_of(std::string_view name, const AttributeValue& value) {
  return bytes_of(Item(AttributeMap{{std::string(name), value}}));
}

bool is_time(std::string_view name) {
  return name == created_at_attribute || name == updated_at_attribute;
}

// Whether both say the same but for times, which every save renews: their own, those of their
// sessions, and when the user expires.
bool same_but_times(const AttributeMap& a, const AttributeMap& b,
                    const std::optional<UserExpiryOptions>& expiry, bool is_item = true) {
  const auto is_passed_over = [&](std::string_view name) {
    return is_time(name) || (is_item && expiry && name == expiry->attribute);
  };
  auto from_a = a.begin();
  auto from_b = b.begin();
  while (true) {
    while (from_a != a.end() && is_passed_over(from_a->first)) ++from_a;
    while (from_b != b.end() && is_passed_over(from_b->first)) ++from_b;
    if (from_a == a.end() || from_b == b.end()) return from_a == a.end() && from_b == b.end();
    if (from_a->first != from_b->first) return false;
    const bool are_sessions = is_item && from_a->first == session_attribute &&
                              from_a->second.is_map() && from_b->second.is_map();
    if (!(are_sessions
              ? same_but_times(from_a->second.as_map(), from_b->second.as_map(), expiry, false)
              : from_a->second == from_b->second)) {
      return false;
    }
    ++from_a;
    ++from_b;
  }
}

bool is_due(Time last, Time now, milliseconds period) { return now - last > period / 10; }

}  // namespace

TableUserData::TableUserData(Database& database, UserDataOptions options)
    : database_(database),
      options_(std::move(options)),
      patience_({.attempts_max = options_.attempts_max}, options_.wait, options_.random),
      wait_(options_.wait) {
  if (!wait_) wait_ = [](milliseconds time) { std::this_thread::sleep_for(time); };
}

Time TableUserData::now() const { return whole_milliseconds(options_.clock->now()); }

// ---- the table ----

CreateTableRequest TableUserData::table_definition() const {
  const UserTableOptions& table = options_.table;
  CreateTableRequest request{
      .table_name = table.name,
      .attribute_definitions =
          std::vector<AttributeDefinition>{{table.key_attribute, ScalarType::string}},
      .key_schema = KeySchema{{table.key_attribute, KeyType::hash}},
      .billing_mode =
          table.pay_per_request ? BillingMode::pay_per_request : BillingMode::provisioned};
  if (!table.pay_per_request) {
    request.provisioned_throughput = {.read_capacity_units = table.read_capacity_units,
                                      .write_capacity_units = table.write_capacity_units};
  }
  return request;
}

Result<void> TableUserData::ensure_table() {
  if (table_is_ready_) return {};
  const std::lock_guard lock(table_mutex_);
  if (table_is_ready_) return {};
  const std::string& name = options_.table.name;
  auto described = database_.describe_table({.table_name = name});
  if (!described) {
    if (described.error().code() != ErrorCode::resource_not_found) return described.error();
    if (!options_.table.create_if_missing) {
      return Error::resource_not_found("The table " + name +
                                       " does not exist, and createTableOnInit is off");
    }
    const auto created = database_.create_table(table_definition());
    // In use: another process was quicker.
    if (!created && created.error().code() != ErrorCode::resource_in_use) return created.error();
    described = DescribeTableResult{.table = {.table_status = TableStatus::creating}};
  }
  const TableDescription table = TRY(described_when_active(std::move(described->table)));
  TRY(check_key(table));
  if (options_.expiry) {
    TRY(stores::ensure_time_to_live_if_any(database_, name, options_.expiry->attribute));
  }
  table_is_ready_ = true;
  return {};
}

Result<TableDescription> TableUserData::described_when_active(TableDescription table) {
  milliseconds waited(0);
  for (int tries = 0;; ++tries) {
    if (table.table_status == TableStatus::active || table.table_status == TableStatus::updating) {
      return table;
    }
    const milliseconds pause = tries < 10 ? seconds(1) : seconds(2);
    // The first question comes at once: an engine on this machine has made the table already.
    if (tries > 0) {
      if (waited + pause > options_.table.patience) break;
      wait_(pause);
      waited += pause;
    }
    auto described = database_.describe_table({.table_name = options_.table.name});
    // A table just made may not be known everywhere yet.
    if (!described && described.error().code() != ErrorCode::resource_not_found) {
      return described.error();
    }
    if (described) table = std::move(described->table);
  }
  return Error(ErrorCode::timed_out, "The table " + options_.table.name + " is not active after " +
                                         std::to_string(waited.count() / 1000) + " s");
}

Result<void> TableUserData::check_key(const TableDescription& table) const {
  const CreateTableRequest wanted = table_definition();
  const std::string found = stores::words_of(table.key_schema, table.attribute_definitions);
  const std::string needed = stores::words_of(*wanted.key_schema, *wanted.attribute_definitions);
  if (found == needed) return {};
  return refused("Table " + options_.table.name + " has the key " + found + "; needed is " +
                 needed);
}

Result<void> TableUserData::table_if_checked() {
  return options_.check_table ? ensure_table() : Result<void>();
}

// ---- loading ----

Result<std::string> TableUserData::key_of(std::string_view user_id) const {
  std::string key = options_.application;
  if (!key.empty()) key += '#';
  key += user_id;
  if (key.size() > key_bytes_max) {
    return refused("A user id may take " +
                   std::to_string(key_bytes_max - (key.size() - user_id.size())) +
                   " bytes; this has " + std::to_string(user_id.size()));
  }
  return key;
}

Result<std::optional<Item>> TableUserData::read_item(const std::string& key) {
  GetItemResult got = TRY(database_.get_item({.table_name = options_.table.name,
                                              .key = Key{{options_.table.key_attribute, key}},
                                              .consistent_read = true}));
  return std::move(got.item);
}

Result<UserTurn> TableUserData::load(std::string_view user_id, const UserSession& platform,
                                     const UserSessionOptions* session) {
  const Time begun = now();
  UserTurn turn;
  turn.user_id = user_id;
  LoadedUser loaded{.user_id = turn.user_id, .session = session ? *session : options_.session};
  if (session != nullptr) {
    if (session->expires_after.count() < 0) return refused("A session's expiry is negative");
    replace_zero_expiry(loaded.session);
  }
  if (!user_id.empty()) {
    const std::string key = TRY(key_of(user_id));
    TRY(table_if_checked());
    loaded.item = TRY(read_item(key));
  }
  TRY(fill(turn, loaded, platform, begun));
  UserTurnAccess::set_loaded(turn, std::move(loaded));
  return turn;
}

Result<void> TableUserData::fill(UserTurn& turn, LoadedUser& loaded, const UserSession& platform,
                                 Time begun) {
  turn.created_at = begun;
  turn.updated_at = begun;
  UserSession& session = turn.session.emplace(platform);
  session.updated_at = begun;
  if (session.is_new || !session.created_at) session.created_at = begun;

  loaded.expired = loaded.item && is_expired(*loaded.item, options_.expiry, begun);
  const Item* const item = loaded.current();
  turn.is_new = item == nullptr;
  if (item == nullptr) return {};

  if (options_.user) turn.user = TRY(read_user(*item));
  if (options_.history.enabled) turn.history = TRY(read_history(*item));
  loaded.history = turn.history;
  const AttributeView view(*item);
  if (options_.created_at) {
    const AttributeView stored = view[created_at_attribute];
    turn.created_at = read_time(stored).value_or(begun);
    if (stored.exists() && !read_time(stored)) {
      base::log(LogLevel::warning, "a user's createdAt is no moment, and is set anew",
                {{"user", loaded.user_id}});
    }
  }
  if (options_.updated_at) {
    turn.updated_at = read_time(view[updated_at_attribute]).value_or(begun);
  }

  if (!loaded.session.enabled) return {};
  auto stored = TRY(read_session(*item));
  if (!stored || has_ended(*stored, loaded.session, begun)) return {};
  if (loaded.session.honour_new && platform.is_new && platform.id && platform.id != stored->id) {
    return {};
  }
  loaded.session_goes_on = true;
  session.is_new = false;
  if (stored->id && !stored->id->empty()) session.id = std::move(stored->id);
  if (AttributeView(*item)[session_attribute][data_member].exists()) {
    session.data = std::move(stored->data);
  }
  if (stored->state) session.state = std::move(stored->state);
  session.created_at = stored->created_at.value_or(begun);
  return {};
}

// ---- saving ----

Result<std::optional<AttributeMap>> TableUserData::entry_of(const UserTurn& turn) const {
  if (!options_.history.enabled || !turn.adds_entry) return std::optional<AttributeMap>();
  AttributeMap entry;
  for (const std::string& name : options_.history.members) {
    if (const auto found = turn.entry.find(name); found != turn.entry.end()) entry.insert(*found);
  }
  for (const auto& [name, function] : options_.history.custom) {
    auto value = TRY(function(turn));
    entry.erase(name);
    if (value) entry.emplace(name, std::move(*value));
  }
  return std::optional(std::move(entry));
}

// Every value that the turn has set; what others keep in the item was stored before.
Result<void> TableUserData::check_values(const Saving& saving, const Item& item) const {
  const Item* const loaded = saving.loaded.current();
  for (const std::string_view name : {user_attribute, session_attribute, history_attribute}) {
    if (!writes(saving, name)) continue;
    const AttributeValue* const found = item.find(name);
    if (found == nullptr) continue;
    const AttributeValue* const stored = loaded == nullptr ? nullptr : loaded->find(name);
    TRY(check_storable(*found, name, stored, options_.allow_imprecise));
  }
  return {};
}

void TableUserData::convert_empty_values(const Saving& saving, Item& item) const {
  for (const std::string_view name : {user_attribute, session_attribute, history_attribute}) {
    if (writes(saving, name) && item.contains(name)) convert_empty(item[name]);
  }
}

bool TableUserData::writes(const Saving& saving, std::string_view element) const {
  if (element == user_attribute) return options_.user;
  return element == session_attribute ? saving.loaded.session.enabled : options_.history.enabled;
}

bool TableUserData::is_unchanged(const Saving& saving, const std::string& key) const {
  const Item* const current = saving.loaded.current();
  if (!options_.skip_unchanged || current == nullptr) return false;
  const AttributeView view(*current);
  if (options_.created_at && !read_time(view[created_at_attribute])) return false;
  if (options_.updated_at && !read_time(view[updated_at_attribute])) return false;
  const Time at = now();
  if (saving.loaded.session.enabled && saving.turn.session) {
    const auto renewed = read_time(view[session_attribute][updated_at_attribute]);
    if (!renewed || is_due(*renewed, at, saving.loaded.session.expires_after)) return false;
  }
  if (options_.expiry) {
    const auto expires = view[options_.expiry->attribute].integer();
    if (!expires ||
        is_due(Time(seconds(*expires)) - options_.expiry->after, at, options_.expiry->after)) {
      return false;
    }
  }
  // A turn that has nothing to tell adds nothing to a history worth a write.
  const bool tells_something = saving.entry && !saving.entry->empty();
  const Item mine = compose(saving.turn, saving.loaded, options_, key,
                            tells_something ? saving.entry : std::nullopt, saving.keeps_unknown);
  return same_but_times(mine.attributes(), current->attributes(), options_.expiry);
}

Item TableUserData::stamped(Item item, const Item* over) const {
  Time moment = now();
  if (over != nullptr) {
    // Two saves of one time could not be told apart.
    const auto last = read_time(AttributeView(*over)[updated_at_attribute]);
    if (last) moment = std::max(moment, whole_milliseconds(*last) + milliseconds(1));
  }
  if (options_.updated_at) item[updated_at_attribute] = to_iso(moment);
  if (options_.expiry) {
    item[options_.expiry->attribute] =
        std::chrono::ceil<seconds>((moment + options_.expiry->after).time_since_epoch()).count();
  }
  return item;
}

Result<Item> TableUserData::fitted(Item item, SaveReport& report) {
  report.trimmed_entries = 0;
  auto counted = stored_bytes(item);
  if (!counted) return refused(counted.error().message());
  std::size_t bytes = *counted;
  if (bytes > options_.item_bytes_max && options_.trim_history && options_.history.enabled) {
    std::vector<AttributeMap> history = TRY(read_history(item));
    const std::size_t before = history.size();
    while (bytes > options_.item_bytes_max && !history.empty()) {
      bytes -= 1 + bytes_of("", history.back());  // an element of a list takes one
      history.pop_back();
    }
    report.trimmed_entries = before - history.size();
    AttributeMap attributes = item.attributes();
    set_history(attributes, std::move(history));
    item = Item(std::move(attributes));
    bytes = bytes_of(item);
  }
  report.item_bytes = bytes;
  if (bytes <= options_.item_bytes_max) return item;
  const UserSize size = size_of({.item = item});
  return Error(ErrorCode::limit_exceeded,
               "The item takes " + std::to_string(bytes) + " bytes, of " +
                   std::to_string(options_.item_bytes_max) + ": user " + std::to_string(size.user) +
                   ", session " + std::to_string(size.session) + ", history " +
                   std::to_string(size.history) + ", others " +
                   std::to_string(size.times + size.other));
}

Error TableUserData::conflict(const std::optional<Item>& stored) const {
  Error error(ErrorCode::write_conflict, stored ? "The user was saved by another turn meanwhile"
                                                : "The user was erased meanwhile");
  if (stored) error.set_item(*stored);
  return error;
}

// One PutItem. An answer that is lost is looked for, and where nothing was stored the same item is
// sent once more: its condition lets it in only once.
Result<TableUserData::Answer> TableUserData::put(Saving& saving, Item made, const Item* over) {
  PutItemRequest request{.table_name = options_.table.name, .item = std::move(made)};
  const Item& item = *request.item;
  const std::string key = item.at(options_.table.key_attribute).as_string();
  if (saving.mode != SaveMode::replace) {
    ExpressionAttributeNames names;
    const AttributeValue* const loaded =
        over == nullptr ? nullptr : over->find(updated_at_attribute);
    if (loaded == nullptr) names["#k"] = options_.table.key_attribute;
    if (over != nullptr) names["#u"] = updated_at_attribute;
    if (loaded != nullptr) {
      request.expression_attribute_values = ExpressionAttributeValues{{":loaded", *loaded}};
    }
    request.condition_expression = over == nullptr     ? is_absent
                                   : loaded == nullptr ? is_without_time
                                                       : is_as_loaded;
    request.expression_attribute_names = std::move(names);
    request.return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old;
  }
  const auto is_mine = [&](const std::optional<Item>& stored) {
    return stored && std::find(saving.unanswered.begin(), saving.unanswered.end(), *stored) !=
                         saving.unanswered.end();
  };
  constexpr int sendings_max = 2;
  for (int sending = 1;; ++sending) {
    ++saving.report.attempts;
    const auto written = database_.put_item(request);
    if (written) return Answer{.put = Put::stored, .item = std::move(request.item)};
    const Error& error = written.error();
    if (!error.is_condition_failure() && !error.outcome_unknown()) return error;
    if (error.outcome_unknown()) saving.unanswered.push_back(item);

    std::optional<Item> stored;
    if (error.is_condition_failure() && error.item() != nullptr) {
      stored = *error.item();
    } else {
      auto read = read_item(key);
      if (!read) return error.outcome_unknown() ? error : read.error();
      stored = std::move(*read);
    }
    if (is_mine(stored)) return Answer{.put = Put::stored, .item = std::move(stored)};
    if (error.is_condition_failure()) return Answer{.put = Put::refused, .item = stored};
    const bool is_untouched = over == nullptr ? !stored : stored && *stored == *over;
    if (saving.mode == SaveMode::replace || (is_untouched && sending == sendings_max)) {
      return error;
    }
    if (!is_untouched) return Answer{.put = Put::refused, .item = stored};
  }
}

Result<Item> TableUserData::store_item(Saving& saving, const std::string& key) {
  Item mine =
      compose(saving.turn, saving.loaded, options_, key, saving.entry, saving.keeps_unknown);
  if (options_.convert_empty) convert_empty_values(saving, mine);
  TRY(check_values(saving, mine));
  std::optional<Item> over = saving.loaded.item;
  Item next = std::move(mine);
  for (unsigned attempt = 1;; ++attempt) {
    const Item* const guarded = over && saving.mode != SaveMode::replace ? &*over : nullptr;
    auto answer =
        put(saving, TRY(fitted(stamped(std::move(next), guarded), saving.report)), guarded);
    if (!answer) {
      // What was sent before, and not answered, may be stored whatever this error says.
      return Error(answer.error()).set_outcome_unknown(!saving.unanswered.empty());
    }
    if (answer->put == Put::stored) return std::move(*answer->item);
    over = std::move(answer->item);
    if (saving.mode != SaveMode::merge || !patience_.allows_after(attempt)) {
      return conflict(over).set_outcome_unknown(!saving.unanswered.empty());
    }
    next = TRY(merged_with(saving, key, over));
  }
}

// Others were quicker: what is to be saved over what they stored.
Result<Item> TableUserData::merged_with(Saving& saving, const std::string& key,
                                        const std::optional<Item>& theirs) const {
  Item mine =
      compose(saving.turn, saving.loaded, options_, key, saving.entry, saving.keeps_unknown);
  if (options_.convert_empty) convert_empty_values(saving, mine);
  const Merge merge{.options = options_,
                    .loaded = saving.loaded,
                    .mine = mine,
                    .entry = saving.entry,
                    .history = saving.turn.history,
                    .keeps_unknown = saving.keeps_unknown};
  const bool counts = theirs && !is_expired(*theirs, options_.expiry, now());
  saving.report.overruled.clear();
  saving.is_merged = true;
  return merge_items(merge, counts ? &*theirs : nullptr, saving.unanswered,
                     saving.report.overruled);
}

void TableUserData::warn_of_size(const std::string& user_id, std::size_t bytes) {
  if (bytes < options_.item_bytes_max / 4 * 3) return;
  {
    const std::lock_guard lock(warned_mutex_);
    if (warned_of_.size() >= warned_of_max) warned_of_.clear();
    if (!warned_of_.insert(user_id).second) return;
  }
  base::log(LogLevel::warning, "a user's item is close to the largest that may be",
            {{"user", user_id}, {"bytes", std::to_string(bytes)}});
}

// Makes the turn what was stored.
void TableUserData::take(UserTurn& turn, const LoadedUser& loaded, Item stored,
                         bool is_as_left) const {
  LoadedUser next{.user_id = loaded.user_id, .session = loaded.session};
  // Nothing here can fail to be read: it was composed of what had been read.
  if (options_.user && !is_as_left) turn.user = read_user(stored).value();
  if (options_.history.enabled) turn.history = read_history(stored).value();
  next.history = turn.history;
  if (loaded.session.enabled && turn.session) {
    const bool is_new = turn.session->is_new;
    turn.session = read_session(stored).value();
    if (turn.session) turn.session->is_new = is_new;
    next.session_goes_on = turn.session.has_value();
  }
  const AttributeView view(stored);
  turn.created_at = read_time(view[created_at_attribute]).value_or(turn.created_at);
  turn.updated_at = read_time(view[updated_at_attribute]).value_or(turn.updated_at);
  turn.is_new = false;
  turn.entry.clear();
  next.item = std::move(stored);
  UserTurnAccess::set_loaded(turn, std::move(next));
}

Result<SaveReport> TableUserData::save(UserTurn& turn, std::optional<SaveMode> mode) {
  const LoadedUser* const loaded = UserTurnAccess::loaded(turn);
  if (loaded == nullptr || loaded->user_id != turn.user_id) {
    return refused("A turn is saved for the user that it was loaded for");
  }
  if (turn.user_id.empty()) return SaveReport{.skipped = true};
  const SaveMode how = mode.value_or(options_.save_mode);
  if (how != SaveMode::replace && !options_.updated_at) {
    return refused("Without updatedAt turns can only be saved in SaveMode::replace");
  }
  const std::string key = TRY(key_of(turn.user_id));
  TRY(table_if_checked());
  Saving saving{.turn = turn,
                .loaded = *loaded,
                .mode = how,
                .keeps_unknown = how != SaveMode::replace && !options_.drop_unknown,
                .entry = TRY(entry_of(turn))};
  if (is_unchanged(saving, key)) {
    saving.report.skipped = true;
    return saving.report;
  }
  Item stored = TRY(store_item(saving, key));
  if (saving.report.trimmed_entries > 0) {
    base::log(LogLevel::warning, "a user's history was cut for the item to fit",
              {{"user", turn.user_id}, {"entries", std::to_string(saving.report.trimmed_entries)}});
  }
  warn_of_size(turn.user_id, saving.report.item_bytes);
  SaveReport report = std::move(saving.report);
  take(turn, *loaded, std::move(stored), !saving.is_merged && !options_.convert_empty);
  return report;
}

Result<UserTurn> TableUserData::update(std::string_view user_id,
                                       const std::function<Result<void>(UserTurn&)>& change,
                                       const UserSessionOptions* session) {
  for (unsigned attempt = 1;; ++attempt) {
    UserTurn turn = TRY(load(user_id, {}, session));
    turn.adds_entry = false;
    TRY(change(turn));
    const auto saved = save(turn, SaveMode::guarded);
    if (saved) return turn;
    // Where nobody knows whether it was stored, changing what is there once more might be twice.
    if (saved.error().code() != ErrorCode::write_conflict || saved.error().outcome_unknown() ||
        !patience_.allows_after(attempt)) {
      return saved.error();
    }
  }
}

// ---- whole users ----

Result<bool> TableUserData::erase(std::string_view user_id,
                                  std::optional<std::string_view> if_updated_at) {
  if (user_id.empty()) return refused("A user id is needed");
  const std::string key = TRY(key_of(user_id));
  TRY(table_if_checked());
  DeleteItemRequest request{
      .table_name = options_.table.name,
      .key = Key{{options_.table.key_attribute, key}},
      .condition_expression = is_there,
      .expression_attribute_names = ExpressionAttributeNames{{"#k", options_.table.key_attribute}},
      .return_values_on_condition_check_failure = ReturnValuesOnConditionCheckFailure::all_old};
  if (if_updated_at) {
    request.condition_expression = is_as_loaded;
    request.expression_attribute_names =
        ExpressionAttributeNames{{"#u", std::string(updated_at_attribute)}};
    request.expression_attribute_values = ExpressionAttributeValues{{":loaded", *if_updated_at}};
  }
  const auto erased = database_.delete_item(request);
  if (erased) return true;
  const Error& error = erased.error();
  if (!error.is_condition_failure()) return error;
  std::optional<Item> stored;
  if (error.item() != nullptr) {
    stored = *error.item();
  } else {
    stored = TRY(read_item(key));
  }
  // Gone after an answer was lost: this call did it, as far as anyone can tell.
  if (!stored && error.outcome_unknown()) return true;
  if (!stored && !if_updated_at) return false;
  return conflict(stored).set_outcome_unknown(error.outcome_unknown());
}

Result<std::optional<StoredUser>> TableUserData::stored(std::string_view user_id) {
  if (user_id.empty()) return refused("A user id is needed");
  const std::string key = TRY(key_of(user_id));
  TRY(table_if_checked());
  auto item = TRY(read_item(key));
  if (!item) return std::optional<StoredUser>();
  return std::optional(StoredUser{.user_id = std::string(user_id), .item = std::move(*item)});
}

Result<std::size_t> TableUserData::for_each_user(const std::function<bool(StoredUser&&)>& visit) {
  TRY(table_if_checked());
  const std::string prefix = options_.application.empty() ? "" : options_.application + '#';
  std::size_t visited = 0;
  TRY(for_each_item(database_,
                    ScanRequest{.table_name = options_.table.name, .consistent_read = true},
                    [&](Item&& item) {
                      const auto key = AttributeView(item)[options_.table.key_attribute].text();
                      if (!key || !key->starts_with(prefix)) return true;
                      ++visited;
                      std::string user_id(key->substr(prefix.size()));
                      return visit({.user_id = std::move(user_id), .item = std::move(item)});
                    }));
  return visited;
}

UserSize TableUserData::size_of(const StoredUser& stored) const {
  UserSize size;
  for (const auto& [name, value] : stored.item) {
    const std::size_t bytes = bytes_of(name, value);
    if (name == user_attribute) {
      size.user += bytes;
    } else if (name == session_attribute) {
      size.session += bytes;
    } else if (name == history_attribute) {
      size.history += bytes;
    } else if (name == created_at_attribute || name == updated_at_attribute) {
      size.times += bytes;
    } else {
      size.other += bytes;
    }
  }
  return size;
}

}  // namespace dynakeep::user_data

namespace dynakeep {

Result<std::unique_ptr<UserDataStore>> UserDataStore::create(Database& database,
                                                             UserDataOptions options) {
  return std::unique_ptr<UserDataStore>(std::make_unique<user_data::TableUserData>(
      database, TRY(user_data::checked(std::move(options)))));
}

std::optional<std::string> stored_version(const UserTurn& turn) {
  const LoadedUser* const loaded = UserTurnAccess::loaded(turn);
  const Item* const item = loaded == nullptr ? nullptr : loaded->current();
  if (item == nullptr) return std::nullopt;
  const auto text = AttributeView(*item)[user_data::updated_at_attribute].text();
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

std::string export_user(const StoredUser& stored) {
  return user_data_to_json(AttributeValue(stored.item.attributes()));
}

}  // namespace dynakeep
