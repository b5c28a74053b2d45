#pragma once

#include <optional>
#include <string_view>

#include "dynakeep/item.h"
#include "dynakeep/stores/dismissals.h"

// One item of the table, and what it says. The first four attributes are upstream's
// (docs/stores/dismissals.md).
namespace dynakeep::dismissals {

inline constexpr const char* user_attribute = "userId";
inline constexpr const char* id_attribute = "id";
inline constexpr const char* created_attribute = "createdAt";
inline constexpr const char* dismissed_attribute = "dismissedAt";
inline constexpr const char* until_attribute = "dismissedUntil";
inline constexpr const char* expires_attribute = "expiresAt";
inline constexpr const char* dismiss_count_attribute = "dismissCount";
inline constexpr const char* seen_count_attribute = "seenCount";

Key key_of(std::string_view user, std::string_view id);

// Leniently, as others may have written it: docs/stores/dismissals.md has the table of what is read
// as what. Nothing: it has expired. malformed_item: it cannot be read.
Result<std::optional<Dismissible>> read_record(const Item& item, DismissalTime now);

// Upstream's four attributes, and of ours those that say something.
Item to_record(const Dismissible& dismissible);

// S, or NULL for none.
AttributeValue time_value(std::optional<DismissalTime> time);
// N, seconds.
AttributeValue seconds_value(DismissalTime time);

}  // namespace dynakeep::dismissals
