// A copy of a table in memory, kept current: read without asking the database, and never older than
// one's own last write when that matters.

#include "dynakeep/stores/replica.h"

#include <iostream>
#include <thread>

#include "dynakeep/open.h"

using namespace dynakeep;

Result<void> run(Database& database) {
  TRY(create_table_and_wait(
      database,
      {.table_name = "Settings",
       .attribute_definitions = std::vector<AttributeDefinition>{{"name", ScalarType::string}},
       .key_schema = KeySchema{{"name", KeyType::hash}},
       .billing_mode = BillingMode::pay_per_request,
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  TRY(database.put_item(
      {.table_name = "Settings", .item = Item{{"name", "theme"}, {"value", "dark"}}}));

  const auto settings = TRY(Replica::open(database, {.table_name = "Settings"}));
  const std::jthread following([&](const std::stop_token& stop) {
    if (const auto run = settings->run(stop); !run) std::cerr << run.error() << '\n';
  });
  TRY(settings->wait_live(std::chrono::seconds(30)));
  std::cout << "at first: " << *TRY(settings->get(Key{{"name", "theme"}})) << '\n';

  const auto written = TRY(database.put_item({.table_name = "Settings",
                                              .item = Item{{"name", "theme"}, {"value", "light"}},
                                              .want_stream_point = true}));
  TRY(settings->wait_for(written.stream_point->position, std::chrono::seconds(5)));
  std::cout << "then: " << *TRY(settings->get(Key{{"name", "theme"}})) << '\n';
  return {};
}

int main() {
  const auto database = open("memory:");
  const auto done = database ? run(**database) : Result<void>(database.error());
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
