#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/stores/user_data.h"

namespace dynakeep {

// What a turn began with.
struct LoadedUser {
  std::string user_id = {};
  std::optional<Item> item = {};  // as it stands in the table
  bool expired = false;           // it counts for absent, but must be guarded like any other
  bool session_goes_on = false;   // the turn's session is the stored one
  UserSessionOptions session = {};
  std::vector<AttributeMap> history = {};

  // What counts of the item.
  const Item* current() const { return item && !expired ? &*item : nullptr; }
};

struct UserTurnAccess {
  static const LoadedUser* loaded(const UserTurn& turn) { return turn.loaded_.get(); }
  static void set_loaded(UserTurn& turn, LoadedUser loaded) {
    turn.loaded_ = std::make_shared<const LoadedUser>(std::move(loaded));
  }
};

}  // namespace dynakeep
