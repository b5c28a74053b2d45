#include "replica/simulated_table.h"

#include <random>
#include <utility>

namespace dynakeep::replicas {

void SimulatedTable::note(const std::string& key) {
  const auto found = items_.find(key);
  history_.push_back({.changed = clock_.now(),
                      .key = key,
                      .item = found == items_.end() ? std::nullopt : std::optional(found->second)});
  if (history_.size() > 1000) history_.pop_front();
}

void SimulatedTable::put(const std::string& key) {
  note(key);
  const std::int64_t number = write(key);
  items_.insert_or_assign(key, Item{{"k", key}, {"n", number}});
}

void SimulatedTable::erase(const std::string& key) {
  if (!items_.contains(key)) return;
  note(key);
  remove(key);
  items_.erase(key);
}

void SimulatedTable::put_in_secret(const std::string& key, std::int64_t number) {
  items_.insert_or_assign(key, Item{{"k", key}, {"n", number}});
}
void SimulatedTable::erase_in_secret(const std::string& key) { items_.erase(key); }

std::map<std::string, Item> SimulatedTable::seen(bool is_consistent) const {
  std::map<std::string, Item> items = items_;
  if (is_consistent) return items;
  for (auto each = history_.rbegin(); each != history_.rend(); ++each) {
    if (each->changed <= clock_.now() - stale_by) break;
    if (each->item) {
      items.insert_or_assign(each->key, *each->item);
    } else {
      items.erase(each->key);
    }
  }
  return items;
}

Result<DescribeTableResult> SimulatedTable::describe_table(const DescribeTableRequest&) {
  TableDescription table{.table_name = "Songs"};
  table.attribute_definitions = {{"k", ScalarType::string}};
  table.key_schema = {{"k", KeyType::hash}};
  table.latest_stream_arn = arn;
  if (is_stream_enabled) {
    table.stream_specification = {.stream_enabled = true, .stream_view_type = view};
  }
  return DescribeTableResult{.table = std::move(table)};
}

Result<std::map<std::string, Item>> SimulatedTable::look(const SnapshotUse& use, bool is_consistent,
                                                         std::optional<StreamPoint>& point,
                                                         std::optional<std::string>& token) {
  if (!tells_positions) return seen(is_consistent);
  const StreamPoint now{.stream_arn = arn, .position = position()};
  point = now;
  if (use.step == SnapshotUse::Step::none) return items_;
  if (use.step == SnapshotUse::Step::begin) {
    token = std::to_string(snapshots_.size() + 1);
    snapshots_[*token] = {.items = items_, .point = now, .pages_left = snapshot_pages};
    return items_;
  }
  Moment& moment = snapshots_.at(use.token);
  if (moment.pages_left == 0) return Error(ErrorCode::snapshot_expired, "Too late");
  --moment.pages_left;
  point = moment.point;
  auto items = moment.items;
  if (use.step == SnapshotUse::Step::end) moment = {};
  return items;
}

Result<ScanResult> SimulatedTable::scan(const ScanRequest& request) {
  if (on_page) on_page();
  ++pages;
  if (std::uniform_real_distribution<>(0, 1)(random_) < scan_errors) {
    return Error(ErrorCode::throttling, "Slower, please");
  }
  ScanResult page;
  const auto items = TRY(
      look(request.snapshot, request.consistent_read == true, page.stream_point, page.snapshot));
  page.items.emplace();
  auto each = request.exclusive_start_key
                  ? items.upper_bound(request.exclusive_start_key->at("k").as_string())
                  : items.begin();
  for (; each != items.end(); ++each) {
    const auto segments = static_cast<std::size_t>(request.total_segments.value_or(1));
    const auto segment = static_cast<std::size_t>(request.segment.value_or(0));
    if (std::hash<std::string>()(each->first) % segments != segment) continue;
    if (page.items->size() == items_in_page) {
      page.last_evaluated_key = Key{{"k", page.items->back().at("k")}};
      break;
    }
    page.items->push_back(each->second);
  }
  page.count = page.scanned_count = static_cast<std::int64_t>(page.items->size());
  return page;
}

Result<BatchGetItemResult> SimulatedTable::batch_get_item(const BatchGetItemRequest& request) {
  BatchGetItemResult result;
  for (const auto& [table, asked] : *request.request_items) {
    const auto items = seen(asked.consistent_read == true);
    auto& found = result.responses[table];
    for (const Key& key : *asked.keys) {
      const auto item = items.find(key.at("k").as_string());
      if (item != items.end()) found.push_back(item->second);
    }
  }
  return result;
}

Result<GetRecordsResult> SimulatedTable::get_records(const GetRecordsRequest& request) {
  auto page = TRY(SimulatedStream::get_records(request));
  if (tells_positions) {
    page.stream_point = StreamPoint{.stream_arn = arn,
                                    .position = page.records.empty()
                                                    ? position()
                                                    : page.records.back().dynamodb.sequence_number};
  }
  records_given += page.records.size();
  for (ChangeRecord& record : page.records) {
    const bool has_new =
        view == StreamViewType::new_image || view == StreamViewType::new_and_old_images;
    const bool has_old =
        view == StreamViewType::old_image || view == StreamViewType::new_and_old_images;
    record.dynamodb.stream_view_type = view;
    if (!has_new) record.dynamodb.new_image.reset();
    if (!has_old) record.dynamodb.old_image.reset();
  }
  return page;
}

}  // namespace dynakeep::replicas
