#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "stores/dismissals/change.h"

namespace dynakeep::dismissals {
namespace {

class InMemoryDismissals final : public Dismissals {
 public:
  explicit InMemoryDismissals(const InMemoryDismissalOptions& options)
      : options_(options),
        keeping_{.expire_after = options.expire_after,
                 .count_dismissals = options.count_dismissals} {}

  Result<std::optional<Dismissible>> get(const DismissalUserId& user,
                                         const DismissalItemId& item) override {
    const std::lock_guard lock(mutex_);
    return find(user, item, now());
  }

  Result<ObtainedDismissible> create(const DismissalUserId& user,
                                     const DismissalItemId& item) override {
    const std::lock_guard lock(mutex_);
    return create_at(user, item, now());
  }

  Result<DismissalChange> dismiss(const DismissalUserId& user, const DismissalItemId& item,
                                  const DismissOptions& options) override {
    return make({.now = now(), .options = options, .keeping = keeping_}, user, item);
  }

  Result<DismissalChange> restore(const DismissalUserId& user, const DismissalItemId& item,
                                  const RestoreOptions& options) override {
    return make({.kind = Change::Kind::restore,
                 .now = now(),
                 .options = {.idempotent = options.idempotent},
                 .keeping = keeping_},
                user, item);
  }

  Result<Dismissible> update(const DismissalUserId& user, const DismissalItemId& item,
                             std::optional<DismissalTime> dismissed_at) override {
    const std::lock_guard lock(mutex_);
    const DismissalTime changed_at = now();
    auto found = find(user, item, changed_at);
    if (!found) return not_found(item);
    found->dismissed_at = dismissed_at;
    found->dismissed_until.reset();
    if (const auto expiry = expiry_from(keeping_, changed_at)) found->expires_at = expiry;
    put(*found, changed_at);
    return *found;
  }

  Result<bool> remove(const DismissalUserId& user, const DismissalItemId& item) override {
    const std::lock_guard lock(mutex_);
    const auto place = places_.find(key_of(user, item));
    if (place == places_.end()) return false;
    drop(place->second);
    return true;
  }

  Result<Dismissible> count_showing(const DismissalUserId& user,
                                    const DismissalItemId& item) override {
    const std::lock_guard lock(mutex_);
    const DismissalTime seen_at = now();
    if (!find(user, item, seen_at)) return not_found(item);
    Dismissible& kept = places_.at(key_of(user, item))->item;
    ++kept.seen_count;
    return shown(kept, seen_at);
  }

  Result<std::map<std::string, Dismissible, std::less<>>> get_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) override {
    const std::lock_guard lock(mutex_);
    const DismissalTime read_at = now();
    std::map<std::string, Dismissible, std::less<>> found;
    for (const DismissalItemId& item : items) {
      if (auto one = find(user, item, read_at)) found.emplace(item.text(), std::move(*one));
    }
    return found;
  }

  Result<std::vector<ObtainedDismissible>> create_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) override {
    const std::lock_guard lock(mutex_);
    const DismissalTime created_at = now();
    std::map<std::string_view, ObtainedDismissible> by_id;
    std::vector<ObtainedDismissible> obtained;
    obtained.reserve(items.size());
    for (const DismissalItemId& item : items) {
      auto [known, is_first] = by_id.try_emplace(item.text());
      if (is_first) known->second = create_at(user, item, created_at);
      obtained.push_back(known->second);
    }
    return obtained;
  }

  Result<DismissiblePage> list(const DismissalUserId& user,
                               const DismissalListOptions& options) override;

  Result<std::size_t> erase(const DismissalUserId& user) override {
    const std::lock_guard lock(mutex_);
    return remove_if([&](const Dismissible& item) { return item.user_id == user.text(); });
  }

  Result<std::size_t> remove_all() override {
    const std::lock_guard lock(mutex_);
    return remove_if([](const Dismissible&) { return true; });
  }

  Result<void> for_each_of(std::size_t count,
                           const std::function<void(std::size_t)>& work) override {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return {};
  }

 private:
  struct Kept {
    Dismissible item = {};
    DismissalTime written_at = {};
  };
  using Place = std::list<Kept>::iterator;

  DismissalTime now() const {
    return std::chrono::floor<std::chrono::milliseconds>(options_.clock->now());
  }
  // Ids are without ':'.
  static std::string key_of(std::string_view user, std::string_view item) {
    return std::string(user) + ':' + std::string(item);
  }
  static std::string key_of(const DismissalUserId& user, const DismissalItemId& item) {
    return key_of(user.text(), item.text());
  }

  // All of these with the lock held.
  bool is_over(const Kept& kept, DismissalTime at) const {
    return kept.written_at + options_.time_to_live <= at ||
           (kept.item.expires_at && *kept.item.expires_at <= at);
  }
  // As it stands at the time. A use.
  std::optional<Dismissible> find(const DismissalUserId& user, const DismissalItemId& item,
                                  DismissalTime at) {
    const auto place = places_.find(key_of(user, item));
    if (place == places_.end()) return std::nullopt;
    if (is_over(*place->second, at)) {
      drop(place->second);
      return std::nullopt;
    }
    kept_.splice(kept_.begin(), kept_, place->second);
    return shown(place->second->item, at);
  }
  static Dismissible shown(Dismissible item, DismissalTime at) {
    if (item.dismissed_until && *item.dismissed_until <= at) {
      item.dismissed_at.reset();
      item.dismissed_until.reset();
    }
    return item;
  }
  void put(const Dismissible& item, DismissalTime at) {
    const std::string key = key_of(item.user_id, item.item_id);
    if (const auto place = places_.find(key); place != places_.end()) drop(place->second);
    kept_.push_front({.item = item, .written_at = at});
    places_.emplace(key, kept_.begin());
    if (kept_.size() > options_.items_max) drop(std::prev(kept_.end()));
  }
  void drop(Place place) {
    places_.erase(key_of(place->item.user_id, place->item.item_id));
    kept_.erase(place);
  }
  template <typename Condition>
  std::size_t remove_if(const Condition& condition) {
    std::size_t removed = 0;
    for (auto place = kept_.begin(); place != kept_.end();) {
      const auto next = std::next(place);
      if (condition(place->item)) {
        drop(place);
        ++removed;
      }
      place = next;
    }
    return removed;
  }
  ObtainedDismissible create_at(const DismissalUserId& user, const DismissalItemId& item,
                                DismissalTime at) {
    if (auto found = find(user, item, at)) return {.item = std::move(*found)};
    Dismissible fresh = new_item(keeping_, user, item, at);
    put(fresh, at);
    return {.item = std::move(fresh), .created = true};
  }

  Result<DismissalChange> make(const Change& change, const DismissalUserId& user,
                               const DismissalItemId& item) {
    TRY(check_change(change));
    const std::lock_guard lock(mutex_);
    auto current = find(user, item, change.now);
    auto next = TRY(next_state(change, current, user, item));
    if (!next) return DismissalChange{.item = *current, .previous = current, .changed = false};
    put(*next, change.now);
    return DismissalChange{.item = std::move(*next), .previous = std::move(current)};
  }

  const InMemoryDismissalOptions options_;
  const Keeping keeping_;

  std::mutex mutex_;
  std::list<Kept> kept_;  // the most recently used first
  std::unordered_map<std::string, Place> places_;
};

Result<DismissiblePage> InMemoryDismissals::list(const DismissalUserId& user,
                                                 const DismissalListOptions& options) {
  TRY(check_list(options));
  const std::lock_guard lock(mutex_);
  const DismissalTime read_at = now();
  std::map<std::string_view, const Dismissible*> in_order;
  for (const Kept& each : kept_) {
    if (each.item.user_id == user.text() && !is_over(each, read_at)) {
      in_order.emplace(each.item.item_id, &each.item);
    }
  }
  DismissiblePage page;
  for (auto at = in_order.upper_bound(options.after); at != in_order.end(); ++at) {
    if (!at->first.starts_with(options.prefix)) continue;
    Dismissible item = shown(*at->second, read_at);
    if (!is_wanted(options, item)) continue;
    if (page.items.size() == options.limit) {
      page.next = page.items.back().item_id;
      break;
    }
    page.items.push_back(std::move(item));
  }
  return page;
}

}  // namespace
}  // namespace dynakeep::dismissals

namespace dynakeep {

Result<std::unique_ptr<Dismissals>> in_memory_dismissals(InMemoryDismissalOptions options) {
  if (options.items_max == 0 || options.time_to_live <= std::chrono::milliseconds(0)) {
    return Error(ErrorCode::invalid_argument, "Items need room and time to live");
  }
  TRY(dismissals::check_keeping({.expire_after = options.expire_after}));
  return std::unique_ptr<Dismissals>(std::make_unique<dismissals::InMemoryDismissals>(options));
}

}  // namespace dynakeep
