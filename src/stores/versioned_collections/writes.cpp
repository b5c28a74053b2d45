#include <algorithm>
#include <set>
#include <utility>

#include "dynakeep/json_document.h"
#include "stores/versioned_collections/table_collections.h"
#include "stores/versioned_collections/texts.h"

// Writing: creating, changing, deleting, and several at once.
namespace dynakeep::collections {
namespace {

constexpr std::size_t chosen_id_bytes_max = 200;
constexpr std::size_t operations_max = 50;

// A UUID that follows from what it is for, so that a create which is repeated meets itself.
// (RFC 9562, version 8: its digits are a hash's.)
std::string id_from(const std::string& seed) {
  std::string digits = sha256_hex(seed).substr(0, 32);
  digits[12] = '8';
  digits[16] = "89ab"[static_cast<unsigned char>(digits[16]) % 4];
  for (const std::size_t at : {20, 16, 12, 8}) digits.insert(at, 1, '-');
  return digits;
}

ResourceChange of_both(const ResourceChange& content) {
  ResourceChange change = content;
  change.sets_name = change.sets_value = true;
  return change;
}

}  // namespace

Result<NextState> changed(const ResourcePath& path, const ResourceChange& change,
                          const ResourceVersion* newest) {
  NextState next;
  if (newest != nullptr) {
    next.name = newest->name;
    next.value = newest->value;
  }
  if (change.sets_name) next.name = change.name;
  if (change.sets_value) next.value = change.value;
  if (next.name && next.name->empty()) next.name.reset();
  if (!path.is_entry()) {
    if (!next.name) return refused("Collection name required");
    if (next.value) return refused("A collection has no value");
    return next;
  }
  if (next.value && change.sets_value && !is_json(*next.value)) {
    return refused("Invalid entry payload");
  }
  if (!next.name && !next.value) return refused("Entry name or value required");
  return next;
}

Result<ResourceVersion> TableCollections::create_collection(std::string_view application,
                                                            std::string_view user,
                                                            std::string_view name,
                                                            const WriteOptions& options) {
  const Scope scope = TRY(scope_of(application, user));
  return create(scope.slugs, ResourceChange::rename(std::string(name)), options);
}

Result<ResourceVersion> TableCollections::create_entry(const ResourcePath& collection,
                                                       const ResourceChange& content,
                                                       const WriteOptions& options) {
  const Resource parent = TRY(resource_of(collection.collection_path()));
  ResourcePath slugs = parent.path;
  slugs.entry = "-";
  // What is wrong in itself is told before what is missing.
  TRY(changed(slugs, of_both(content), nullptr));
  TRY(check_access(slugs, true));
  return create(parent.path, content, options);
}

// `parent`: of a user, for a collection; of a collection, for an entry.
Result<ResourceVersion> TableCollections::create(const ResourcePath& parent,
                                                 const ResourceChange& content,
                                                 const WriteOptions& options) {
  TRY(check_write_options(options));
  ResourcePath path = parent;
  std::string& id = parent.collection.empty() ? path.collection : path.entry;
  if (options.idempotency_key) {
    id = id_from(parent.application + '\0' + parent.user + '\0' + parent.collection + '\0' +
                 *options.idempotency_key);
    return writer_.write(
        {.resource = resource_at(layout_, path),
         .wants = Wants::none_or_first,
         .decide = [&](const ResourceVersion*) { return changed(path, of_both(content), nullptr); },
         .options = options});
  }
  id = writer_.new_id();
  NextState first = TRY(changed(path, of_both(content), nullptr));
  return writer_.create(resource_at(layout_, path), {.name = std::move(first.name),
                                                     .value = std::move(first.value),
                                                     .by = options.by,
                                                     .message = options.message});
}

Intent TableCollections::update_intent(Resource resource, const ResourceChange& change,
                                       WriteOptions options) const {
  const ResourcePath path = resource.path;
  return {.resource = std::move(resource),
          .wants = options.if_absent ? Wants::none : Wants::live,
          .decide = [path, change](
                        const ResourceVersion* newest) { return changed(path, change, newest); },
          .options = std::move(options)};
}

Result<ResourceVersion> TableCollections::update(const ResourcePath& path,
                                                 const ResourceChange& change,
                                                 const WriteOptions& options) {
  TRY(check_write_options(options));
  Resource resource = TRY(resource_of(path));
  if (options.if_absent) {
    const std::string& id = path.is_entry() ? path.entry : path.collection;
    const std::string& as_slug = path.is_entry() ? resource.path.entry : resource.path.collection;
    if (id != as_slug || id.size() > chosen_id_bytes_max) {
      return refused("An id is its own slug and has at most " +
                     std::to_string(chosen_id_bytes_max) + " bytes");
    }
    TRY(changed(resource.path, of_both(change), nullptr));
  } else if (!path.is_entry()) {
    // A collection that has lost its name is renamed as any other; one cannot be given none.
    if (!change.sets_name || !change.name || change.name->empty()) {
      return refused("Collection name required");
    }
  }
  if (change.sets_value && change.value && !is_json(*change.value)) {
    return refused("Invalid entry payload");
  }
  TRY(check_access(resource.path, true));
  return writer_.write(update_intent(std::move(resource), change, options));
}

Result<ResourceVersion> TableCollections::merge_patch(const ResourcePath& entry,
                                                      std::string_view patch,
                                                      const WriteOptions& options) {
  TRY(check_write_options(options));
  if (!entry.is_entry()) return refused("A collection has no value");
  if (options.if_absent) return refused("What is not there cannot be patched");
  auto parsed = JsonDocument::parse(patch);
  if (!parsed) return refused("Invalid entry payload");
  Resource resource = TRY(resource_of(entry));
  TRY(check_access(resource.path, true));
  const ResourcePath path = resource.path;
  return writer_.write(
      {.resource = std::move(resource),
       .decide = [&](const ResourceVersion* newest) -> Result<NextState> {
         JsonDocument before;
         if (newest->value) before = TRY(JsonDocument::parse(*newest->value));
         return changed(path,
                        {.sets_value = true,
                         .value = dynakeep::merge_patch(std::move(before), *parsed).to_text()},
                        newest);
       },
       .options = options});
}

Result<ResourceVersion> TableCollections::remove(const ResourcePath& path,
                                                 const WriteOptions& options) {
  TRY(check_write_options(options));
  Resource resource = TRY(resource_of(path));
  TRY(check_access(resource.path, true));
  return writer_.write({.resource = std::move(resource),
                        .decide = [](const ResourceVersion*) -> Result<NextState> {
                          return NextState{.remove = true};
                        },
                        .options = options});
}

// ---- several at once ----

Result<Intent> TableCollections::intent_of(const ResourcePath& slugs,
                                           const EntryOperation& operation) {
  TRY(check_write_options(operation.options));
  using Kind = EntryOperation::Kind;
  ResourcePath path = slugs;
  if (operation.kind == Kind::create) {
    path.entry = writer_.new_id();
    TRY(changed(path, of_both(operation.change), nullptr));
    Intent intent =
        update_intent(resource_at(layout_, path), of_both(operation.change), operation.options);
    intent.wants = Wants::none;
    return intent;
  }
  if (operation.entry.empty()) return refused("The operation names no entry");
  path.entry = operation.entry;
  Resource resource = TRY(resource_of(path));
  switch (operation.kind) {
    case Kind::create:
    case Kind::update:
      break;
    case Kind::remove:
      return Intent{.resource = std::move(resource),
                    .decide = [](const ResourceVersion*) -> Result<NextState> {
                      return NextState{.remove = true};
                    },
                    .options = operation.options};
    case Kind::restore:
      return restore_intent(std::move(resource), operation.version, operation.options);
  }
  const ResourceChange& change = operation.change;
  if (change.sets_value && change.value && !is_json(*change.value)) {
    return refused("Invalid entry payload");
  }
  return update_intent(std::move(resource), change, operation.options);
}

Result<std::vector<EntryOutcome>> TableCollections::write_entries(
    const ResourcePath& collection, const std::vector<EntryOperation>& operations, bool atomic) {
  if (operations.empty() || operations.size() > operations_max) {
    return refused("A batch has 1 to " + std::to_string(operations_max) + " operations");
  }
  if (atomic && options_.write_mode == WriteMode::conditional) {
    return refused("Atomic batches need WriteMode::linear");
  }
  const Scope scope = TRY(scope_of(collection));
  ResourcePath any_entry = scope.slugs;
  any_entry.entry = "-";
  TRY(check_access(any_entry, true));
  std::set<std::string> named;
  for (const EntryOperation& operation : operations) {
    if (operation.options.idempotency_key || operation.options.if_absent) {
      return refused("Operations of a batch take no idempotency key and no if_absent");
    }
    if (operation.kind != EntryOperation::Kind::create &&
        !named.insert(slug(operation.entry)).second) {
      return refused("Entry " + operation.entry + " occurs twice");
    }
  }

  std::vector<EntryOutcome> outcomes(operations.size());
  std::vector<Intent> intents;
  bool failed = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    auto intent = intent_of(scope.slugs, operations[i]);
    if (!intent) {
      outcomes[i].error = std::move(intent).error();
      failed = true;
    } else if (atomic) {
      intents.push_back(std::move(*intent));
    } else {
      auto written = writer_.write(*intent);
      if (written) {
        outcomes[i].entry = std::move(*written);
      } else {
        outcomes[i].error = std::move(written).error();
      }
    }
  }
  if (!atomic || failed) return outcomes;
  return writer_.write_all(intents);
}

}  // namespace dynakeep::collections
