// A database elsewhere, through the same interface: the one that the first argument names, such as
// http://127.0.0.1:8000 or dynamodb://eu-west-1, or else a server that this program starts itself.

#include <iostream>

#include "dynakeep/open.h"
#include "dynakeep/pages.h"
#include "dynakeep/server.h"

using namespace dynakeep;

Result<void> run(Database& database) {
  TRY(create_table_and_wait(
      database,
      {.table_name = "Songs",
       .attribute_definitions = std::vector<AttributeDefinition>{{"artist", ScalarType::string},
                                                                 {"title", ScalarType::string}},
       .key_schema = KeySchema{{"artist", KeyType::hash}, {"title", KeyType::range}},
       .billing_mode = BillingMode::pay_per_request}));

  TRY(write_items(database, "Songs",
                  {{.put = Item{{"artist", "Nina"}, {"title", "Feeling Good"}, {"plays", 12}}},
                   {.put = Item{{"artist", "Nina"}, {"title", "Sinnerman"}, {"plays", 7}}}}));

  // Counting twice is not counting once, so an answer that got lost is not asked for again.
  const auto counted = database.update_item({.table_name = "Songs",
                                             .key = Key{{"artist", "Nina"}, {"title", "Sinnerman"}},
                                             .update_expression = "SET plays = plays + :one",
                                             .expression_attribute_values = Item{{":one", 1}}});
  if (!counted && counted.error().outcome_unknown()) {
    std::cout << "whether that was counted nobody knows: " << counted.error() << '\n';
  } else if (!counted) {
    return counted.error();
  }

  TRY(for_each_item(database,
                    QueryRequest{.table_name = "Songs",
                                 .key_condition_expression = "artist = :artist",
                                 .expression_attribute_values = Item{{":artist", "Nina"}}},
                    [](Item&& song) {
                      std::cout << song.at("title").as_string() << ", played "
                                << song.at("plays").as_number() << " times\n";
                      return true;
                    }));
  return {};
}

Result<void> run_on(const std::string& connection_string) {
  const auto database = TRY(open(connection_string));
  std::cout << "on " << database->capabilities().engine << '\n';
  return run(*database);
}

Result<void> run_on_a_server_of_our_own() {
  const auto engine = TRY(open("memory:"));
  const auto server = TRY(Server::start(*engine, {.port = 0}));
  return run_on(server->endpoint());
}

int main(int argc, char** argv) {
  const auto done = argc > 1 ? run_on(argv[1]) : run_on_a_server_of_our_own();
  if (!done) {
    std::cerr << done.error() << '\n';
    return 1;
  }
}
