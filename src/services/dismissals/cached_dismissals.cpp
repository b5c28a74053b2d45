#include "services/dismissals/cached_dismissals.h"

#include <type_traits>
#include <utility>

#include "services/dismissals/item_cache.h"

namespace dynakeep::services::dismissals {

namespace {

using Found = std::map<std::string, Dismissible, std::less<>>;

const Dismissible& item_of(const Dismissible& item) { return item; }
const Dismissible& item_of(const ObtainedDismissible& obtained) { return obtained.item; }
const Dismissible& item_of(const DismissalChange& change) { return change.item; }

class CachedDismissals final : public Dismissals {
 public:
  CachedDismissals(Dismissals& store, const DismissalCacheOptions& options, const Clock& clock)
      : store_(store), cache_(options.items_max, options.time_to_live, clock) {}

  Result<std::optional<Dismissible>> get(const DismissalUserId& user,
                                         const DismissalItemId& item) override {
    if (auto kept = cache_.find(user.text(), item.text())) return kept;
    const auto reading = cache_.begin_read(user.text(), item.text());
    auto found = store_.get(user, item);
    if (found && *found) cache_.end_read(reading, **found);
    return found;
  }

  Result<ObtainedDismissible> create(const DismissalUserId& user,
                                     const DismissalItemId& item) override {
    return written(user, item, [&] { return store_.create(user, item); });
  }
  Result<DismissalChange> dismiss(const DismissalUserId& user, const DismissalItemId& item,
                                  const DismissOptions& options) override {
    return written(user, item, [&] { return store_.dismiss(user, item, options); });
  }
  Result<DismissalChange> restore(const DismissalUserId& user, const DismissalItemId& item,
                                  const RestoreOptions& options) override {
    return written(user, item, [&] { return store_.restore(user, item, options); });
  }
  Result<Dismissible> update(const DismissalUserId& user, const DismissalItemId& item,
                             std::optional<DismissalTime> dismissed_at) override {
    return written(user, item, [&] { return store_.update(user, item, dismissed_at); });
  }
  Result<Dismissible> count_showing(const DismissalUserId& user,
                                    const DismissalItemId& item) override {
    return written(user, item, [&] { return store_.count_showing(user, item); });
  }
  Result<bool> remove(const DismissalUserId& user, const DismissalItemId& item) override {
    const auto writing = cache_.begin_write(user.text(), item.text());
    auto removed = store_.remove(user, item);
    cache_.end_write(writing, user.text(), item.text(), nullptr);
    return removed;
  }

  Result<Found> get_many(const DismissalUserId& user,
                         std::span<const DismissalItemId> items) override {
    Found found;
    std::vector<DismissalItemId> missing;
    std::vector<ItemCache::Ticket> readings;
    for (const DismissalItemId& item : items) {
      if (auto kept = cache_.find(user.text(), item.text())) {
        found.insert_or_assign(item.text(), std::move(*kept));
      } else {
        missing.push_back(item);
        readings.push_back(cache_.begin_read(user.text(), item.text()));
      }
    }
    if (missing.empty()) return found;
    Found read = TRY(store_.get_many(user, missing));
    for (std::size_t i = 0; i < missing.size(); ++i) {
      const auto met = read.find(missing[i].text());
      if (met != read.end()) cache_.end_read(readings[i], met->second);
    }
    found.merge(std::move(read));
    return found;
  }

  Result<std::vector<ObtainedDismissible>> create_many(
      const DismissalUserId& user, std::span<const DismissalItemId> items) override {
    std::vector<ItemCache::Ticket> writings;
    for (const DismissalItemId& item : items) {
      writings.push_back(cache_.begin_write(user.text(), item.text()));
    }
    auto obtained = store_.create_many(user, items);
    for (std::size_t i = 0; i < items.size(); ++i) {
      cache_.end_write(writings[i], user.text(), items[i].text(),
                       obtained ? &(*obtained)[i].item : nullptr);
    }
    return obtained;
  }

  Result<DismissiblePage> list(const DismissalUserId& user,
                               const DismissalListOptions& options) override {
    return store_.list(user, options);
  }
  Result<std::size_t> erase(const DismissalUserId& user) override {
    auto erased = store_.erase(user);
    cache_.forget_user(user.text());
    return erased;
  }
  Result<std::size_t> remove_all() override {
    auto removed = store_.remove_all();
    cache_.forget_all();
    return removed;
  }
  Result<void> for_each_of(std::size_t count,
                           const std::function<void(std::size_t)>& work) override {
    return store_.for_each_of(count, work);
  }

 private:
  // Storage first, then the cache.
  template <typename Write>
  std::invoke_result_t<const Write&> written(const DismissalUserId& user,
                                             const DismissalItemId& item, const Write& write) {
    const auto writing = cache_.begin_write(user.text(), item.text());
    auto outcome = write();
    cache_.end_write(writing, user.text(), item.text(), outcome ? &item_of(*outcome) : nullptr);
    return outcome;
  }

  Dismissals& store_;
  ItemCache cache_;
};

}  // namespace

std::unique_ptr<Dismissals> make_cached_dismissals(Dismissals& store,
                                                   const DismissalCacheOptions& options,
                                                   const Clock& clock) {
  return std::make_unique<CachedDismissals>(store, options, clock);
}

}  // namespace dynakeep::services::dismissals
