// The C++ side: our store on the database at $ENDPOINT. What it takes and tells is said in
// driver.mjs.

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "dynakeep/iso_time.h"
#include "dynakeep/json.h"
#include "dynakeep/remote.h"
#include "dynakeep/stores/dismissals.h"

using namespace dynakeep;

namespace {

AttributeValue told(const Dismissible& item) {
  AttributeMap members{
      {"itemId", item.item_id}, {"userId", item.user_id}, {"createdAt", to_iso(item.created_at)}};
  if (item.dismissed_at) members.emplace("dismissedAt", to_iso(*item.dismissed_at));
  return members;
}

Result<AttributeValue> answer(Database& database, const Item& call) {
  ManualClock clock;
  if (const auto* now = call.find("now")) clock.set(parse_iso(now->as_string()).value());
  const auto store =
      TRY(dismissal_table(database, {.table = call.at("table").as_string(), .clock = &clock}));
  const std::string& operation = call.at("operation").as_string();
  if (operation == "removeAll") {
    TRY(store->remove_all());
    return AttributeValue(nullptr);
  }
  const auto user = TRY(DismissalUserId::parse(call.at("user").as_string()));
  if (operation == "getMany") {
    std::vector<DismissalItemId> ids;
    for (const AttributeValue& id : call.at("items").as_list()) {
      ids.push_back(TRY(DismissalItemId::parse(id.as_string())));
    }
    AttributeMap found;
    for (const auto& [id, item] : TRY(store->get_many(user, ids))) found.emplace(id, told(item));
    return AttributeValue(std::move(found));
  }
  const auto item = TRY(DismissalItemId::parse(call.at("item").as_string()));
  if (operation == "get") {
    const auto found = TRY(store->get(user, item));
    return found ? told(*found) : AttributeValue(nullptr);
  }
  if (operation == "create") return told(TRY(store->create(user, item)).item);
  if (operation == "dismiss") return told(TRY(store->dismiss(user, item)).item);
  if (operation == "restore") return told(TRY(store->restore(user, item)).item);
  if (operation == "remove") {
    TRY(store->remove(user, item));
    return AttributeValue(nullptr);
  }
  return Error(ErrorCode::invalid_argument, "no operation " + operation);
}

}  // namespace

int main() {
  const auto database = connect_remote({.endpoint = std::getenv("ENDPOINT"), .proxy = "none"});
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto answered = answer(**database, item_from_json(line).value());
    const Item outcome = answered ? Item{{"ok", *answered}}
                                  : Item{{"error", std::string(answered.error().message())}};
    std::cout << to_json(outcome) << std::endl;
  }
  return 0;
}
