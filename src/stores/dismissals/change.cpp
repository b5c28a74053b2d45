#include "stores/dismissals/change.h"

#include <algorithm>
#include <string>
#include <utility>

namespace dynakeep::dismissals {
namespace {

constexpr std::size_t id_bytes_max = 1024;  // of a sort key

// Whether what is dismissed is so for at least as long as it would be by the change.
bool lasts_as_long(const Dismissible& item, const Change& change) {
  if (!item.dismissed_until) return true;
  return change.options.until && *change.options.until <= *item.dismissed_until;
}

Error in_that_state(const DismissalItemId& item, const char* state) {
  return {ErrorCode::precondition_failed, "Item with id \"" + item.text() + "\" is " + state};
}

}  // namespace

Result<void> check_keeping(const Keeping& keeping) {
  if (keeping.expire_after && *keeping.expire_after < std::chrono::seconds(1)) {
    return Error(ErrorCode::invalid_argument, "Items that expire live for a second at least");
  }
  return {};
}

std::optional<DismissalTime> expiry_from(const Keeping& keeping, DismissalTime now) {
  if (!keeping.expire_after) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(now) + *keeping.expire_after;
}

Dismissible new_item(const Keeping& keeping, const DismissalUserId& user,
                     const DismissalItemId& item, DismissalTime now) {
  return {.user_id = user.text(),
          .item_id = item.text(),
          .created_at = now,
          .expires_at = expiry_from(keeping, now)};
}

Result<void> check_change(const Change& change) {
  if (change.options.until && *change.options.until <= change.now) {
    return Error(ErrorCode::invalid_argument, "A snooze must end later than now");
  }
  return {};
}

Result<std::optional<Dismissible>> next_state(const Change& change,
                                              const std::optional<Dismissible>& current,
                                              const DismissalUserId& user,
                                              const DismissalItemId& item) {
  const bool dismisses = change.kind == Change::Kind::dismiss;
  if (!current && !(dismisses && change.options.create_missing)) return not_found(item);

  const bool is_so_already =
      current && (dismisses ? current->is_dismissed() && lasts_as_long(*current, change)
                            : !current->is_dismissed());
  if (is_so_already) {
    if (change.options.idempotent) return std::optional<Dismissible>();
    return in_that_state(item, dismisses ? "already dismissed" : "not dismissed");
  }

  Dismissible next = current ? *current : new_item(change.keeping, user, item, change.now);
  if (const auto expiry = expiry_from(change.keeping, change.now)) next.expires_at = expiry;
  if (dismisses) {
    // Clocks of two servers may disagree: not before it was created.
    next.dismissed_at = std::max(change.now, next.created_at);
    next.dismissed_until = change.options.until;
    if (change.keeping.count_dismissals) ++next.dismiss_count;
  } else {
    next.dismissed_at.reset();
    next.dismissed_until.reset();
  }
  return std::optional(std::move(next));
}

Error not_found(const DismissalItemId& item) {
  return {ErrorCode::not_found, "Item with id \"" + item.text() + "\" not found"};
}

// ---- lists ----

Result<void> check_list(const DismissalListOptions& options) {
  if (options.limit < 1 || options.limit > page_items_max) {
    return Error(ErrorCode::invalid_argument,
                 "A page has 1 to " + std::to_string(page_items_max) + " items");
  }
  const bool is_of_this_list = options.after.empty() || options.after.starts_with(options.prefix);
  if (!is_of_this_list || options.after.size() > id_bytes_max ||
      options.prefix.size() > id_bytes_max) {
    return Error(ErrorCode::invalid_argument, "No page of this list ends there");
  }
  return {};
}

bool is_wanted(const DismissalListOptions& options, const Dismissible& item) {
  return options.state == DismissalState::any ||
         (options.state == DismissalState::dismissed) == item.is_dismissed();
}

}  // namespace dynakeep::dismissals
