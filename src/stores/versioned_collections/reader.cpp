#include "stores/versioned_collections/reader.h"

#include <algorithm>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"

namespace dynakeep::collections {
namespace {

// All names go through placeholders: some are reserved words, others may become so.
constexpr const char* of_partition = "#partition = :partition";
constexpr const char* between = "#partition = :partition AND #sort BETWEEN :low AND :high";
constexpr const char* keys_and_revision = "#partition, #sort, #rev";
constexpr const char* has_floor = "attribute_exists(#floor)";

// Version numbers of other lengths would not be in the order of their texts.
constexpr Millis first_of_13_digits = 1'000'000'000'000;
constexpr Millis last_of_13_digits = 9'999'999'999'999;

QueryRequest query_of(const TableKeys& keys, const std::string& partition, const RowRange& range) {
  QueryRequest request{.table_name = keys.table};
  AttributeMap values{{":partition", partition}};
  ExpressionAttributeNames names{{"#partition", keys.partition}};
  if (range.high.empty()) {
    request.key_condition_expression = of_partition;
  } else {
    request.key_condition_expression = between;
    values.emplace(":low", range.low);
    values.emplace(":high", range.high);
    names.emplace("#sort", keys.sort);
  }
  if (range.revisions_only) {
    request.projection_expression = keys_and_revision;
    names.emplace("#sort", keys.sort);
    names.emplace("#rev", "rev");
  }
  if (range.descending) request.scan_index_forward = false;
  request.limit = range.page_rows;
  request.consistent_read = range.consistent;
  request.expression_attribute_names = std::move(names);
  request.expression_attribute_values = Item(std::move(values));
  return request;
}

}  // namespace

std::optional<std::string> up_to_key(const std::string& prefix, Millis time) {
  if (time < first_of_13_digits) return std::nullopt;
  if (time > last_of_13_digits) return last_number(prefix);
  return prefix + std::to_string(time);
}

Result<void> Reader::visit(bool entries, const std::string& application,
                           const std::string& partition, const RowRange& range,
                           const VersionVisitor& visit) const {
  const TableKeys& keys = entries ? layout_.entries : layout_.collections;
  Result<void> met;
  TRY(for_each_item(database_, query_of(keys, partition, range), [&](Item&& row) {
    auto version = to_version(layout_, entries, application, row);
    if (!version) return true;
    Result<bool> more = visit(std::move(*version));
    if (!more) met = std::move(more).error();
    return more && *more;
  }));
  return met;
}

Result<void> Reader::visit(const Resource& resource, RowRange range,
                           const VersionVisitor& visit) const {
  if (range.low.empty()) range.low = first_number(resource.prefix);
  if (range.high.empty()) range.high = last_number(resource.prefix);
  if (range.low > range.high) return {};
  return this->visit(resource.path.is_entry(), resource.path.application, resource.partition, range,
                     visit);
}

Result<std::optional<ResourceVersion>> Reader::newest(const Resource& resource, bool consistent,
                                                      std::optional<Millis> up_to) const {
  RowRange range{.descending = true, .consistent = consistent, .page_rows = 1};
  if (up_to) {
    const auto high = up_to_key(resource.prefix, *up_to);
    if (!high) return std::nullopt;
    range.high = *high;
  }
  std::optional<ResourceVersion> found;
  TRY(visit(resource, std::move(range), [&](ResourceVersion&& version) {
    found = std::move(version);
    return false;
  }));
  return found;
}

Result<std::optional<ResourceVersion>> Reader::oldest(const Resource& resource) const {
  std::optional<ResourceVersion> found;
  TRY(visit(resource, {.page_rows = 1}, [&](ResourceVersion&& version) {
    found = std::move(version);
    return false;
  }));
  return found;
}

Result<std::optional<ResourceVersion>> Reader::row(const Resource& resource, Millis version) const {
  const auto answer = TRY(database_.get_item({.table_name = resource.table->table,
                                              .key = row_key(resource, version),
                                              .consistent_read = true}));
  if (!answer.item) return std::nullopt;
  return to_version(layout_, resource.path.is_entry(), resource.path.application, *answer.item);
}

Result<std::optional<Head>> Reader::head(const Resource& resource) const {
  const auto answer = TRY(database_.get_item(
      {.table_name = layout_.entries.table, .key = resource.head, .consistent_read = true}));
  if (!answer.item) return std::nullopt;
  return to_head(*answer.item);
}

void derive_revisions(std::vector<Reader::Numbered>& rising) {
  std::int64_t before = 0;
  for (std::size_t i = 0; i < rising.size();) {
    if (rising[i].revision) {
      before = *rising[i++].revision;
      continue;
    }
    std::size_t end = i;
    while (end < rising.size() && !rising[end].revision) ++end;
    const auto count = static_cast<std::int64_t>(end - i);
    const bool fits = end == rising.size() || before + count < *rising[end].revision;
    for (; i < end; ++i) {
      if (fits) rising[i].revision = ++before;
    }
  }
}

Result<std::vector<Reader::Numbered>> Reader::revisions(const Resource& resource) const {
  std::vector<Numbered> all;
  TRY(visit(resource, {.revisions_only = true}, [&](ResourceVersion&& version) {
    all.push_back({version.version, version.revision});
    return true;
  }));
  derive_revisions(all);
  return all;
}

Result<std::int64_t> Reader::revision_of_newest(const Resource& resource,
                                                const ResourceVersion& newest,
                                                const std::optional<Head>& head) const {
  if (head && head->version >= newest.version) return head->revision;
  if (newest.revision) return *newest.revision;
  // Back to the nearest that has one; a purge always leaves one, so that counting counts them all.
  std::int64_t distance = 0;
  std::optional<std::int64_t> base;
  TRY(visit(resource, {.descending = true, .revisions_only = true}, [&](ResourceVersion&& version) {
    // The head counts as the version it was written with, which may be one of those passed.
    if (head && version.version <= head->version) base = head->revision;
    if (!base) base = version.revision;
    if (base) return false;
    ++distance;
    return true;
  }));
  return base.value_or(0) + distance;
}

Result<std::set<std::string, std::less<>>> Reader::floored(
    const std::string& heads_partition) const {
  QueryRequest request = query_of(layout_.entries, heads_partition, {});
  request.filter_expression = has_floor;
  request.expression_attribute_names->emplace("#floor", "floor");
  std::set<std::string, std::less<>> found;
  TRY(for_each_item(database_, std::move(request), [&](Item&& head) {
    found.emplace(AttributeView(head)[layout_.entries.sort].text().value_or(""));
    return true;
  }));
  return found;
}

}  // namespace dynakeep::collections
