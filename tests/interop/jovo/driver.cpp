// The scenarios' C++ side: our store of user data, on the endpoint at $ENDPOINT. Requests and
// answers are those of driver.mjs, and beside them
//
//   {"begin": {…}}, {"end": {}}   the two halves of a turn, for others to come between
//
// A turn's `config` may have `saveMode`; without it is "replace", as upstream saves. Settings are
// combined as upstream does.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"
#include "dynakeep/json_document.h"
#include "dynakeep/remote.h"
#include "dynakeep/stores/user_data.h"

namespace dynakeep::jovo {
namespace {

using std::chrono::milliseconds;

// What driver.mjs makes in JavaScript, as it must be stored.
Result<AttributeMap> samples() {
  AttributeMap map = TRY(item_from_json(R"({
      "text": "Grüße", "empty": "", "whole": 42, "negative": -1, "fraction": 1.5,
      "third": 0.3333333333333333, "small": 1e-7, "zero": 0, "largest": 9007199254740991,
      "big": 12345678901234567890123456789012345678, "yes": true, "no": false, "nothing": null,
      "list": [1, "two"], "none": [], "map": {"a b": {"x.y": 1}, "日本": {}},
      "instance": {"x": 1}, "date": {}, "entries": {"k": 1}})"))
                         .attributes();
  map["bytes"] = Binary(std::string("\0\xff", 2));
  map["texts"] = StringSet{"a", "b"};
  map["numbers"] = NumberSet{1, 2};
  map["binaries"] = BinarySet{Binary("x")};
  return map;
}

Result<AttributeValue> value_at(const JsonDocument& from, std::string_view name) {
  const JsonDocument* found = from.find(name);
  return found == nullptr ? Result<AttributeValue>(AttributeValue(AttributeMap{}))
                          : value_from_json(found->to_text());
}

std::optional<Time> time_at(const JsonDocument& from, std::string_view name) {
  const JsonDocument* found = from.find(name);
  if (found == nullptr) return std::nullopt;
  return Time(milliseconds(std::strtoll(found->text().c_str(), nullptr, 10)));
}

Result<UserSession> platform_session(const JsonDocument& turn) {
  UserSession session;
  const JsonDocument* given = turn.find("session");
  if (given == nullptr) return session;
  if (const auto* id = given->find("id")) session.id = id->text();
  if (const auto* is_new = given->find("isNew")) session.is_new = is_new->truth();
  if (const auto* created = given->find("createdAt")) {
    session.created_at = parse_iso(created->text());
  }
  session.data = TRY(value_at(*given, "data")).as_map();
  if (given->find("state") != nullptr) session.state = TRY(value_at(*given, "state")).as_list();
  return session;
}

Result<void> change(UserTurn& turn, const JsonDocument& how) {
  if (how.find("user") != nullptr) turn.user = TRY(value_at(how, "user")).as_map();
  const AttributeValue set = TRY(value_at(how, "set"));
  for (const auto& [name, value] : set.as_map()) turn.user[name] = value;
  if (const auto* names = how.find("remove")) {
    for (const JsonDocument& name : names->elements()) turn.user.erase(name.text());
  }
  if (how.find("samples") != nullptr) turn.user = TRY(samples());
  const AttributeValue session_data = TRY(value_at(how, "sessionData"));
  for (const auto& [name, value] : session_data.as_map()) {
    turn.session->data[name] = value;
  }
  if (how.find("state") != nullptr) turn.session->state = TRY(value_at(how, "state")).as_list();
  AttributeList output;
  if (const auto* texts = how.find("output")) {
    for (const JsonDocument& text : texts->elements()) {
      output.push_back(AttributeMap{{"message", text.text()}});
    }
  }
  turn.entry["output"] = std::move(output);
  return {};
}

std::string state_of(const UserTurn& turn, const UserDataOptions& options) {
  Item state{{"isNew", turn.is_new}, {"user", turn.user}, {"createdAt", to_iso(turn.created_at)}};
  if (options.session.enabled) {
    AttributeMap session{{"data", turn.session->data},
                         {"isNew", turn.session->is_new},
                         {"createdAt", to_iso(*turn.session->created_at)},
                         {"updatedAt", to_iso(*turn.session->updated_at)}};
    if (turn.session->id) session["id"] = *turn.session->id;
    if (turn.session->state) session["state"] = *turn.session->state;
    state["session"] = std::move(session);
  }
  if (options.history.enabled) {
    state["history"] = AttributeList(turn.history.begin(), turn.history.end());
  }
  return to_dynamodb_json(state);
}

class Driver {
 public:
  explicit Driver(Database& database) : database_(database) {}

  Result<std::string> answer(const std::string& line) {
    const JsonDocument request = TRY(JsonDocument::parse(line));
    if (const auto* turn = request.find("turn")) {
      std::string loaded = TRY(begin(*turn));
      TRY(end());
      return loaded;
    }
    if (const auto* turn = request.find("begin")) return begin(*turn);
    TRY(end());
    return std::string("{}");
  }

 private:
  Result<std::string> begin(const JsonDocument& how) {
    JsonDocument config = *how.find("config");
    if (config.find("saveMode") == nullptr) {
      config.set("saveMode", JsonDocument::string("replace"));
    }
    UserDataOptions options = TRY(parse_user_data_options(config, true));
    options.clock = &clock_;
    clock_.set(*time_at(how, "now"));
    store_ = TRY(UserDataStore::create(database_, std::move(options)));
    turn_ = TRY(store_->load(how.find("userId")->text(), TRY(platform_session(how))));
    std::string loaded = R"({"loaded":)" + state_of(*turn_, store_->options()) + "}";
    TRY(change(*turn_, how));
    if (const auto later = time_at(how, "later")) clock_.set(*later);
    return loaded;
  }

  Result<void> end() {
    if (!turn_) return Error(ErrorCode::invalid_argument, "there is no turn");
    const auto saved = store_->save(*turn_);
    if (!saved) return saved.error();
    return {};
  }

  Database& database_;
  ManualClock clock_;
  std::unique_ptr<UserDataStore> store_;
  std::optional<UserTurn> turn_;
};

int run() {
  // One try: a scenario that passes because a client tried again has not passed.
  const auto database = connect_remote({.endpoint = std::getenv("ENDPOINT"), .attempts_max = 1});
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  Driver driver(**database);
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer = driver.answer(line);
    JsonDocument failure = JsonDocument::object();
    if (!answer) failure.set("error", JsonDocument::string(answer.error().message()));
    std::cout << (answer ? *answer : failure.to_text()) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace dynakeep::jovo

int main() { return dynakeep::jovo::run(); }
