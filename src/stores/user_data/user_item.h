#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/stores/user_data.h"
#include "stores/user_data/loaded.h"

// A user's item, attribute by attribute: docs/stores/user-data.md.
namespace dynakeep::user_data {

inline constexpr std::string_view user_attribute = "user";
inline constexpr std::string_view session_attribute = "session";
inline constexpr std::string_view history_attribute = "history";
inline constexpr std::string_view created_at_attribute = "createdAt";
inline constexpr std::string_view updated_at_attribute = "updatedAt";
inline constexpr std::array element_attributes = {user_attribute, session_attribute,
                                                  history_attribute, created_at_attribute,
                                                  updated_at_attribute};

inline constexpr std::string_view data_member = "data";    // of user and session
inline constexpr std::string_view items_member = "items";  // of history
inline constexpr std::string_view id_member = "id";        // of session, as the next ones
inline constexpr std::string_view state_member = "state";
// The times of a session are called as those of the item.

// To milliseconds, which is what is stored.
Time whole_milliseconds(Time moment);

// ---- reading ----
//
// NULL is read as if it were not there, as upstream's readers take it. malformed_item: another type
// than belongs there, with the path.

Result<AttributeMap> read_user(const Item& item);
Result<std::optional<UserSession>> read_session(const Item& item);
Result<std::vector<AttributeMap>> read_history(const Item& item);
// Nothing for what is no moment.
std::optional<Time> read_time(AttributeView attribute);
bool is_expired(const Item& item, const std::optional<UserExpiryOptions>& expiry, Time now);

// Whether the session has ended by time.
bool has_ended(const UserSession& session, const UserSessionOptions& options, Time now);

// ---- writing ----

// `entry` in front of the others, and as many as are kept.
std::vector<AttributeMap> with_entry(const std::optional<AttributeMap>& entry,
                                     std::vector<AttributeMap> history,
                                     const std::optional<std::size_t>& size);

// The item that the turn is to be saved as, but for what stamp() adds. `keeps_unknown`: with all
// that the turn was loaded with and that is not its to write.
Item compose(const UserTurn& turn, const LoadedUser& loaded, const UserDataOptions& options,
             const std::string& key, const std::optional<AttributeMap>& entry, bool keeps_unknown);

// Puts the history into the item; what else its element has stays.
void set_history(AttributeMap& item, std::vector<AttributeMap> history);

}  // namespace dynakeep::user_data
