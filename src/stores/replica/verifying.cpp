#include <algorithm>
#include <utility>

#include "stores/replica/copying.h"

// Comparing the copy with the table. The copy is always a little behind, so what differs is only
// suspected; it is a difference if all changes made before it was read have been applied since, and
// none of them was of that key.
namespace dynakeep {

using replicas::Change;

namespace {

constexpr std::size_t suspects_max = 100'000;  // more are left for the next time
constexpr std::size_t differences_max = 100;   // in a report

}  // namespace

std::optional<Replica::Moment> Replica::Copying::verify_on() {
  if (!verification_) {
    const bool is_due = options_.verify_interval.count() > 0 && now() >= verification_due_;
    const bool is_asked = is_asked_to_verify_.exchange(false);
    if (!is_due && !is_asked) {
      if (options_.verify_interval.count() > 0) return verification_due_;
      return std::nullopt;
    }
    verification_.emplace();
    verification_->report.begun = time();
    verification_->due = now();
  }
  Verification& verification = *verification_;
  if (now() < verification.due) return verification.due;
  const auto done = [&]() -> Result<void> {
    switch (verification.step) {
      case Verification::Step::scan:
        return verify_page(verification);
      case Verification::Step::sweep:
        return verify_keys(verification);
      case Verification::Step::settle:
        break;
    }
    if (const auto due = reaches(verification.last_read)) {
      verification.due = std::max(*due, now() + options_.idle_poll_max);
      return {};
    }
    return judge_suspects(verification);
  }();
  if (!done) {
    failed(done.error());
    verification.due = retry(verification.failures);
    return verification.due;
  }
  verification.failures = 0;
  if (verification.report.ended == Time{}) return verification.due;
  verification_due_ = now() + options_.verify_interval;
  const ReplicaReport report = std::move(verification.report);
  verification_.reset();
  {
    const std::lock_guard lock(mutex_);
    report_ = report;
  }
  changed_.notify_all();
  if (options_.on_verified) options_.on_verified(report);
  return now();
}

void Replica::Copying::suspect(Verification& verification, Key key, std::string text,
                               std::optional<Item> in_table) {
  if (verification.suspects.size() >= suspects_max) return;
  verification.suspects.insert_or_assign(
      std::move(text), Suspect{.key = std::move(key), .in_table = std::move(in_table)});
}

// A page of the table, whose items the copy should have.
Result<void> Replica::Copying::verify_page(Verification& verification) {
  auto page = TRY(source_.scan({.table_name = options_.table_name,
                                .exclusive_start_key = verification.behind,
                                .consistent_read = true}));
  std::vector<Key> keys;
  for (const Item& item : *page.items) keys.push_back(keys_.key_of(item));
  const auto in_copy = TRY(copy_->get_all(keys));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string text = keys_.text_of(keys[i]);
    auto wanted = TRY(transformed((*page.items)[i], text));
    if (in_copy[i] == wanted) continue;
    suspect(verification, std::move(keys[i]), std::move(text), std::move(wanted));
  }
  verification.report.compared += page.items->size();
  verification.last_read = time();
  verification.behind = std::move(page.last_evaluated_key);
  if (!verification.behind) verification.step = Verification::Step::sweep;
  return {};
}

// Keys of the copy, which the table should have.
Result<void> Replica::Copying::verify_keys(Verification& verification) {
  auto page = TRY(copy_->keys(verification.behind));
  const auto items =
      TRY(get_items(source_, options_.table_name, page.keys, {.consistent_read = true}));
  for (std::size_t i = 0; i < page.keys.size(); ++i) {
    if (items[i]) continue;
    std::string text = keys_.text_of(page.keys[i]);
    suspect(verification, std::move(page.keys[i]), std::move(text), std::nullopt);
  }
  verification.last_read = time();
  verification.behind = std::move(page.last);
  if (!verification.behind) verification.step = Verification::Step::settle;
  return {};
}

Result<void> Replica::Copying::judge_suspects(Verification& verification) {
  ReplicaReport report = verification.report;
  std::vector<Change> repairs;
  for (const auto& [text, suspect] : verification.suspects) {
    auto in_copy = TRY(copy_->get(suspect.key));
    if (in_copy == suspect.in_table) continue;
    ++report.different;
    if (options_.repair) {
      repairs.push_back({.key = suspect.key, .text = text, .item = suspect.in_table});
    }
    if (report.differences.size() == differences_max) continue;
    report.differences.push_back(
        {.key = suspect.key, .in_table = suspect.in_table, .in_copy = std::move(in_copy)});
  }
  report.repaired = repairs.size();
  if (!repairs.empty()) TRY(store(std::move(repairs)));
  report.ended = time();
  verification.report = std::move(report);
  return {};
}

}  // namespace dynakeep
