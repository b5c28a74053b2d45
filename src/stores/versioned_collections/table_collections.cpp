#include "stores/versioned_collections/table_collections.h"

#include <algorithm>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "stores/support/key_words.h"

namespace dynakeep::collections {
namespace {

constexpr std::size_t application_bytes_max = 1000;
constexpr std::size_t user_bytes_max = 973;
constexpr std::size_t sort_key_bytes_max = 1024;
constexpr std::size_t version_bytes = 16;  // '#' and the digits of a number, with room
constexpr std::size_t by_bytes_max = 256;
constexpr std::size_t message_bytes_max = 1024;
constexpr std::size_t idempotency_key_bytes_max = 128;

CreateTableRequest definition(const TableKeys& keys, const VersionedCollectionsOptions& options) {
  CreateTableRequest request{
      .table_name = keys.table,
      .attribute_definitions =
          std::vector<AttributeDefinition>{{keys.partition, ScalarType::string},
                                           {keys.sort, ScalarType::string}},
      .key_schema = KeySchema{{keys.partition, KeyType::hash}, {keys.sort, KeyType::range}},
      .billing_mode =
          options.pay_per_request ? BillingMode::pay_per_request : BillingMode::provisioned};
  if (!options.pay_per_request) {
    request.provisioned_throughput = {.read_capacity_units = options.read_capacity_units,
                                      .write_capacity_units = options.write_capacity_units};
  }
  return request;
}

}  // namespace

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

TableCollections::TableCollections(Database& database, VersionedCollectionsOptions options)
    : database_(database),
      options_(std::move(options)),
      layout_{.collections = {.table = options_.collections_table,
                              .partition = "application",
                              .sort = "userCollectionVersion"},
              .entries = {.table = options_.entries_table,
                          .partition = "userCollection",
                          .sort = "entryVersion"}},
      reader_(database_, layout_),
      writer_(database_, layout_, reader_, options_),
      seen_(*options_.clock) {}

// ---- tables ----

CreateTableRequest TableCollections::collections_table_definition() const {
  return definition(layout_.collections, options_);
}

CreateTableRequest TableCollections::entries_table_definition() const {
  return definition(layout_.entries, options_);
}

Result<void> TableCollections::prepare_tables(bool create_missing) {
  for (const CreateTableRequest& wanted :
       {collections_table_definition(), entries_table_definition()}) {
    auto described = database_.describe_table({.table_name = wanted.table_name});
    if (!described &&
        (described.error().code() != ErrorCode::resource_not_found || !create_missing)) {
      return std::move(described).error();
    }
    const TableDescription table = described && described->table.table_status == TableStatus::active
                                       ? std::move(described->table)
                                       : TRY(create_table_and_wait(database_, wanted));
    const std::string found = stores::words_of(table.key_schema, table.attribute_definitions);
    const std::string needed = stores::words_of(*wanted.key_schema, *wanted.attribute_definitions);
    if (found != needed) {
      return refused("Table " + *wanted.table_name + " has the key " + found + "; needed is " +
                     needed);
    }
  }
  return {};
}

Result<bool> TableCollections::tables_are_ready() {
  for (const std::string& name : {options_.collections_table, options_.entries_table}) {
    auto described = database_.describe_table({.table_name = name});
    if (!described && described.error().code() == ErrorCode::resource_not_found) return false;
    if (!described) return std::move(described).error();
    if (described->table.table_status != TableStatus::active) return false;
  }
  return true;
}

// ---- paths ----

Result<ResourcePath> TableCollections::slugs_of(const ResourcePath& path) const {
  if (path.application.empty() || path.application.size() > application_bytes_max) {
    return refused("Invalid application");
  }
  ResourcePath slugs{.application = path.application,
                     .user = slug(path.user),
                     .collection = slug(path.collection),
                     .entry = slug(path.entry)};
  const bool is_strict = options_.name_policy == NamePolicy::strict;
  if ((slugs.user.empty() && !options_.allow_empty_slug) || slugs.user.size() > user_bytes_max ||
      (is_strict && !slugs.user.empty() && slugs.user != path.user)) {
    return refused("Invalid user");
  }
  return slugs;
}

Result<Resource> TableCollections::resource_of(const ResourcePath& path) const {
  ResourcePath slugs = TRY(slugs_of(path));
  // No row can have such a key, and no database would take the question.
  const std::size_t collection_bytes = slugs.user.size() + 1 + slugs.collection.size();
  if (slugs.collection.empty() || collection_bytes + version_bytes > sort_key_bytes_max ||
      slugs.entry.empty() != path.entry.empty() ||
      slugs.entry.size() + version_bytes > sort_key_bytes_max) {
    return not_found(path);
  }
  return resource_at(layout_, slugs);
}

std::string TableCollections::Scope::heads_partition() const {
  return entries ? partition + "@head" : partition + "#@heads";
}

Result<TableCollections::Scope> TableCollections::scope_of(
    std::string_view application, std::optional<std::string_view> user) const {
  if (application.empty() || application.size() > application_bytes_max) {
    return refused("Invalid application");
  }
  Scope scope{.slugs = {.application = std::string(application)},
              .partition = std::string(application)};
  if (user) {
    scope.slugs = TRY(slugs_of({.application = scope.partition, .user = std::string(*user)}));
    scope.user = scope.slugs.user;
  }
  return scope;
}

Result<TableCollections::Scope> TableCollections::scope_of(const ResourcePath& collection) {
  const Resource resource = TRY(resource_of(collection.collection_path()));
  Scope scope{
      .slugs = resource.path, .entries = true, .partition = entries_partition(resource.path)};
  ResourcePath any_entry = scope.slugs;
  any_entry.entry = "-";
  TRY(check_access(any_entry, false));
  return scope;
}

Result<void> TableCollections::check_access(const ResourcePath& slugs, bool writes) {
  if (!slugs.is_entry()) return {};
  const Resource collection = resource_at(layout_, slugs.collection_path());
  if (writes && options_.freeze_deleted) {
    const auto newest = TRY(reader_.newest(collection, true));
    if (newest && newest->is_deleted()) return not_found(collection.path, newest);
  }
  if (!options_.isolated) return {};
  const std::string key = collection.partition + '\0' + collection.prefix;
  if (seen_.contains(key)) return {};
  // Once there, it stays; so what may be stale can only fail to tell of a new one.
  for (const bool consistent : {false, true}) {
    if (TRY(reader_.newest(collection, consistent))) {
      seen_.insert(key);
      return {};
    }
  }
  return not_found(collection.path);
}

Result<void> TableCollections::check_write_options(const WriteOptions& options) const {
  if (options.by.size() > by_bytes_max) {
    return refused("Who wrote it may take " + std::to_string(by_bytes_max) + " bytes");
  }
  if (options.message.size() > message_bytes_max) {
    return refused("A message may take " + std::to_string(message_bytes_max) + " bytes");
  }
  if (options.idempotency_key && (options.idempotency_key->empty() ||
                                  options.idempotency_key->size() > idempotency_key_bytes_max)) {
    return refused("An idempotency key has 1 to " + std::to_string(idempotency_key_bytes_max) +
                   " bytes");
  }
  if (options_.write_mode == WriteMode::conditional &&
      (options.if_match || options.if_live || options.if_absent || options.idempotency_key)) {
    return refused("Preconditions and idempotency keys need WriteMode::linear");
  }
  return {};
}

}  // namespace dynakeep::collections

namespace dynakeep {

std::optional<StateTag> met_state(const Error& error) {
  if (error.code() != ErrorCode::not_found && error.code() != ErrorCode::precondition_failed &&
      error.code() != ErrorCode::write_conflict) {
    return std::nullopt;
  }
  if (error.item() == nullptr) return std::nullopt;
  const AttributeView state(*error.item());
  const auto version = state["version"].integer();
  if (!version) return std::nullopt;
  return StateTag{.version = *version, .deleted = state["deleted"].boolean().value_or(false)};
}

Result<std::unique_ptr<VersionedCollections>> VersionedCollections::create(
    Database& database, VersionedCollectionsOptions options) {
  if (options.collections_table.empty() || options.entries_table.empty()) {
    return collections::refused("Both tables need names");
  }
  if (options.write_mode == WriteMode::linear && !database.capabilities().transactions) {
    return collections::refused("Versioned collections need transactions, which the database (" +
                                database.capabilities().engine +
                                ") does not have; WriteMode::conditional does without, and "
                                "promises less");
  }
  return std::unique_ptr<VersionedCollections>(
      std::make_unique<collections::TableCollections>(database, std::move(options)));
}

}  // namespace dynakeep
