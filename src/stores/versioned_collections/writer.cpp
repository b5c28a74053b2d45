#include "stores/versioned_collections/writer.h"

#include <algorithm>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/iso_time.h"

namespace dynakeep::collections {
namespace {

constexpr const char* row_is_free = "attribute_not_exists(#sort)";
// An empty text is what dynamodb-mini stores of a request that says so, and no deletion. It is the
// one text below the least character, and is not named itself: engines without empty texts refuse a
// request that does.
constexpr const char* row_is_live =
    "attribute_exists(#sort) AND (attribute_not_exists(#deleted) OR #deleted < :least)";
constexpr const char* least_text = "\x01";
constexpr const char* set_deleted = "SET #deleted = :time";
constexpr const char* head_is_free = "attribute_not_exists(#ver)";
constexpr const char* head_is_as_seen = "#ver = :seenVer AND #rev = :seenRev AND #del = :seenDel";
constexpr const char* set_head = "SET #ver = :ver, #rev = :rev, #del = :del, #tok = :tok";
constexpr const char* set_remembered = ", #idem = :idem";
constexpr const char* set_floor = ", #floor = :floor";

constexpr unsigned attempts_max = 60;
constexpr std::size_t item_bytes_max = 400 * 1024;
constexpr std::size_t transaction_bytes_max = 4 << 20;

using SteadyTime = std::chrono::steady_clock::time_point;

bool matches(const std::vector<StateTag>& tags, const StateTag& state) {
  return std::find(tags.begin(), tags.end(), state) != tags.end();
}

std::string what_is(const ResourcePath& path) {
  return path.is_entry() ? "entry " + path.entry : "collection " + path.collection;
}

TransactConditionCheck still_live(const Resource& resource, Millis version) {
  return {
      .table_name = resource.table->table,
      .key = row_key(resource, version),
      .condition_expression = row_is_live,
      .expression_attribute_names = {{{"#sort", resource.table->sort}, {"#deleted", "deletedAt"}}},
      .expression_attribute_values = Item{{":least", least_text}}};
}

ExpressionAttributeNames head_names() {
  return {{"#ver", "ver"}, {"#rev", "rev"}, {"#del", "del"}, {"#tok", "tok"}};
}

// Adds to the names and values of a head's update the condition that it is as it was seen.
std::string condition_on_head(const std::optional<Head>& seen, AttributeMap& values) {
  if (!seen) return head_is_free;
  values.emplace(":seenVer", seen->version);
  values.emplace(":seenRev", seen->revision);
  values.emplace(":seenDel", seen->deleted);
  return head_is_as_seen;
}

}  // namespace

Error with_state(Error error, const std::optional<ResourceVersion>& met) {
  if (met) error.set_item(Item{{"version", met->version}, {"deleted", met->is_deleted()}});
  return error;
}

Error not_found(const ResourcePath& path, const std::optional<ResourceVersion>& met) {
  return with_state(
      Error(ErrorCode::not_found, (met ? "Deleted: " : "There is no ") + what_is(path)), met);
}

Error others_in_the_way(const ResourcePath& path) {
  return {ErrorCode::write_conflict, "Others kept writing " + what_is(path) + "; try again"};
}

bool is_contention(const Error& error) {
  switch (error.code()) {
    case ErrorCode::conditional_check_failed:
    case ErrorCode::transaction_conflict:
    case ErrorCode::transaction_in_progress:
      return true;
    case ErrorCode::transaction_canceled:
      return std::all_of(error.cancellation_reasons().begin(), error.cancellation_reasons().end(),
                         [](const CancellationReason& reason) {
                           return reason.code == "None" ||
                                  reason.code == "ConditionalCheckFailed" ||
                                  reason.code == "TransactionConflict";
                         });
    default:
      return false;
  }
}

Result<std::size_t> check_row(const Item& row) {
  auto bytes = stored_bytes(row);
  if (!bytes) return Error(ErrorCode::invalid_argument, bytes.error().message());
  if (*bytes > item_bytes_max) {
    return Error(ErrorCode::invalid_argument, "A version may take " +
                                                  std::to_string(item_bytes_max) +
                                                  " bytes; this one has " + std::to_string(*bytes));
  }
  return *bytes;
}

Writer::Writer(Database& database, const Layout& layout, const Reader& reader,
               const VersionedCollectionsOptions& options)
    : database_(database),
      layout_(layout),
      reader_(reader),
      options_(options),
      patience_({.attempts_max = attempts_max,
                 .first_bound = std::chrono::milliseconds(5),
                 .last_bound = std::chrono::milliseconds(400)},
                options.wait, options.random) {}

Millis Writer::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(options_.clock->now())
      .time_since_epoch()
      .count();
}

// ---- planning ----

Result<void> Writer::check_state(const Intent& intent,
                                 const std::optional<ResourceVersion>& newest) const {
  const WriteOptions& options = intent.options;
  const auto failed = [&] {
    return with_state(
        Error(ErrorCode::precondition_failed, "The state of " + what_is(intent.resource.path) +
                                                  " is not the one that was asked for"),
        newest);
  };
  const bool conditional = options.if_live || options.if_match;
  if (!newest) return conditional ? failed() : not_found(intent.resource.path);
  if (newest->is_deleted() && (intent.wants == Wants::live || options.if_live)) {
    return conditional ? failed() : not_found(intent.resource.path, newest);
  }
  if (options.if_match && !matches(*options.if_match, newest->tag())) return failed();
  return {};
}

Result<Writer::Planned> Writer::plan(const Intent& intent, const std::string& token) const {
  const Resource& resource = intent.resource;
  Planned planned{.intent = &intent};
  if (is_linear()) planned.seen = TRY(reader_.head(resource));
  const auto newest = TRY(reader_.newest(resource, true));

  const auto& remembered = planned.seen ? planned.seen->remembered : std::nullopt;
  if (intent.options.idempotency_key && remembered &&
      remembered->key == *intent.options.idempotency_key) {
    auto written = TRY(reader_.row(resource, remembered->tag.version));
    planned.result = written ? std::move(*written) : ResourceVersion{.path = resource.path};
    planned.result.version = remembered->tag.version;
    planned.result.revision = remembered->revision;
    if (!remembered->tag.deleted) planned.result.deleted_at.reset();
    return planned;
  }
  if (intent.wants == Wants::none || intent.wants == Wants::none_or_first) {
    if (!newest) return plan_first(intent, std::move(planned), token);
    if (intent.wants == Wants::none) {
      return with_state(Error(ErrorCode::precondition_failed,
                              "There is a " + what_is(resource.path) + " already"),
                        newest);
    }
    planned.result = TRY(reader_.oldest(resource)).value_or(*newest);
    return planned;
  }
  TRY(check_state(intent, newest));

  const NextState next = TRY(intent.decide(&*newest));
  std::int64_t revision = 0;
  if (is_linear()) {
    revision = TRY(reader_.revision_of_newest(resource, *newest, planned.seen));
  }
  if (next.remove) {
    planned.result = *newest;
    planned.result.deleted_at =
        to_iso(Time{std::chrono::milliseconds(std::max(now(), newest->version))});
    if (is_linear()) planned.result.revision = revision;
    planned.actions.push_back(
        {.update =
             TransactUpdate{.table_name = resource.table->table,
                            .key = row_key(resource, newest->version),
                            .update_expression = set_deleted,
                            .condition_expression = row_is_live,
                            .expression_attribute_names = {{{"#sort", resource.table->sort},
                                                            {"#deleted", "deletedAt"}}},
                            .expression_attribute_values = Item{
                                {":time", *planned.result.deleted_at}, {":least", least_text}}}});
  } else {
    const Millis deleted = deletion_time(*newest).value_or(0);
    planned.result = {.path = resource.path,
                      .name = next.name,
                      .value = next.value,
                      .version = std::max({now(), newest->version + 1, deleted + 1,
                                           planned.seen ? planned.seen->version + 1 : 0}),
                      .restored_from = next.restored_from,
                      .by = intent.options.by,
                      .message = intent.options.message};
    // Without a head two writers may take the same revision, and none is better than a wrong one.
    if (is_linear()) planned.result.revision = ++revision;
    TRY(put_version(planned));
    if (is_linear() && options_.mixed_writers && !newest->is_deleted()) {
      planned.actions.push_back({.condition_check = still_live(resource, newest->version)});
    }
  }
  if (is_linear()) planned.actions.push_back(head_update(planned, revision, token));
  return planned;
}

Result<Writer::Planned> Writer::plan_first(const Intent& intent, Planned planned,
                                           const std::string& token) const {
  const NextState next = TRY(intent.decide(nullptr));
  // A head without versions is what a purge left that was interrupted.
  const Millis after = planned.seen ? planned.seen->version + 1 : 0;
  const std::int64_t revision = planned.seen ? planned.seen->revision + 1 : 1;
  planned.result = {.path = intent.resource.path,
                    .name = next.name,
                    .value = next.value,
                    .version = std::max(now(), after),
                    .revision = revision,
                    .by = intent.options.by,
                    .message = intent.options.message};
  TRY(put_version(planned));
  planned.actions.push_back(head_update(planned, revision, token));
  return planned;
}

Result<void> Writer::put_version(Planned& planned) const {
  const Resource& resource = planned.intent->resource;
  Item row = to_row(resource, planned.result);
  planned.bytes = TRY(check_row(row));
  planned.actions.push_back(
      {.put = TransactPut{.table_name = resource.table->table,
                          .item = std::move(row),
                          .condition_expression = row_is_free,
                          .expression_attribute_names = {{{"#sort", resource.table->sort}}}}});
  return {};
}

TransactWriteItem Writer::head_update(const Planned& planned, std::int64_t revision,
                                      const std::string& token) const {
  const ResourceVersion& result = planned.result;
  const bool deleted = result.is_deleted();
  AttributeMap values{
      {":ver", result.version}, {":rev", revision}, {":del", deleted}, {":tok", token}};
  ExpressionAttributeNames names = head_names();
  std::string update = set_head;
  if (const auto& key = planned.intent->options.idempotency_key) {
    update += set_remembered;
    names.emplace("#idem", "idem");
    values.emplace(
        ":idem",
        AttributeMap{{"key", *key}, {"ver", result.version}, {"rev", revision}, {"del", deleted}});
  }
  std::string condition = condition_on_head(planned.seen, values);
  return {.update = TransactUpdate{.table_name = layout_.entries.table,
                                   .key = planned.intent->resource.head,
                                   .update_expression = std::move(update),
                                   .condition_expression = std::move(condition),
                                   .expression_attribute_names = std::move(names),
                                   .expression_attribute_values = Item(std::move(values))}};
}

// ---- sending ----

bool Writer::allows_after(unsigned attempt, SteadyTime deadline) const {
  return std::chrono::steady_clock::now() < deadline && patience_.allows_after(attempt);
}

KeyQueues::Turn Writer::turn_of(const std::vector<Intent>& intents) const {
  std::vector<std::string> keys;
  for (const Intent& intent : intents) {
    keys.push_back(intent.resource.table->table + '\0' + intent.resource.partition + '\0' +
                   intent.resource.prefix);
  }
  return queues_.wait_for(std::move(keys),
                          std::chrono::system_clock::now() + options_.write_timeout);
}

Result<bool> Writer::row_is_there(const Planned& planned) const {
  const auto row = TRY(reader_.row(planned.intent->resource, planned.result.version));
  if (!row) return false;
  if (planned.result.is_deleted()) return row->deleted_at == planned.result.deleted_at;
  // Another may have deleted it since.
  ResourceVersion written = *row;
  written.deleted_at.reset();
  return written == planned.result;
}

Result<std::optional<bool>> Writer::look(const Planned& planned, const std::string& token) const {
  const auto head = TRY(reader_.head(planned.intent->resource));
  if (head && head->token == token) return true;
  const bool as_seen = head.has_value() == planned.seen.has_value() &&
                       (!head || (head->version == planned.seen->version &&
                                  head->revision == planned.seen->revision &&
                                  head->deleted == planned.seen->deleted));
  if (as_seen) return std::nullopt;
  // Others have written since, before it or after it.
  return TRY(row_is_there(planned));
}

Result<Writer::Sent> Writer::send(const std::vector<Planned>& planned, const std::string& token,
                                  SteadyTime deadline) const {
  if (!is_linear()) return send_unguarded(planned.front());

  TransactWriteItemsRequest request;
  std::vector<TransactWriteItem>& actions = request.transact_items.emplace();
  const Planned* first = nullptr;
  std::size_t bytes = 0;
  for (const Planned& each : planned) {
    if (each.actions.empty()) continue;
    if (first == nullptr) first = &each;
    bytes += each.bytes;
    actions.insert(actions.end(), each.actions.begin(), each.actions.end());
  }
  if (first == nullptr) return Sent::done;
  if (bytes > transaction_bytes_max ||
      actions.size() > database_.capabilities().transaction_actions_max) {
    return Error(ErrorCode::invalid_argument,
                 "The operations are too many or too large for one "
                 "transaction");
  }
  request.client_request_token = token;

  for (unsigned attempt = 1;; ++attempt) {
    auto answer = database_.transact_write_items(request);
    if (answer) return Sent::done;
    Error error = std::move(answer).error();
    if (!error.outcome_unknown()) {
      if (is_contention(error)) return Sent::contended;
      return error;
    }
    // No answer came: what there is now tells whether it was done, unless it may still be under
    // way. Then the same transaction is sent again, which by its token is done once.
    const auto looked = look(*first, token);
    if (looked && *looked) return **looked ? Sent::done : Sent::contended;
    if (!allows_after(attempt, deadline)) return error;
  }
}

Result<Writer::Sent> Writer::send_unguarded(const Planned& planned) const {
  const TransactWriteItem& action = planned.actions.front();
  Result<void> written;
  if (action.put) {
    auto answer =
        database_.put_item({.table_name = action.put->table_name,
                            .item = action.put->item,
                            .condition_expression = action.put->condition_expression,
                            .expression_attribute_names = action.put->expression_attribute_names});
    if (!answer) written = std::move(answer).error();
  } else {
    auto answer = database_.update_item(
        {.table_name = action.update->table_name,
         .key = action.update->key,
         .update_expression = action.update->update_expression,
         .condition_expression = action.update->condition_expression,
         .expression_attribute_names = action.update->expression_attribute_names,
         .expression_attribute_values = action.update->expression_attribute_values});
    if (!answer) written = std::move(answer).error();
  }
  if (written) return Sent::done;
  const Error& error = written.error();
  if (error.outcome_unknown()) {
    const auto there = row_is_there(planned);
    if (there && *there) return Sent::done;
    return error;
  }
  if (is_contention(error)) return Sent::contended;
  return error;
}

Result<ResourceVersion> Writer::write(const Intent& intent) {
  auto outcomes = TRY(write_all({intent}));
  if (outcomes.front().error) return std::move(*outcomes.front().error);
  return std::move(*outcomes.front().entry);
}

Result<std::vector<EntryOutcome>> Writer::write_all(const std::vector<Intent>& intents) {
  const auto deadline = std::chrono::steady_clock::now() + options_.write_timeout;
  const KeyQueues::Turn turn = turn_of(intents);
  if (!turn.is_mine()) return others_in_the_way(intents.front().resource.path);

  for (unsigned attempt = 1;; ++attempt) {
    const std::string token = patience_.token();
    std::vector<EntryOutcome> outcomes(intents.size());
    std::vector<Planned> planned;
    bool failed = false;
    for (std::size_t i = 0; i < intents.size(); ++i) {
      auto one = plan(intents[i], token);
      if (one) {
        planned.push_back(std::move(*one));
      } else {
        outcomes[i].error = std::move(one).error();
        failed = true;
      }
    }
    if (failed) return outcomes;
    // (An idempotent write that was done before has nothing to send.)
    if (planned.size() == 1 && planned.front().actions.empty()) {
      outcomes.front().entry = std::move(planned.front().result);
      return outcomes;
    }
    if (TRY(send(planned, token, deadline)) == Sent::done) {
      for (std::size_t i = 0; i < intents.size(); ++i) {
        outcomes[i].entry = std::move(planned[i].result);
      }
      return outcomes;
    }
    if (!allows_after(attempt, deadline)) return others_in_the_way(intents.front().resource.path);
  }
}

Result<ResourceVersion> Writer::create(const Resource& resource, ResourceVersion version,
                                       const std::vector<TransactWriteItem>& also) {
  version.path = resource.path;
  version.version = now();
  version.revision = 1;
  Item row = to_row(resource, version);
  TRY(check_row(row));
  TransactPut put{.table_name = resource.table->table,
                  .item = std::move(row),
                  .condition_expression = row_is_free,
                  .expression_attribute_names = {{{"#sort", resource.table->sort}}}};
  Result<void> written;
  if (also.empty()) {
    auto answer =
        database_.put_item({.table_name = put.table_name,
                            .item = std::move(put.item),
                            .condition_expression = put.condition_expression,
                            .expression_attribute_names = put.expression_attribute_names});
    if (!answer) written = std::move(answer).error();
  } else {
    std::vector<TransactWriteItem> actions{{.put = std::move(put)}};
    actions.insert(actions.end(), also.begin(), also.end());
    auto answer = database_.transact_write_items(
        {.transact_items = std::move(actions), .client_request_token = patience_.token()});
    if (!answer) written = std::move(answer).error();
  }
  if (written) return version;
  // An answer may have been lost here or below; only this call knows the id.
  Error error = std::move(written).error();
  if (error.outcome_unknown() || is_contention(error)) {
    const auto there = reader_.row(resource, version.version);
    if (there && *there && **there == version) return version;
    // What is in the way may be its own row, which could not be looked at.
    if (!there) error.set_outcome_unknown(true);
  }
  return error;
}

Result<Head> Writer::settle_head(const Resource& resource, std::optional<Millis> floor) {
  const auto deadline = std::chrono::steady_clock::now() + options_.write_timeout;
  for (unsigned attempt = 1;; ++attempt) {
    const auto seen = TRY(reader_.head(resource));
    const auto newest = TRY(reader_.newest(resource, true));
    if (!newest) return not_found(resource.path);
    Head head{.version = newest->version,
              .revision = TRY(reader_.revision_of_newest(resource, *newest, seen)),
              .deleted = newest->is_deleted(),
              .token = patience_.token(),
              .floor = seen ? seen->floor : std::nullopt,
              .remembered = seen ? seen->remembered : std::nullopt};
    if (seen) head.version = std::max(head.version, seen->version);
    if (floor && (!head.floor || *head.floor < *floor)) head.floor = floor;

    AttributeMap values{{":ver", head.version},
                        {":rev", head.revision},
                        {":del", head.deleted},
                        {":tok", head.token}};
    ExpressionAttributeNames names = head_names();
    std::string update = set_head;
    if (head.floor) {
      update += set_floor;
      names.emplace("#floor", "floor");
      values.emplace(":floor", *head.floor);
    }
    std::string condition = condition_on_head(seen, values);
    auto answer = database_.update_item({.table_name = layout_.entries.table,
                                         .key = resource.head,
                                         .update_expression = std::move(update),
                                         .condition_expression = std::move(condition),
                                         .expression_attribute_names = std::move(names),
                                         .expression_attribute_values = Item(std::move(values))});
    if (answer) return head;
    // Doing it twice is doing it once.
    const Error& error = answer.error();
    if (!error.outcome_unknown() && !is_contention(error)) return error;
    if (!allows_after(attempt, deadline)) {
      return error.outcome_unknown() ? error : others_in_the_way(resource.path);
    }
  }
}

}  // namespace dynakeep::collections
