// A database in the process: no server, durable in a folder.

#include "dynakeep/embedded.h"

#include <filesystem>
#include <iostream>

using namespace dynakeep;

Result<void> run(Database& database) {
  TRY(database.create_table(
      {.table_name = "Songs",
       .attribute_definitions = std::vector<AttributeDefinition>{{"artist", ScalarType::string},
                                                                 {"title", ScalarType::string}},
       .key_schema = KeySchema{{"artist", KeyType::hash}, {"title", KeyType::range}},
       .billing_mode = BillingMode::pay_per_request}));

  TRY(database.put_item(
      {.table_name = "Songs",
       .item = Item{{"artist", "Nina"}, {"title", "Feeling Good"}, {"plays", 12}}}));

  TRY(database.update_item({.table_name = "Songs",
                            .key = Key{{"artist", "Nina"}, {"title", "Feeling Good"}},
                            .update_expression = "SET plays = plays + :one",
                            .expression_attribute_values = Item{{":one", 1}}}));

  const auto page = TRY(database.query({.table_name = "Songs",
                                        .key_condition_expression = "artist = :artist",
                                        .expression_attribute_values = Item{{":artist", "Nina"}}}));
  for (const Item& song : *page.items) {
    std::cout << song.at("title").as_string() << ", played " << song.at("plays").as_number()
              << " times\n";
  }
  return {};
}

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "dynakeep-example-embedded";
  std::filesystem::remove_all(folder);
  const auto database = open_embedded({.path = folder.string()});
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  if (const auto done = run(**database); !done) {
    std::cerr << done.error() << '\n';
    return 1;
  }
}
