#include "expression/prune.h"

#include "base/bytes.h"
#include "expression/paths.h"

namespace dynakeep::expression {
namespace {

using model::ListView;
using model::MapView;
using model::ValueTag;
using model::ValueView;

bool append_pruned(std::string& out, ValueView value, PathBranch branch);

// Appends the entries of `map` that the branch leads to or into. Returns how many there are. Paths
// and entries are both in order: one walk over each.
std::size_t append_entries(std::string& out, MapView map, PathBranch branch) {
  std::size_t count = 0;
  auto entry = map.begin();
  while (!branch.empty() && !entry.done()) {
    const std::string_view wanted = branch.name();
    const PathBranch below = branch.take();
    int ahead = -1;
    while (!entry.done() && (ahead = entry.name().compare(wanted)) < 0) entry.next();
    if (ahead != 0) continue;
    if (below.is_leaf()) {
      out += entry.entry();
      ++count;
    } else {
      const std::size_t before = out.size();
      model::append_name(out, entry.name());
      if (append_pruned(out, entry.value(), below)) {
        ++count;
      } else {
        out.resize(before);
      }
    }
    entry.next();
  }
  return count;
}

// The same for the elements of `list`, which close up.
std::size_t append_elements(std::string& out, ListView list, PathBranch branch) {
  std::size_t count = 0;
  std::uint32_t at = 0;
  for (auto each = list.begin(); !each.done() && !branch.empty(); each.next(), ++at) {
    if (branch.index() == at && append_pruned(out, each.value(), branch.take())) ++count;
  }
  return count;
}

// Appends what the branch leads to within `value`; false, with nothing appended, if nothing.
bool append_pruned(std::string& out, ValueView value, PathBranch branch) {
  if (branch.is_leaf()) {
    out += value.bytes();
    return true;
  }
  if (!value.is(branch.by_index() ? ValueTag::list : ValueTag::map)) return false;
  std::string parts;
  const std::size_t count = branch.by_index() ? append_elements(parts, value.list(), branch)
                                              : append_entries(parts, value.map(), branch);
  if (count == 0) return false;
  std::string payload;
  base::append_varint(payload, count);
  payload += parts;
  model::append_value(out, value.tag(), payload);
  return true;
}

}  // namespace

std::string prune(const Bound& bound, const std::vector<Path>& paths,
                  const std::vector<std::uint32_t>& order, MapView item) {
  std::string entries;
  const std::size_t count = append_entries(entries, item, PathBranch(bound, paths, order));
  std::string pruned;
  pruned.reserve(entries.size() + 1 + base::varint_bytes_max);
  model::append_item_head(pruned, count);
  pruned += entries;
  return pruned;
}

}  // namespace dynakeep::expression
