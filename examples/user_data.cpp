// A conversational application's users: one document each, in the table of Jovo's integration.

#include "dynakeep/stores/user_data.h"

#include <iostream>

#include "dynakeep/open.h"

using namespace dynakeep;

struct Profile {
  std::string name = {};
  std::int64_t visits = 0;
  std::optional<std::string> city = {};

  static void fields(auto& self, auto&& field) {
    field("name", self.name);
    field("visits", self.visits, 0);
    field("city", self.city);
  }
};

// A turn: what the user said, and what we answer. What fails on the way saves nothing.
Result<std::string> answer(UserDataStore& store, const std::string& user_id,
                           const std::string& said) {
  auto turn = TRY(TurnGuard::begin(store, user_id));
  Profile profile = TRY(read_user_data<Profile>(turn->user));
  if (profile.name.empty()) profile.name = said;
  ++profile.visits;
  TRY(write_user_data(turn->user, profile));

  turn->session->data["last"] = said;
  const std::string text = "Hello " + profile.name + ", " + std::to_string(profile.visits) +
                           (turn->session->is_new ? " (a new session)" : "");
  turn->entry["output"] = AttributeList{AttributeMap{{"message", text}}};
  TRY(turn.commit());
  return text;
}

Result<void> run(Database& database) {
  const auto store = TRY(UserDataStore::create(
      database,
      {.table = {.name = "Users"}, .session = {.enabled = true}, .history = {.enabled = true}}));
  for (const char* said : {"Ada", "How are you?"}) {
    std::cout << TRY(answer(*store, "user-1", said)) << '\n';
  }

  // Two devices at once: nothing is lost.
  UserTurn kitchen = TRY(store->load("user-1"));
  UserTurn office = TRY(store->load("user-1"));
  kitchen.adds_entry = office.adds_entry = false;
  kitchen.user["lamp"] = "on";
  office.user["radio"] = "off";
  TRY(store->save(kitchen));
  TRY(store->save(office));

  // What depends on what is there is done again while others are in the way.
  TRY(store->update("user-1", [](UserTurn& turn) -> Result<void> {
    turn.user["visits"] = TRY(add(turn.user["visits"].as_number(), 1));
    return {};
  }));

  const auto stored = TRY(store->stored("user-1"));
  std::cout << export_user(*stored) << '\n' << store->size_of(*stored).total() << " bytes\n";
  TRY(store->erase("user-1"));
  return {};
}

int main() {
  const auto database = open("memory:");
  const auto done = database ? run(**database) : Result<void>(database.error());
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
