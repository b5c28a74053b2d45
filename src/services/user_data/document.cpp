#include "services/user_data/document.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/iso_time.h"

namespace dynakeep::services::user_data {
namespace {

constexpr std::array<std::string_view, 4> ours = {"userId", "isNew", "createdAt", "updatedAt"};
constexpr std::array<std::string_view, 3> ours_of_sessions = {"isNew", "createdAt", "updatedAt"};

Error refused(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

template <std::size_t count>
bool is_in(const std::array<std::string_view, count>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

JsonDocument document_of(const AttributeValue& value) {
  // What we write is JSON, and not deeper than an item can be.
  return JsonDocument::parse(user_data_to_json(value)).value();
}

JsonDocument document_of(const UserSession& session) {
  JsonDocument document = JsonDocument::object();
  if (session.id) document.set("id", JsonDocument::string(*session.id));
  document.set("data", document_of(AttributeValue(session.data)));
  if (session.state) document.set("state", document_of(AttributeValue(*session.state)));
  if (session.created_at) {
    document.set("createdAt", JsonDocument::string(to_iso(*session.created_at)));
  }
  // Its updatedAt is when this turn began, which would make every answer another one under one tag.
  return document;
}

Result<AttributeMap> object_of(const JsonDocument& document, const std::string& name) {
  AttributeValue value = TRY(user_data_from_json(document));
  auto* map = value.get_if<AttributeMap>();
  if (map == nullptr) return refused(name + " must be an object");
  return std::move(*map);
}

Result<void> apply_session(const JsonDocument& document, UserTurn& turn) {
  if (document.is_null()) {
    turn.session.reset();
    return {};
  }
  if (!document.is_object()) return refused("session must be an object or null");
  UserSession& session = *turn.session;
  session.id.reset();
  session.data.clear();
  session.state.reset();
  for (const auto& [name, value] : document.members()) {
    if (name == "id" && value.is_string()) {
      session.id = value.text();
    } else if (name == "data") {
      session.data = TRY(object_of(value, "session.data"));
    } else if (name == "state" && value.is_array()) {
      session.state = TRY(user_data_from_json(value)).as_list();
    } else if (!is_in(ours_of_sessions, name)) {
      return refused("session." + name + " is not known, or of another type");
    }
  }
  return {};
}

Result<void> apply_history(const JsonDocument& document, UserTurn& turn) {
  turn.history.clear();
  if (document.is_null()) return {};
  if (!document.is_array()) return refused("history must be an array of objects");
  for (const JsonDocument& entry : document.elements()) {
    turn.history.push_back(TRY(object_of(entry, "an entry of history")));
  }
  return {};
}

bool is_empty(const JsonDocument* element) { return element == nullptr || element->is_null(); }

}  // namespace

JsonDocument document_of(const UserTurn& turn, const UserDataOptions& options) {
  JsonDocument document = JsonDocument::object();
  document.set("userId", JsonDocument::string(turn.user_id));
  document.set("isNew", JsonDocument::boolean(turn.is_new));
  if (options.user) document.set("user", document_of(AttributeValue(turn.user)));
  if (options.session.enabled) {
    const bool is_alive = turn.session && !turn.session->is_new;
    document.set("session", is_alive ? document_of(*turn.session) : JsonDocument());
  }
  if (options.history.enabled) {
    document.set(
        "history",
        document_of(AttributeValue(AttributeList(turn.history.begin(), turn.history.end()))));
  }
  if (turn.is_new) return document;
  if (options.created_at) {
    document.set("createdAt", JsonDocument::string(to_iso(turn.created_at)));
  }
  if (options.updated_at) {
    document.set("updatedAt", JsonDocument::string(to_iso(turn.updated_at)));
  }
  return document;
}

Result<void> apply(const JsonDocument& document, const UserDataOptions& options, UserTurn& turn) {
  if (!document.is_object()) return refused("the document must be an object");
  for (const auto& [name, value] : document.members()) {
    const bool is_on = name == "user"      ? options.user
                       : name == "session" ? options.session.enabled
                       : name == "history" ? options.history.enabled
                                           : is_in(ours, name);
    if (!is_on && !value.is_null()) return refused(name + " is not kept here");
  }
  const JsonDocument* const user = document.find("user");
  if (is_empty(user)) {
    turn.user.clear();
  } else {
    turn.user = TRY(object_of(*user, "user"));
  }
  const JsonDocument nothing;
  const JsonDocument* const session = document.find("session");
  TRY(apply_session(session == nullptr ? nothing : *session, turn));
  const JsonDocument* const history = document.find("history");
  return apply_history(history == nullptr ? nothing : *history, turn);
}

}  // namespace dynakeep::services::user_data
