#include "stores/user_data/user_item.h"

#include <algorithm>
#include <cstdint>
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

void remove(AttributeMap& map, std::string_view name) {
  if (const auto found = map.find(name); found != map.end()) map.erase(found);
}

void write_session(AttributeMap& item, const UserSession& session, const LoadedUser& loaded) {
  // Members that others put into a session belong to that session.
  if (!loaded.session_goes_on) remove(item, session_attribute);
  AttributeMap& element = element_in(item, session_attribute);
  for (const std::string_view name : {id_member, state_member}) remove(element, name);
  if (session.id) set(element, id_member, *session.id);
  set(element, data_member, session.data);
  if (session.state) set(element, state_member, *session.state);
  if (session.created_at) set(element, created_at_attribute, to_iso(*session.created_at));
  if (session.updated_at) set(element, updated_at_attribute, to_iso(*session.updated_at));
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

void set_history(AttributeMap& item, const std::vector<AttributeMap>& history) {
  set(element_in(item, history_attribute), items_member,
      AttributeList(history.begin(), history.end()));
}

Item compose(const UserTurn& turn, const LoadedUser& loaded, const UserDataOptions& options,
             const std::string& key, const std::optional<AttributeMap>& entry, bool keeps_unknown) {
  AttributeMap item;
  const Item* const current = keeps_unknown ? loaded.current() : nullptr;
  if (current != nullptr) item = current->attributes();
  set(item, options.table.key_attribute, key);
  if (options.user) set(element_in(item, user_attribute), data_member, turn.user);
  if (loaded.session.enabled) {
    if (turn.session) {
      write_session(item, *turn.session, loaded);
    } else {
      remove(item, session_attribute);
    }
  }
  if (options.history.enabled) {
    const auto history = with_entry(entry, turn.history, options.history.size);
    // Who adds nothing to a history that is not there leaves none behind.
    if (turn.adds_entry || !history.empty() || item.contains(history_attribute)) {
      set_history(item, history);
    }
  }
  if (options.created_at) set(item, created_at_attribute, to_iso(turn.created_at));
  return Item(std::move(item));
}

}  // namespace dynakeep::user_data
