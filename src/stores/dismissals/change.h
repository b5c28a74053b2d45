#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dynakeep/stores/dismissals.h"

// What dismissing and restoring mean, without a database.
namespace dynakeep::dismissals {

// What all items of a store are kept by.
struct Keeping {
  std::optional<std::chrono::seconds> expire_after = {};
  bool count_dismissals = false;
};

// invalid_argument: an expiry below a second.
Result<void> check_keeping(const Keeping& keeping);

// When something that is written now expires.
std::optional<DismissalTime> expiry_from(const Keeping& keeping, DismissalTime now);

// An item that is new.
Dismissible new_item(const Keeping& keeping, const DismissalUserId& user,
                     const DismissalItemId& item, DismissalTime now);

// A dismissal or a restoration that was asked for at a moment.
struct Change {
  enum class Kind : std::uint8_t { dismiss, restore };
  Kind kind = Kind::dismiss;
  DismissalTime now = {};
  DismissOptions options = {};  // of restore: idempotent alone
  Keeping keeping = {};
};

// invalid_argument: it cannot be asked for.
Result<void> check_change(const Change& change);

// The item as it is to stand where it stands as `current` (nothing: it is not there); nothing where
// that is as it is. not_found and precondition_failed as Dismissals has them.
Result<std::optional<Dismissible>> next_state(const Change& change,
                                              const std::optional<Dismissible>& current,
                                              const DismissalUserId& user,
                                              const DismissalItemId& item);

Error not_found(const DismissalItemId& item);

// ---- lists ----

inline constexpr std::size_t page_items_max = 1000;

// invalid_argument: a limit beyond bounds, or a place that is not in the list.
Result<void> check_list(const DismissalListOptions& options);

// Whether the list shows items in that state.
bool is_wanted(const DismissalListOptions& options, const Dismissible& item);

}  // namespace dynakeep::dismissals
