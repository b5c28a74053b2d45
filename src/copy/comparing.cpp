#include "copy/comparing.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "dynakeep/pages.h"
#include "dynakeep/transfer/table_definition.h"

namespace dynakeep {

namespace copying {

namespace {

constexpr unsigned segments_max = 64;
constexpr std::size_t suspects_max = 10'000;
constexpr int rounds_alone = 4;            // of looking again, where nobody follows
constexpr std::size_t keys_at_once = 100;  // BatchGetItem's

}  // namespace

Comparing::Comparing(Database& source, Database& destination, const CompareRequest& request,
                     Following* following, base::Pacing& pacing)
    : source_(source),
      destination_(destination),
      request_(request),
      following_(following),
      pacing_(pacing),
      endurance_(pacing, request.patience) {}

Comparing::~Comparing() {
  if (following_ != nullptr) following_->on_applied({});
}

Result<CompareSummary> Comparing::run() {
  if (request_.segments == 0 || request_.segments > segments_max) {
    return Error(ErrorCode::invalid_argument, "tables are compared in 1 to 64 segments");
  }
  const auto describe = [&](Database& database) {
    return endurance_.keep_trying(
        request_.stop, [&] { return database.describe_table({.table_name = request_.table}); });
  };
  const TableDescription there = TRY(describe(source_)).table;
  const TableDescription here = TRY(describe(destination_)).table;
  keys_ = replicas::TableKeys(there);
  if (keys_ != replicas::TableKeys(here)) {
    std::string text = "The tables " + request_.table + " have different keys:";
    for (const auto& each :
         shape_differences({.table = {.attribute_definitions = there.attribute_definitions,
                                     .key_schema = there.key_schema}},
                           here, std::nullopt)) {
      text += " " + each;
    }
    return Error(ErrorCode::invalid_argument, std::move(text));
  }
  expires_by_ = TRY(time_to_live_of(source_, request_.table));
  progress_.items_total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, there.item_count) +
                                                     std::max<std::int64_t>(0, here.item_count));
  if (following_ != nullptr) {
    following_->on_applied([this](const std::string& key) {
      const std::scoped_lock lock(mutex_);
      suspects_.erase(key);
    });
  }
  for (const Side side : {Side::source, Side::destination}) TRY(read(side));
  if (!is_told_to_stop()) TRY(judge());
  summary_.stopped = is_told_to_stop();
  return summary_;
}

// ---- reading ----

Result<void> Comparing::read(Side side) {
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < request_.segments; ++i) {
      threads.emplace_back([this, side, i] {
        if (const auto done = read_segment(side, i); !done) {
          const std::scoped_lock lock(mutex_);
          if (!failure_) failure_ = done.error();
          has_failed_ = true;
        }
      });
    }
  }
  if (failure_) return *failure_;
  return {};
}

Result<void> Comparing::read_segment(Side side, unsigned segment) {
  ScanRequest scan{.table_name = request_.table, .consistent_read = true};
  if (request_.segments > 1) {
    scan.segment = static_cast<std::int32_t>(segment);
    scan.total_segments = static_cast<std::int32_t>(request_.segments);
  }
  if (side == Side::destination) {
    // What both have was compared already: of these only the keys matter.
    scan.projection_expression = keys_.sort() ? "#p, #s" : "#p";
    scan.expression_attribute_names = ExpressionAttributeNames{{"#p", keys_.partition()}};
    if (keys_.sort()) scan.expression_attribute_names->emplace("#s", *keys_.sort());
  }
  Database& database = side == Side::source ? source_ : destination_;
  while (!stopped()) {
    auto page = TRY(endurance_.keep_trying(request_.stop, [&] { return database.scan(scan); }));
    const bool is_last = !page.last_evaluated_key;
    scan.exclusive_start_key = std::move(page.last_evaluated_key);
    if (page.items) TRY(look_at(side, std::move(*page.items)));
    if (is_last) return {};
  }
  return {};
}

Result<std::vector<std::optional<Item>>> Comparing::items_of(Database& database,
                                                             const std::vector<Key>& keys,
                                                             bool whole) const {
  KeysAndAttributes wanted{.consistent_read = true};
  if (!whole) {
    wanted.projection_expression = keys_.sort() ? "#p, #s" : "#p";
    wanted.expression_attribute_names = ExpressionAttributeNames{{"#p", keys_.partition()}};
    if (keys_.sort()) wanted.expression_attribute_names->emplace("#s", *keys_.sort());
  }
  return endurance_.keep_trying(request_.stop,
                                [&] { return get_items(database, request_.table, keys, wanted); });
}

Result<void> Comparing::look_at(Side side, std::vector<Item> items) {
  const std::size_t count = items.size();
  std::vector<Key> keys;
  keys.reserve(count);
  for (const Item& item : items) keys.push_back(keys_.key_of(item));
  Database& other = side == Side::source ? destination_ : source_;
  const auto found = TRY(items_of(other, keys, side == Side::source));
  std::vector<Key> different;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_same = side == Side::source ? found[i] == items[i] : found[i].has_value();
    if (!is_same) different.push_back(std::move(keys[i]));
  }
  suspect(std::move(different));
  bool are_many = false;
  {
    const std::scoped_lock lock(mutex_);
    (side == Side::source ? summary_.source_items : summary_.destination_items) += count;
    are_many = suspects_.size() >= suspects_max;
  }
  if (are_many) TRY(judge());
  tell_progress(count);
  return {};
}

void Comparing::suspect(std::vector<Key> keys) {
  const std::scoped_lock lock(mutex_);
  for (Key& key : keys) {
    std::string text = keys_.text_of(key);
    suspects_.insert_or_assign(std::move(text), std::move(key));
  }
}

void Comparing::tell_progress(std::uint64_t items) {
  const std::scoped_lock telling(judging_);
  {
    const std::scoped_lock lock(mutex_);
    progress_.items += items;
    progress_.different = summary_.different();
  }
  if (request_.on_progress) request_.on_progress(progress_);
}

// ---- judging ----

Result<void> Comparing::judge() {
  const std::scoped_lock judging(judging_);
  if (following_ != nullptr) {
    // What differs when it is looked at again may have been changed a moment before. Then that is
    // applied by the end of the second wait, and the key is none of the suspects any more.
    TRY(wait_applied());
    TRY(look_again());
    TRY(wait_applied());
  } else {
    for (int round = 0; round < rounds_alone && has_suspects(); ++round) {
      if (round > 0 && !wait_until(pacing_, pacing_.now() + request_.look_again, request_.stop))
        return {};
      TRY(look_again());
    }
  }
  std::vector<Key> guilty;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& [text, key] : suspects_) guilty.push_back(std::move(key));
    suspects_.clear();
  }
  for (std::size_t from = 0; from < guilty.size(); from += keys_at_once) {
    if (is_told_to_stop()) return {};
    const auto begin = guilty.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(keys_at_once, guilty.size() - from);
    TRY(report({begin, begin + static_cast<std::ptrdiff_t>(count)}));
  }
  return {};
}

bool Comparing::has_suspects() {
  const std::scoped_lock lock(mutex_);
  return !suspects_.empty();
}

Result<void> Comparing::wait_applied() {
  if (!has_suspects()) return {};
  if (!TRY(endurance_.keep_trying(request_.stop,
                                  [&] { return following_->wait_applied(request_.stop); }))) {
    is_over_ = true;
  }
  return {};
}

Result<void> Comparing::look_again() {
  std::vector<std::pair<std::string, Key>> suspects;
  {
    const std::scoped_lock lock(mutex_);
    suspects.assign(suspects_.begin(), suspects_.end());
  }
  for (std::size_t from = 0; from < suspects.size(); from += keys_at_once) {
    if (is_told_to_stop()) return {};
    const std::size_t to = std::min(from + keys_at_once, suspects.size());
    std::vector<Key> keys;
    for (std::size_t i = from; i < to; ++i) keys.push_back(suspects[i].second);
    const auto there = TRY(items_of(source_, keys, true));
    const auto here = TRY(items_of(destination_, keys, true));
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (there[i] == here[i]) suspects_.erase(suspects[from + i].first);
    }
  }
  return {};
}

bool Comparing::is_over_in(const std::optional<Item>& item) const {
  if (!item || !expires_by_) return false;
  const auto moment = AttributeView(*item)[*expires_by_].real();
  const auto now = std::chrono::duration<double>(request_.clock->now().time_since_epoch()).count();
  return moment && *moment < now;
}

Result<void> Comparing::report(std::vector<Key> keys) {
  using enum CopyDifference::Kind;
  auto there = TRY(items_of(source_, keys, true));
  auto here = TRY(items_of(destination_, keys, true));
  std::vector<CopyDifference> differences;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (there[i] == here[i]) continue;
    const bool has_one = there[i].has_value() != here[i].has_value();
    if (has_one && (is_over_in(there[i]) || is_over_in(here[i]))) {
      const std::scoped_lock lock(mutex_);
      ++summary_.expired;
      continue;
    }
    differences.push_back({.kind = !here[i]    ? missing
                                   : !there[i] ? extra
                                               : changed,
                           .key = std::move(keys[i]),
                           .in_source = std::move(there[i]),
                           .in_destination = std::move(here[i])});
  }
  if (request_.repairs) TRY(repair(differences));
  for (const CopyDifference& each : differences) {
    {
      const std::scoped_lock lock(mutex_);
      ++(each.kind == missing   ? summary_.missing
         : each.kind == changed ? summary_.changed
                                : summary_.extra);
      if (each.is_repaired) ++summary_.repaired;
    }
    if (request_.on_difference) request_.on_difference(each);
  }
  return {};
}

// The source is read while nothing is applied, or a change that was applied in between would be
// undone by what was read before it.
Result<void> Comparing::repair(std::vector<CopyDifference>& differences) {
  std::vector<Key> keys;
  for (const CopyDifference& each : differences) keys.push_back(each.key);
  const auto mend = [&]() -> Result<void> {
    auto now = TRY(items_of(source_, keys, true));
    std::vector<WriteRequest> writes(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (now[i]) {
        writes[i].put = std::move(now[i]);
      } else {
        writes[i].remove = keys[i];
      }
    }
    TRY(endurance_.keep_trying(request_.stop,
                               [&] { return write_items(destination_, request_.table, writes); }));
    for (CopyDifference& each : differences) each.is_repaired = true;
    return {};
  };
  return following_ == nullptr ? mend() : following_->exclusively(mend);
}

}  // namespace copying

std::string_view to_text(CopyDifference::Kind kind) {
  switch (kind) {
    case CopyDifference::Kind::missing:
      return "missing";
    case CopyDifference::Kind::changed:
      return "changed";
    case CopyDifference::Kind::extra:
      break;
  }
  return "extra";
}

Result<CompareSummary> compare_tables(Database& source, Database& destination,
                                      const CompareRequest& request) {
  copying::Comparing comparing(source, destination, request, nullptr, base::system_pacing());
  return comparing.run();
}

}  // namespace dynakeep
