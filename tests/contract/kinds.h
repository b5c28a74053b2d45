#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "support/remote_databases.h"

// The kinds of Database that the contract is held against.
namespace dynakeep::contract {

struct Kind {
  std::string name = {};  // as part of a test's name: "embedded_on_disk"
  std::function<Result<support::OwnedDatabase>()> open = {};

  friend std::ostream& operator<<(std::ostream& out, const Kind& kind);
};

// Ours, each opened fresh; or the one that `only_kind` has put in their place.
const std::vector<Kind>& kinds();
void only_kind(Kind kind);

}  // namespace dynakeep::contract
