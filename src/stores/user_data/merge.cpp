#include "stores/user_data/merge.h"

#include <algorithm>
#include <utility>

#include "dynakeep/iso_time.h"
#include "stores/user_data/user_item.h"
#include "stores/user_data/values.h"

namespace dynakeep::user_data {
namespace {

bool same(const AttributeValue* a, const AttributeValue* b) {
  return a == nullptr || b == nullptr ? a == b : *a == *b;
}

std::optional<AttributeValue> copy_of(const AttributeValue* value) {
  return value == nullptr ? std::nullopt : std::optional(*value);
}

const AttributeMap& map_or_empty(const AttributeValue* value) {
  static const AttributeMap empty;
  const auto* map = value == nullptr ? nullptr : value->get_if<AttributeMap>();
  return map == nullptr ? empty : *map;
}

const AttributeValue* find(const AttributeMap& map, std::string_view name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

const AttributeValue* find(const Item* item, std::string_view name) {
  return item == nullptr ? nullptr : item->find(name);
}

AttributeMap merge_maps(const AttributeMap& base, const AttributeMap& mine,
                        const AttributeMap& theirs, const std::string& path,
                        std::vector<std::string>& overruled) {
  AttributeMap merged;
  const auto take = [&](const std::string& name) {
    auto value = merge_values(find(base, name), find(mine, name), find(theirs, name),
                              path + "." + name, overruled);
    if (value) merged.insert_or_assign(name, std::move(*value));
  };
  for (const auto& [name, value] : mine) take(name);
  for (const auto& [name, value] : theirs) {
    if (!mine.contains(name)) take(name);
  }
  return merged;
}

// The attribute as a moment; `otherwise` if it is none.
std::optional<Time> time_in(const AttributeMap& map, std::string_view name) {
  const AttributeValue* found = find(map, name);
  return found == nullptr ? std::nullopt : read_time(*found);
}

void set_time(AttributeMap& map, std::string_view name, std::optional<Time> moment) {
  if (moment) map.insert_or_assign(std::string(name), to_iso(*moment));
}

std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
  return a && b ? std::min(a, b) : (a ? a : b);
}

AttributeMap without_times(AttributeMap session) {
  for (const std::string_view name : {created_at_attribute, updated_at_attribute}) {
    if (const auto found = session.find(name); found != session.end()) session.erase(found);
  }
  return session;
}

std::optional<AttributeValue> merge_sessions(const AttributeValue* base, const AttributeValue* mine,
                                             const AttributeValue* theirs,
                                             std::vector<std::string>& overruled) {
  const std::string path(session_attribute);
  if (mine == nullptr || theirs == nullptr || theirs->is_null()) {
    if (mine == nullptr && !same(base, theirs)) overruled.push_back(path);
    return copy_of(mine);
  }
  const AttributeMap& ours = mine->as_map();
  const AttributeMap& others = map_or_empty(theirs);
  const auto our_time = time_in(ours, updated_at_attribute);
  const auto their_time = time_in(others, updated_at_attribute);
  if (!same(find(ours, id_member), find(others, id_member))) {
    overruled.push_back(path);
    return copy_of(their_time && our_time && *their_time > *our_time ? theirs : mine);
  }
  AttributeMap merged = merge_maps(without_times(map_or_empty(base)), without_times(ours),
                                   without_times(others), path, overruled);
  set_time(merged, created_at_attribute,
           earlier(time_in(ours, created_at_attribute), time_in(others, created_at_attribute)));
  set_time(merged, updated_at_attribute,
           our_time && their_time ? std::max(our_time, their_time) : our_time);
  return AttributeValue(std::move(merged));
}

// Whether saves have cut their history at its end, where `next` would have come.
bool was_cut(const Merge& merge, const Item& theirs, const std::vector<AttributeMap>& history,
             const AttributeMap& next) {
  const UserDataOptions& options = merge.options;
  if (options.history.size && history.size() >= *options.history.size) return true;
  if (!options.trim_history) return false;
  const auto bytes = stored_bytes(theirs);
  const auto more = stored_bytes(Item(AttributeMap{{std::string(), next}}));
  return bytes && more && *bytes + *more >= options.item_bytes_max;
}

// Whether the entry that `stored` begins with stands in their history, with all that followed it
// there. It may stand in front: the save after it had none to add, or had added its own before.
Result<bool> holds_entry(const Merge& merge, const Item& theirs,
                         const std::vector<AttributeMap>& history, const Item& stored) {
  const std::vector<AttributeMap> sought = TRY(read_history(stored));
  if (sought.empty()) return false;
  for (std::size_t newer = 0; newer < history.size(); ++newer) {
    const auto length = std::min(history.size() - newer, sought.size());
    if (std::equal(sought.begin(), sought.begin() + static_cast<std::ptrdiff_t>(length),
                   history.begin() + static_cast<std::ptrdiff_t>(newer)) &&
        (length == sought.size() || was_cut(merge, theirs, history, sought[length]))) {
      return true;
    }
  }
  return false;
}

AttributeValue list_of(const std::vector<AttributeMap>& history) {
  return AttributeList(history.begin(), history.end());
}

Result<std::vector<AttributeMap>> merge_histories(const Merge& merge, const Item* theirs,
                                                  const std::vector<Item>& may_be_in,
                                                  std::vector<std::string>& overruled) {
  auto their_history = theirs == nullptr ? std::vector<AttributeMap>() : TRY(read_history(*theirs));
  bool is_in = false;
  for (const Item& each : may_be_in) {
    if (theirs == nullptr) break;
    is_in = is_in || TRY(holds_entry(merge, *theirs, their_history, each));
  }
  // The turn's entry is what it adds; the rest it has most likely left alone. What it changed came
  // in with the entry.
  if (!is_in && merge.history != merge.loaded.history) {
    const AttributeValue base = list_of(merge.loaded.history);
    const AttributeValue mine = list_of(merge.history);
    const AttributeValue others = list_of(their_history);
    const auto merged = merge_values(&base, &mine, &others, "history.items", overruled);
    their_history.clear();
    for (const AttributeValue& entry : merged->as_list()) their_history.push_back(entry.as_map());
  }
  return with_entry(is_in ? std::nullopt : merge.entry, std::move(their_history),
                    merge.options.history.size);
}

}  // namespace

std::optional<AttributeValue> merge_values(const AttributeValue* base, const AttributeValue* mine,
                                           const AttributeValue* theirs, const std::string& path,
                                           std::vector<std::string>& overruled) {
  if (same(mine, theirs) || same(base, theirs)) return copy_of(mine);
  if (same(base, mine)) return copy_of(theirs);
  if (mine != nullptr && theirs != nullptr && mine->is_map() && theirs->is_map()) {
    return AttributeValue(
        merge_maps(map_or_empty(base), mine->as_map(), theirs->as_map(), path, overruled));
  }
  overruled.push_back(path);
  return copy_of(mine);
}

Result<Item> merge_items(const Merge& merge, const Item* theirs, const std::vector<Item>& may_be_in,
                         std::vector<std::string>& overruled) {
  const UserDataOptions& options = merge.options;
  const Item* const base = merge.loaded.current();
  // What is neither of the store nor switched on was not this turn's to change.
  AttributeMap merged;
  if (merge.keeps_unknown && theirs != nullptr) merged = theirs->attributes();
  const auto put = [&](std::string_view name, std::optional<AttributeValue> value) {
    if (const auto found = merged.find(name); found != merged.end()) merged.erase(found);
    if (value) merged.emplace(name, std::move(*value));
  };
  put(options.table.key_attribute, merge.mine.at(options.table.key_attribute));
  if (options.user) {
    if (theirs != nullptr) TRY(read_user(*theirs));
    // An item that was erased held nothing: what this turn did not change stays erased.
    static const AttributeValue nothing{AttributeMap{{std::string(data_member), AttributeMap{}}}};
    const AttributeValue* their_user = find(theirs, user_attribute);
    if (their_user == nullptr || their_user->is_null()) their_user = &nothing;
    put(user_attribute, merge_values(find(base, user_attribute), merge.mine.find(user_attribute),
                                     their_user, std::string(user_attribute), overruled));
  }
  if (merge.loaded.session.enabled) {
    if (theirs != nullptr) TRY(read_session(*theirs));
    const AttributeValue* const from =
        merge.loaded.session_goes_on ? find(base, session_attribute) : nullptr;
    put(session_attribute, merge_sessions(from, merge.mine.find(session_attribute),
                                          find(theirs, session_attribute), overruled));
  }
  if (options.history.enabled &&
      (merge.mine.contains(history_attribute) || find(theirs, history_attribute) != nullptr)) {
    set_history(merged, TRY(merge_histories(merge, theirs, may_be_in, overruled)));
  }
  if (options.created_at) {
    const auto mine = read_time(*merge.mine.find(created_at_attribute));
    const auto others =
        theirs == nullptr ? std::nullopt : read_time(AttributeView(*theirs)[created_at_attribute]);
    set_time(merged, created_at_attribute, earlier(mine, others));
  }
  return Item(std::move(merged));
}

}  // namespace dynakeep::user_data
