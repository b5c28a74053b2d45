#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dynakeep/stores/user_data.h"
#include "stores/user_data/loaded.h"

// Two turns of one user that both saved: what each of them changed.
namespace dynakeep::user_data {

// Three ways, as one value: what one side did not change is the other's; objects member by member;
// where both changed something it is `mine`, and its path is added to `overruled`. Null is for not
// there.
std::optional<AttributeValue> merge_values(const AttributeValue* base, const AttributeValue* mine,
                                           const AttributeValue* theirs, const std::string& path,
                                           std::vector<std::string>& overruled);

// A save that met another one.
struct Merge {
  const UserDataOptions& options;
  const LoadedUser& loaded;  // the base
  const Item& mine;          // as compose() made it
  // The turn's own history: what it puts in front, and what it left of the rest.
  const std::optional<AttributeMap>& entry;
  const std::vector<AttributeMap>& history;
  bool keeps_unknown = true;
};

// What is to be saved over `theirs`, but for its stamp; null if there is nothing any more.
// `may_be_in` are items of this save that may have been stored before `theirs` was: where the entry
// of one is in their history, with all that followed it, it is not added again. An entry of another
// turn that says the same, on the same history, cannot be told from it. malformed_item: theirs.
Result<Item> merge_items(const Merge& merge, const Item* theirs, const std::vector<Item>& may_be_in,
                         std::vector<std::string>& overruled);

}  // namespace dynakeep::user_data
