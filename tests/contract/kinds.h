#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "dynakeep/database.h"

// The kinds of Database that the contract is held against.
namespace dynakeep::contract {

// A database, and whatever must live as long as it.
struct OpenedDatabase {
  std::shared_ptr<void> under = {};
  std::unique_ptr<Database> database = {};  // destroyed before what is under it
};

struct Kind {
  std::string name = {};  // as part of a test's name: "embedded_on_disk"
  std::function<Result<OpenedDatabase>()> open = {};

  friend std::ostream& operator<<(std::ostream& out, const Kind& kind);
};

// Ours, each opened fresh; or the one that `only_kind` has put in their place.
const std::vector<Kind>& kinds();
void only_kind(Kind kind);

}  // namespace dynakeep::contract
