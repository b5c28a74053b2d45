// Items and numbers, written as a person would write them.

#include <cstdlib>
#include <iostream>

#include "dynakeep/item.h"

using namespace dynakeep;

int main() {
  Item song{{"artist", "Nina"}, {"title", "Sinnerman"}, {"plays", 12}};
  song["genres"] = StringSet{"jazz", "soul"};
  song["length"] = AttributeMap{{"minutes", 10}, {"seconds", 20}};

  if (const AttributeValue* plays = song.find("plays"))
    std::cout << "plays: " << plays->as_number() << '\n';
  std::cout << song << '\n';

  // Equality is of values, in whatever order they were written.
  const Item same{{"title", "Sinnerman"},
                  {"artist", "Nina"},
                  {"length", AttributeMap{{"seconds", 20}, {"minutes", 10}}},
                  {"genres", StringSet{"soul", "jazz"}},
                  {"plays", 12}};
  return song == same ? EXIT_SUCCESS : EXIT_FAILURE;
}
