#include <chrono>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "stores/versioned_collections/table_collections.h"

// Get-or-create by name. A name's guard is an item that holds the id of a resource with that name;
// who creates one writes the guard in the same transaction, on the condition that it is as it was
// seen. A guard says nothing by itself: what it names may be renamed, deleted or purged since, and
// counts only if it is live and has the name still. So nothing else must keep guards up to date.
//
// Nor would it gain by it. Of two calls for a name that both see none, one finds the guard changed,
// whatever became of the resources meanwhile. What is created, renamed or restored to the name
// before a call is found by its list; what comes to it beside a call stands beside what the call
// makes, as if it had come a moment later: names are not unique, with guards in those writes
// neither, and each would pay for a transaction of more items.
namespace dynakeep::collections {
namespace {

constexpr const char* guard_is_free = "attribute_not_exists(#id)";
constexpr const char* guard_is_as_seen = "#id = :seen";

Item with_id(Key key, const std::string& id) {
  key["id"] = id;
  return key;
}

TransactPut guard_put(const std::string& table, const Key& key, const std::string& id,
                      const std::optional<std::string>& seen) {
  TransactPut put{.table_name = table,
                  .item = with_id(key, id),
                  .condition_expression = seen ? guard_is_as_seen : guard_is_free,
                  .expression_attribute_names = {{{"#id", "id"}}}};
  if (seen) put.expression_attribute_values = Item{{":seen", *seen}};
  return put;
}

}  // namespace

Result<Obtained> TableCollections::get_or_create_collection(std::string_view application,
                                                            std::string_view user,
                                                            std::string_view name,
                                                            const WriteOptions& options) {
  return get_or_create(TRY(scope_of(application, user)), ResourceChange::rename(std::string(name)),
                       options);
}

Result<Obtained> TableCollections::get_or_create_entry(const ResourcePath& collection,
                                                       const ResourceChange& content,
                                                       const WriteOptions& options) {
  const Scope scope = TRY(scope_of(collection));
  ResourcePath any_entry = scope.slugs;
  any_entry.entry = "-";
  TRY(check_access(any_entry, true));
  return get_or_create(scope, content, options);
}

Result<Obtained> TableCollections::get_or_create(const Scope& scope, const ResourceChange& content,
                                                 const WriteOptions& options) {
  TRY(check_write_options(options));
  if (options_.write_mode == WriteMode::conditional) {
    return refused("Get-or-create needs WriteMode::linear");
  }
  ResourcePath path = scope.slugs;
  std::string& id = scope.entries ? path.entry : path.collection;
  id = "-";
  ResourceChange whole = content;
  whole.sets_name = whole.sets_value = true;
  const NextState first = TRY(changed(path, whole, nullptr));
  if (!first.name) return refused("Entry name required");
  const Key key = name_key(layout_, scope.slugs, *first.name);

  const auto deadline = std::chrono::steady_clock::now() + options_.write_timeout;
  const stores::Patience& patience = writer_.patience();
  for (unsigned attempt = 1;; ++attempt) {
    const auto guard = TRY(database_.get_item(
        {.table_name = layout_.entries.table, .key = key, .consistent_read = true}));
    std::optional<std::string> seen;
    if (guard.item) seen = AttributeView(*guard.item)["id"].text().value_or("");
    if (seen && !seen->empty()) {
      id = *seen;
      auto named = TRY(reader_.newest(resource_at(layout_, path), true));
      if (named && !named->is_deleted() && named->name == first.name) {
        return Obtained{.resource = std::move(*named)};
      }
    }
    // Made before there were guards, by dynamodb-mini, or by a plain create.
    auto found = find(scope, *first.name, true);
    if (!found && found.error().code() != ErrorCode::not_found) return std::move(found).error();

    Result<void> written;
    if (found) {
      const TransactPut put =
          guard_put(layout_.entries.table, key,
                    scope.entries ? found->path.entry : found->path.collection, seen);
      auto answer =
          database_.put_item({.table_name = put.table_name,
                              .item = put.item,
                              .condition_expression = put.condition_expression,
                              .expression_attribute_names = put.expression_attribute_names,
                              .expression_attribute_values = put.expression_attribute_values});
      // Whether it is noted or not, it is there.
      if (answer || answer.error().outcome_unknown())
        return Obtained{.resource = std::move(*found)};
      written = std::move(answer).error();
    } else {
      id = writer_.new_id();
      auto created = writer_.create(
          resource_at(layout_, path),
          {.name = first.name, .value = first.value, .by = options.by, .message = options.message},
          {{.put = guard_put(layout_.entries.table, key, id, seen)}});
      if (created) return Obtained{.resource = std::move(*created), .created = true};
      written = std::move(created).error();
    }
    // Another was quicker: what it made is what is wanted.
    const Error& error = written.error();
    if (error.outcome_unknown() || !is_contention(error)) return error;
    if (std::chrono::steady_clock::now() >= deadline || !patience.allows_after(attempt)) {
      return others_in_the_way(path);
    }
  }
}

}  // namespace dynakeep::collections
