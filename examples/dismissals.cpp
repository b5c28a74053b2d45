// Banners that are shown until they are closed, on every device of a user.

#include "dynakeep/stores/dismissals.h"

#include <iostream>

#include "dynakeep/open.h"

using namespace dynakeep;

void show(const Dismissible& banner) {
  std::cout << banner.item_id << (banner.is_dismissed() ? " stays closed\n" : " is shown\n");
}

Result<void> run(Database& database) {
  const auto store = TRY(dismissal_table(database, {.table = "dismissible-items"}));
  TRY(store->create_table());
  const auto nina = TRY(DismissalUserId::parse("nina"));
  const auto welcome = TRY(DismissalItemId::parse("welcome-banner-v2"));
  const auto survey = TRY(DismissalItemId::parse("survey"));

  // What a page asks when it is loaded: one call for all that it might show.
  const DismissalItemId on_page[] = {welcome, survey};
  for (const auto& banner : TRY(store->get_or_create_many(nina, on_page))) show(banner.item);

  TRY(store->dismiss(nina, welcome));
  // Not now: it comes back by itself.
  const auto next_week =
      std::chrono::floor<std::chrono::milliseconds>(system_clock().now()) + std::chrono::days(7);
  TRY(store->dismiss(nina, survey, {.until = next_week}));
  for (const auto& banner : TRY(store->get_or_create_many(nina, on_page))) show(banner.item);

  // A second click, in another tab perhaps, is no news.
  TRY(store->dismiss(nina, welcome, {.idempotent = true}));
  TRY(store->restore(nina, welcome));
  const auto hidden = TRY(store->list(nina, {.state = DismissalState::dismissed}));
  std::cout << hidden.items.size() << " banner is closed in the settings\n";
  return {};
}

int main() {
  const auto database = open("memory:");
  const auto done = database ? run(**database) : Result<void>(database.error());
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
