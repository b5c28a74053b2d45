#include <mutex>
#include <shared_mutex>
#include <utility>

#include "stores/replica/copy.h"
#include "stores/replica/ordered_items.h"

namespace dynakeep::replicas {
namespace {

// Beside the item: its row, key, and pointers to it.
constexpr std::size_t row_bytes = 200;

class MemoryCopy final : public Copy {
 public:
  MemoryCopy(TableKeys keys, std::size_t bytes_max)
      : keys_(std::move(keys)), bytes_max_(bytes_max) {}

  Result<CopyProgress> load() override { return CopyProgress{}; }

  Result<void> begin(const CopyProgress&) override {
    const std::lock_guard lock(mutex_);
    fresh_.emplace();
    return {};
  }

  bool needs_sweep() const override { return false; }

  Result<void> complete(const Tell& tell) override {
    OrderedItems before;
    OrderedItems::View after;
    {
      const std::lock_guard lock(mutex_);
      before = std::exchange(shown_.items, {});
      shown_ = std::move(*fresh_);
      fresh_.reset();
      if (tell) after = shown_.items.view();
    }
    if (!tell) return {};
    after.from({}, [&](const Row& row) {
      const RowPointer old = before.erase(row.key);
      if (!old || old->item != row.item) {
        tell(keys_.key_of(row.item), old ? std::optional(old->item) : std::nullopt, row.item);
      }
      return true;
    });
    before.view().from({}, [&](const Row& row) {
      tell(keys_.key_of(row.item), row.item, std::nullopt);
      return true;
    });
    return {};
  }

  Result<void> store(std::vector<Change> read, const Tell& tell) override {
    return take(std::move(read), tell, false);
  }
  Result<void> apply(std::vector<Change> changes, const ProgressChange&,
                     const Tell& tell) override {
    return take(std::move(changes), tell, true);
  }
  std::size_t records_max() const override { return 1000; }

  Result<std::optional<Item>> get(const Key& key) const override {
    const std::string text = keys_.text_of(key);
    RowPointer row;
    {
      const std::shared_lock lock(mutex_);
      row = shown_.items.find(text);
    }
    if (!row) return std::optional<Item>();
    return std::optional(row->item);
  }

  Result<std::vector<std::optional<Item>>> get_all(const std::vector<Key>& keys) const override {
    std::vector<std::optional<Item>> items;
    for (const Key& key : keys) items.push_back(TRY(get(key)));
    return items;
  }

  Result<std::size_t> for_each(const ItemVisitor& visit) const override {
    return view().from({}, [&](const Row& row) { return visit(Item(row.item)); });
  }

  Result<std::size_t> for_each_of(const AttributeValue& partition,
                                  const ItemVisitor& visit) const override {
    const std::string beginning = keys_.text_of_partition(partition);
    if (beginning.empty()) return Error::validation("No partition key of the table");
    std::size_t visited = 0;
    view().from(beginning, [&](const Row& row) {
      if (!row.key.starts_with(beginning)) return false;
      ++visited;
      return visit(Item(row.item));
    });
    return visited;
  }

  Result<std::size_t> size() const override {
    const std::shared_lock lock(mutex_);
    return shown_.items.size();
  }

  Result<KeyPage> keys(const std::optional<Key>& behind) const override {
    constexpr std::size_t keys_max = 1000;
    const std::string text = behind ? keys_.text_of(*behind) : std::string();
    KeyPage page;
    view().from(text, [&](const Row& row) {
      if (row.key == text) return true;
      page.keys.push_back(keys_.key_of(row.item));
      return page.keys.size() < keys_max;
    });
    if (page.keys.size() == keys_max) page.last = page.keys.back();
    return page;
  }

 private:
  struct Items {
    OrderedItems items;
    std::size_t bytes = 0;
  };

  OrderedItems::View view() const {
    const std::lock_guard lock(mutex_);
    return shown_.items.view();
  }

  static std::size_t bytes_of(const RowPointer& row) {
    return row ? row_bytes + row->key.size() + stored_bytes(row->item).value_or(0) : 0;
  }

  Result<void> take(std::vector<Change> changes, const Tell& tell, bool are_records) {
    std::vector<std::pair<RowPointer, RowPointer>> told;  // what was there, and is
    bool is_full = false;
    {
      const std::lock_guard lock(mutex_);
      Items& to = fresh_ ? *fresh_ : shown_;
      for (Change& change : changes) {
        if (are_records && change.position) {
          // The page that had the item had this change too.
          const RowPointer there = to.items.find(change.text);
          if (there && there->position &&
              compare_sequence_numbers(*change.position, *there->position) <= 0) {
            continue;
          }
        }
        RowPointer after;
        if (change.item) {
          after = std::make_shared<const Row>(Row{.key = std::move(change.text),
                                                  .item = std::move(*change.item),
                                                  .position = std::move(change.position)});
          to.bytes += bytes_of(after);
        }
        RowPointer before = after ? to.items.put(after) : to.items.erase(change.text);
        to.bytes -= bytes_of(before);
        // While the table is read, nobody is told before it is complete.
        if (tell && !fresh_) told.emplace_back(std::move(before), std::move(after));
      }
      is_full = to.bytes > bytes_max_;
    }
    for (const auto& [before, after] : told) {
      if (before == after || (before && after && before->item == after->item)) continue;
      tell(keys_.key_of(after ? after->item : before->item),
           before ? std::optional(before->item) : std::nullopt,
           after ? std::optional(after->item) : std::nullopt);
    }
    if (!is_full) return {};
    return Error(ErrorCode::limit_exceeded,
                 "The copy takes more than bytes_max, " + std::to_string(bytes_max_) + " bytes");
  }

  const TableKeys keys_;
  const std::size_t bytes_max_;
  mutable std::shared_mutex mutex_;
  // A view of the items notes that there is one; to whom reads them that is no change.
  mutable Items shown_;
  std::optional<Items> fresh_;  // while the table is read
};

}  // namespace

std::unique_ptr<Copy> make_memory_copy(TableKeys keys, std::size_t bytes_max) {
  return std::make_unique<MemoryCopy>(std::move(keys), bytes_max);
}

}  // namespace dynakeep::replicas
