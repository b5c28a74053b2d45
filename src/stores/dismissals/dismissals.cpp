#include "dynakeep/stores/dismissals.h"

#include <iterator>
#include <set>
#include <utility>

namespace dynakeep {
namespace {

constexpr std::size_t page_items = 1000;

// Those of the ids that are not in `found`, each once.
std::vector<DismissalItemId> missing_of(
    std::span<const DismissalItemId> items,
    const std::map<std::string, Dismissible, std::less<>>& found) {
  std::vector<DismissalItemId> missing;
  std::set<std::string_view> met;
  for (const DismissalItemId& item : items) {
    if (!found.contains(item.text()) && met.insert(item.text()).second) missing.push_back(item);
  }
  return missing;
}

Error unreadable(const DismissalUserId& user, const std::vector<std::string>& ids) {
  std::string message = "Items of user \"" + user.text() + "\" cannot be read:";
  for (const std::string& id : ids) message += " \"" + id + "\"";
  return {ErrorCode::malformed_item, std::move(message)};
}

}  // namespace

Result<ObtainedDismissible> Dismissals::get_or_create(const DismissalUserId& user,
                                                      const DismissalItemId& item) {
  if (auto found = TRY(get(user, item))) return ObtainedDismissible{.item = std::move(*found)};
  return create(user, item);
}

Result<std::vector<ObtainedDismissible>> Dismissals::get_or_create_many(
    const DismissalUserId& user, std::span<const DismissalItemId> items) {
  const auto found = TRY(get_many(user, items));
  const auto missing = missing_of(items, found);
  const auto created = TRY(create_many(user, missing));

  std::map<std::string_view, const ObtainedDismissible*> by_id;
  for (const ObtainedDismissible& each : created) by_id.emplace(each.item.item_id, &each);
  std::vector<ObtainedDismissible> obtained;
  obtained.reserve(items.size());
  for (const DismissalItemId& item : items) {
    const auto known = found.find(item.text());
    if (known != found.end()) {
      obtained.push_back({.item = known->second});
    } else {
      obtained.push_back(*by_id.at(item.text()));
    }
  }
  return obtained;
}

namespace {

using Changes = std::vector<Result<DismissalChange>>;
using Each = std::function<Result<DismissalChange>(std::size_t)>;
using ForEachOf = std::function<Result<void>(std::size_t, const std::function<void(std::size_t)>&)>;

// Changes each, those of one key in their order.
template <typename Key>
Changes change_each(std::span<const Key> keys, const ForEachOf& for_each_of, const Each& change) {
  std::vector<std::size_t> first;
  std::vector<std::size_t> repeated;
  std::set<std::string_view> met;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    (met.insert(keys[i].text()).second ? first : repeated).push_back(i);
  }
  std::vector<std::optional<Result<DismissalChange>>> changes(keys.size());
  Result<void> outcome =
      for_each_of(first.size(), [&](std::size_t i) { changes[first[i]] = change(first[i]); });
  for (const std::size_t i : repeated) changes[i] = change(i);

  Changes all;
  all.reserve(keys.size());
  for (auto& each : changes) {
    if (!outcome && *each) {
      all.emplace_back(outcome.error());
    } else {
      all.push_back(std::move(*each));
    }
  }
  return all;
}

}  // namespace

std::vector<Result<DismissalChange>> Dismissals::dismiss_many(
    const DismissalUserId& user, std::span<const DismissalItemId> items,
    const DismissOptions& options) {
  return change_each(
      items, [this](std::size_t count, const auto& work) { return for_each_of(count, work); },
      [&](std::size_t i) { return dismiss(user, items[i], options); });
}

std::vector<Result<DismissalChange>> Dismissals::restore_many(
    const DismissalUserId& user, std::span<const DismissalItemId> items,
    const RestoreOptions& options) {
  return change_each(
      items, [this](std::size_t count, const auto& work) { return for_each_of(count, work); },
      [&](std::size_t i) { return restore(user, items[i], options); });
}

std::vector<Result<DismissalChange>> Dismissals::dismiss_for(const DismissalItemId& item,
                                                             std::span<const DismissalUserId> users,
                                                             const DismissOptions& options) {
  return change_each(
      users, [this](std::size_t count, const auto& work) { return for_each_of(count, work); },
      [&](std::size_t i) { return dismiss(users[i], item, options); });
}

Result<DismissalCounts> Dismissals::count(const DismissalUserId& user) {
  DismissalCounts counts;
  DismissalListOptions options{.limit = page_items};
  do {
    DismissiblePage page = TRY(list(user, options));
    if (!page.malformed.empty()) return unreadable(user, page.malformed);
    for (const Dismissible& each : page.items) {
      ++(each.is_dismissed() ? counts.dismissed : counts.active);
    }
    options.after = std::move(page.next);
  } while (!options.after.empty());
  return counts;
}

Result<std::size_t> Dismissals::restore_all(const DismissalUserId& user, std::string_view prefix) {
  std::size_t restored = 0;
  std::vector<std::string> malformed;
  DismissalListOptions options{
      .state = DismissalState::dismissed, .prefix = std::string(prefix), .limit = page_items};
  do {
    DismissiblePage page = TRY(list(user, options));
    std::vector<DismissalItemId> items;
    for (const Dismissible& each : page.items) {
      // One that is no id of ours is somebody else's, whom this call was not about.
      if (auto id = DismissalItemId::parse(each.item_id)) items.push_back(std::move(*id));
    }
    for (const auto& change : restore_many(user, items, {.idempotent = true})) {
      if (change) {
        restored += change->changed ? 1 : 0;
      } else if (change.error().code() != ErrorCode::not_found) {  // gone meanwhile
        return change.error();
      }
    }
    std::move(page.malformed.begin(), page.malformed.end(), std::back_inserter(malformed));
    options.after = std::move(page.next);
  } while (!options.after.empty());
  if (!malformed.empty()) return unreadable(user, malformed);
  return restored;
}

}  // namespace dynakeep
