#include "engine/operations/paging.h"

#include <algorithm>
#include <array>

#include "engine/item_key.h"
#include "engine/validate.h"
#include "model/limits.h"

namespace dynakeep::engine {
namespace {

using model::MapView;
using model::ValueView;

constexpr const char* start_key_invalid = "The provided starting key is invalid";

// One of the at most four key attributes of a table and its index.
struct KeyPart {
  std::string_view name;
  ScalarType type = ScalarType::string;
  bool is_of_index = false;
};

struct KeyParts {
  std::array<KeyPart, 4> parts;
  std::size_t count = 0;

  void add(const KeyAttributes& keys, bool is_of_index) {
    add({keys.partition, keys.partition_type, is_of_index});
    if (keys.sort) add({*keys.sort, keys.sort_type, is_of_index});
  }
  void add(KeyPart part) {
    const bool known =
        std::any_of(begin(), end(), [&](const KeyPart& each) { return each.name == part.name; });
    if (!known) parts[count++] = part;
  }
  const KeyPart* begin() const { return parts.data(); }
  const KeyPart* end() const { return parts.data() + count; }
};

// The attributes of the start key are those of the index and the table, each of its type.
Result<void> check_index_start_key(const Table& table, const Index& index, MapView start_key) {
  KeyParts parts;
  parts.add(index.keys, true);
  parts.add(table.keys, false);
  const auto has = [&](const KeyPart& part) { return start_key.find(part.name).exists(); };
  if (start_key.size() != parts.count || !std::all_of(parts.begin(), parts.end(), has)) {
    return Error::validation(start_key_invalid);
  }
  for (const KeyPart& part : parts) {
    if (start_key.find(part.name).is(tag_of(part.type))) continue;
    const std::string mismatch = "The provided key element does not match the schema";
    return Error::validation(part.is_of_index ? mismatch
                                              : std::string(start_key_invalid) + ": " + mismatch);
  }
  return {};
}

}  // namespace

Result<void> check_select(std::optional<Select> select, bool has_projection, bool has_index) {
  if (!select) return {};
  if (*select == Select::specific_attributes) {
    if (has_projection) return {};
    return Error::validation(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
        "SPECIFIC_ATTRIBUTES");
  }
  if (has_projection) {
    const char* chosen = *select == Select::count            ? "only the Count"
                         : *select == Select::all_attributes ? "ALL_ATTRIBUTES"
                                                             : "ALL_PROJECTED_ATTRIBUTES";
    return Error::validation("Cannot specify the ProjectionExpression when choosing to get " +
                             std::string(chosen));
  }
  if (*select == Select::all_projected_attributes && !has_index) {
    return Error::validation(
        "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  return {};
}

Result<const Index*> find_readable_index(const Table& table,
                                         const std::optional<std::string>& index_name,
                                         const std::optional<bool>& consistent_read) {
  if (!index_name) return nullptr;
  const Index* index = table.find_index(*index_name);
  if (index == nullptr) {
    return Error::validation("The table does not have the specified index: " + *index_name);
  }
  if (index->kind == IndexKind::global && consistent_read.value_or(false)) {
    return Error::validation("Consistent reads are not supported on global secondary indexes");
  }
  if (!index->is_readable()) {
    return Error::validation("Cannot read from backfilling global secondary index: " + *index_name);
  }
  return index;
}

Result<std::string> start_key_bytes(PageOperation operation, const Table& table, const Index* index,
                                    MapView start_key) {
  if (index == nullptr) {
    auto key = key_of_request(table, start_key);
    if (key) return std::move(key->bytes);
    if (operation == PageOperation::scan) {
      return Error::validation(std::string(start_key_invalid) + ": " + key.error().message());
    }
    // Query tells a key of other attributes from one of other types.
    const auto has = [&](const std::string& name) { return start_key.find(name).exists(); };
    const bool names_fit = start_key.size() == (table.keys.sort ? 2u : 1u) &&
                           has(table.keys.partition) && (!table.keys.sort || has(*table.keys.sort));
    if (!names_fit) return Error::validation(start_key_invalid);
    return std::move(key).error();
  }
  TRY(check_index_start_key(table, *index, start_key));
  // Empty and too long values, for which no entry could be.
  const auto value_of = [&](const std::string& name) { return start_key.find(name); };
  TRY(check_key_values(table.keys, start_key));
  TRY(check_key_values(index->keys, start_key));
  const auto sort_of = [&](const KeyAttributes& keys) {
    return keys.sort ? value_of(*keys.sort) : ValueView();
  };
  return storage::index_key(index->space, value_of(index->keys.partition), sort_of(index->keys),
                            value_of(table.keys.partition), sort_of(table.keys));
}

std::string attributes_not_projected(const Index& index, const expression::Bound& bound) {
  std::string missing;
  if (index.keeps_all) return missing;
  for (const std::string_view name : bound.attributes()) {
    if (std::binary_search(index.kept.begin(), index.kept.end(), name)) continue;
    missing += missing.empty() ? "[" : ", ";
    missing += name;
  }
  if (!missing.empty()) missing += ']';
  return missing;
}

Result<void> plan_items(PagePlan& plan, std::optional<Select> select,
                        const expression::Projection* projection) {
  const Index* index = plan.index;
  if (select == Select::count) {
    plan.items = PageItems::none;
    return {};
  }
  if (projection != nullptr) {
    plan.items = PageItems::projected;
    plan.projection = projection;
    if (index == nullptr) return {};
    const std::string missing = attributes_not_projected(*index, *projection);
    if (missing.empty()) return {};
    if (index->kind == IndexKind::local) {
      plan.fetches_items = true;
    } else if (select == Select::specific_attributes) {
      return invalid_parameter_values("Global secondary index " + index->name +
                                      " does not project " + missing);
    }
    return {};
  }
  plan.items = PageItems::entries;
  if (index == nullptr || select != Select::all_attributes || index->keeps_all) return {};
  if (index->kind == IndexKind::global) {
    return invalid_parameter_values(
        "Select type ALL_ATTRIBUTES is not supported for global secondary index " + index->name +
        " because its projection type is not ALL");
  }
  plan.fetches_items = true;
  return {};
}

QueryResult answer_of(const PagePlan& plan, Page&& page,
                      std::optional<ReturnConsumedCapacity> asked) {
  QueryResult result{.count = page.count,
                     .scanned_count = page.scanned_count,
                     .last_evaluated_key = std::move(page.last_evaluated_key)};
  if (plan.items != PageItems::none) result.items = std::move(page.items);
  CapacityMeter meter(*plan.table, asked);
  if (!meter.is_asked()) return result;
  meter.add_table(page.fetch_units);
  if (plan.index == nullptr) {
    meter.add_table(page.read_units);
  } else {
    meter.add_index(*plan.index, page.read_units);
  }
  result.consumed_capacity = meter.consumed();
  return result;
}

}  // namespace dynakeep::engine
