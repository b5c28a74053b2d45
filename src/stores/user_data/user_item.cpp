#include "stores/user_data/user_item.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "dynakeep/iso_time.h"
#include "stores/user_data/values.h"

namespace dynakeep::user_data {
namespace {

using std::chrono::seconds;

Error wrong_type(const std::string& path, const AttributeView& found, AttributeType wanted) {
  return malformed(path + " is of type " + std::string(type_name(*found.type())) + ", not " +
                   std::string(type_name(wanted)));
}

// What is there, of that type; a view of nothing if there is nothing.
Result<AttributeView> member_of(AttributeView map, std::string_view name, AttributeType wanted,
                                const std::string& path) {
  const AttributeView found = map[name];
  if (!found.exists() || found.is_null()) return AttributeView();
  if (!found.is(wanted)) return wrong_type(path + std::string(name), found, wanted);
  return found;
}

AttributeMap map_at(AttributeView view) {
  AttributeValue value = view.value();
  auto* map = value.get_if<AttributeMap>();
  return map == nullptr ? AttributeMap() : std::move(*map);
}

// The element's map in the item, to be changed: empty unless it is one already.
AttributeMap& element_in(AttributeMap& item, std::string_view name) {
  AttributeValue& element = item[std::string(name)];
  if (!element.is_map()) element = AttributeMap();
  return element.as_map();
}

void set(AttributeMap& map, std::string_view name, AttributeValue value) {
  map.insert_or_assign(std::string(name), std::move(value));
}

// The members of a stored element that a save does not write: others have put them there.
AttributeMap rest_of(AttributeView element, std::initializer_list<std::string_view> ours) {
  AttributeMap rest;
  for (const auto& [name, value] : element) {
    if (std::find(ours.begin(), ours.end(), name) == ours.end()) {
      rest.emplace(name, value.value());
    }
  }
  return rest;
}

AttributeMap session_map(const UserSession& session, AttributeMap map) {
  if (session.id) set(map, id_member, *session.id);
  set(map, data_member, session.data);
  if (session.state) set(map, state_member, *session.state);
  if (session.created_at) set(map, created_at_attribute, to_iso(*session.created_at));
  if (session.updated_at) set(map, updated_at_attribute, to_iso(*session.updated_at));
  return map;
}

// Whether a save has a say about the attribute.
bool is_written(std::string_view name, const LoadedUser& loaded, const UserDataOptions& options) {
  if (name == user_attribute) return options.user;
  if (name == session_attribute) return loaded.session.enabled;
  if (name == history_attribute) return options.history.enabled;
  if (name == created_at_attribute) return options.created_at;
  if (name == updated_at_attribute) return options.updated_at;
  return name == options.table.key_attribute ||
         (options.expiry && name == options.expiry->attribute);
}

}  // namespace

Time whole_milliseconds(Time moment) {
  return std::chrono::floor<std::chrono::milliseconds>(moment);
}

Result<AttributeMap> read_user(const Item& item) {
  const AttributeView user = TRY(member_of(item, user_attribute, AttributeType::map, ""));
  return map_at(TRY(member_of(user, data_member, AttributeType::map, "user.")));
}

Result<std::optional<UserSession>> read_session(const Item& item) {
  const AttributeView stored = TRY(member_of(item, session_attribute, AttributeType::map, ""));
  if (!stored.exists()) return std::optional<UserSession>();
  UserSession session{.is_new = false,
                      .created_at = read_time(stored[created_at_attribute]),
                      .updated_at = read_time(stored[updated_at_attribute])};
  const auto id = TRY(member_of(stored, id_member, AttributeType::string, "session."));
  if (id.exists()) session.id = std::string(*id.text());
  session.data = map_at(TRY(member_of(stored, data_member, AttributeType::map, "session.")));
  const auto state = TRY(member_of(stored, state_member, AttributeType::list, "session."));
  if (state.exists()) session.state = state.value().as_list();
  return std::optional(std::move(session));
}

Result<std::vector<AttributeMap>> read_history(const Item& item) {
  const AttributeView stored = TRY(member_of(item, history_attribute, AttributeType::map, ""));
  const AttributeView items = TRY(member_of(stored, items_member, AttributeType::list, "history."));
  std::vector<AttributeMap> history;
  for (const auto& [name, entry] : items) {
    if (!entry.is(AttributeType::map)) {
      return wrong_type("history.items[" + std::to_string(history.size()) + "]", entry,
                        AttributeType::map);
    }
    history.push_back(map_at(entry));
  }
  return history;
}

std::optional<Time> read_time(AttributeView attribute) {
  const auto text = attribute.text();
  return text ? parse_iso(*text) : std::nullopt;
}

bool is_expired(const Item& item, const std::optional<UserExpiryOptions>& expiry, Time now) {
  if (!expiry) return false;
  const auto at = AttributeView(item)[expiry->attribute].real();
  const auto since_1970 = std::chrono::duration<double>(now.time_since_epoch()).count();
  return at && since_1970 >= *at;
}

bool has_ended(const UserSession& session, const UserSessionOptions& options, Time now) {
  return !session.updated_at ||
         now - whole_milliseconds(*session.updated_at) > options.expires_after;
}

std::vector<AttributeMap> with_entry(const std::optional<AttributeMap>& entry,
                                     std::vector<AttributeMap> history,
                                     const std::optional<std::size_t>& size) {
  if (entry) history.insert(history.begin(), *entry);
  if (size && history.size() > *size) history.resize(*size);
  return history;
}

void set_history(AttributeMap& item, std::vector<AttributeMap> history) {
  set(element_in(item, history_attribute), items_member,
      AttributeList(std::make_move_iterator(history.begin()),
                    std::make_move_iterator(history.end())));
}

Item compose(const UserTurn& turn, const LoadedUser& loaded, const UserDataOptions& options,
             const std::string& key, const std::optional<AttributeMap>& entry, bool keeps_unknown) {
  AttributeView current;
  if (keeps_unknown && loaded.current() != nullptr) current = AttributeView(*loaded.current());
  AttributeMap item;
  for (const auto& [name, value] : current) {
    if (!is_written(name, loaded, options)) item.emplace(name, value.value());
  }
  set(item, options.table.key_attribute, key);
  if (options.user) {
    AttributeMap user = rest_of(current[user_attribute], {data_member});
    set(user, data_member, turn.user);
    set(item, user_attribute, std::move(user));
  }
  if (loaded.session.enabled && turn.session) {
    // Members that others put into a session belong to that session.
    AttributeMap rest;
    if (loaded.session_goes_on) {
      rest = rest_of(current[session_attribute], {id_member, data_member, state_member});
    }
    set(item, session_attribute, session_map(*turn.session, std::move(rest)));
  }
  // Who adds nothing to a history that is not there leaves none behind.
  const AttributeView history = current[history_attribute];
  if (options.history.enabled && (turn.adds_entry || !turn.history.empty() || history.exists())) {
    item.emplace(history_attribute, rest_of(history, {items_member}));
    set_history(item, with_entry(entry, turn.history, options.history.size));
  }
  if (options.created_at) set(item, created_at_attribute, to_iso(turn.created_at));
  return Item(std::move(item));
}

}  // namespace dynakeep::user_data
