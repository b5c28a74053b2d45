#include "expression/prune.h"

#include <span>

#include "base/bytes.h"

namespace dynakeep::expression {
namespace {

using model::MapView;
using model::ValueTag;
using model::ValueView;

using Order = std::span<const std::uint32_t>;

class Pruning {
 public:
  Pruning(const Bound& bound, const std::vector<Path>& paths) : bound_(bound), paths_(paths) {}

  // Appends the entries of `map` that the paths, whose step `depth` is a name, lead to or into.
  // Returns how many there are. Paths and entries are both in order: one walk over each.
  std::size_t append_entries(std::string& out, MapView map, Order order,
                             std::uint32_t depth) const {
    std::size_t count = 0;
    auto entry = map.begin();
    while (!order.empty() && !entry.done()) {
      const std::string_view wanted = bound_.name(step(order.front(), depth).number);
      int ahead = -1;
      while (!entry.done() && (ahead = entry.name().compare(wanted)) < 0) entry.next();
      const Order branch = take_branch(order, depth);
      if (ahead != 0 || entry.done()) continue;
      if (is_leaf(branch, depth)) {
        out += entry.entry();
        ++count;
      } else {
        const std::size_t before = out.size();
        model::append_name(out, entry.name());
        if (append_pruned(out, entry.value(), branch, depth + 1)) {
          ++count;
        } else {
          out.resize(before);
        }
      }
      entry.next();
    }
    return count;
  }

 private:
  const Step& step(std::uint32_t position, std::uint32_t depth) const {
    return bound_.tree().steps[paths_[position].first + depth];
  }

  // Takes off the front of `order` all paths that share the step at `depth`.
  Order take_branch(Order& order, std::uint32_t depth) const {
    const Step& first = step(order.front(), depth);
    std::size_t count = 1;
    while (count < order.size() && is_same(first, step(order[count], depth))) ++count;
    const Order branch = order.first(count);
    order = order.subspan(count);
    return branch;
  }

  bool is_same(const Step& a, const Step& b) const {
    if (a.is_index != b.is_index) return false;
    return a.number == b.number || (!a.is_index && bound_.name(a.number) == bound_.name(b.number));
  }

  // Whether the paths of the branch, then only one, end with the step at `depth`.
  bool is_leaf(Order branch, std::uint32_t depth) const {
    return paths_[branch.front()].count == depth + 1;
  }

  // Appends what the paths lead to within `value`; false, and nothing of use in `out`, if nothing.
  bool append_pruned(std::string& out, ValueView value, Order order, std::uint32_t depth) const {
    const bool by_index = step(order.front(), depth).is_index;
    if (!value.is(by_index ? ValueTag::list : ValueTag::map)) return false;
    std::string parts;
    const std::size_t count = by_index ? append_elements(parts, value, order, depth)
                                       : append_entries(parts, value.map(), order, depth);
    if (count == 0) return false;
    std::string payload;
    base::append_varint(payload, count);
    payload += parts;
    model::append_value(out, value.tag(), payload);
    return true;
  }

  std::size_t append_elements(std::string& out, ValueView list, Order order,
                              std::uint32_t depth) const {
    std::size_t count = 0;
    std::uint32_t at = 0;
    for (auto each = list.list().begin(); !each.done() && !order.empty(); each.next(), ++at) {
      if (step(order.front(), depth).number != at) continue;
      const Order branch = take_branch(order, depth);
      if (is_leaf(branch, depth)) {
        out += each.value().bytes();
        ++count;
      } else {
        const std::size_t before = out.size();
        if (append_pruned(out, each.value(), branch, depth + 1)) {
          ++count;
        } else {
          out.resize(before);
        }
      }
    }
    return count;
  }

  const Bound& bound_;
  const std::vector<Path>& paths_;
};

}  // namespace

std::string prune(const Bound& bound, const std::vector<Path>& paths,
                  const std::vector<std::uint32_t>& order, MapView item) {
  std::string entries;
  const std::size_t count = Pruning(bound, paths).append_entries(entries, item, order, 0);
  std::string pruned;
  pruned.reserve(entries.size() + 1 + base::varint_bytes_max);
  model::append_item_head(pruned, count);
  pruned += entries;
  return pruned;
}

}  // namespace dynakeep::expression
