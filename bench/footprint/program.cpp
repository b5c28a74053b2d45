// The program whose size bench/run --footprint tells: it has a remote database and nothing else.

#include <iostream>

#include "dynakeep/remote.h"

int main() {
  const auto database = dynakeep::connect_remote();
  if (!database) {
    std::cerr << database.error().message() << '\n';
    return 1;
  }
  const auto song = (*database)->get_item(
      {.table_name = "Songs", .key = dynakeep::Key{{"name", "Feeling Good"}}});
  if (!song) {
    std::cerr << song.error().message() << '\n';
    return 1;
  }
  if (song->item) std::cout << *song->item << '\n';
}
