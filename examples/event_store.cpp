// Orders kept as events: what happened is stored, what is follows from it.

#include "dynakeep/stores/event_store.h"

#include <iostream>

#include "dynakeep/open.h"

using namespace dynakeep;

struct Placed {
  static constexpr std::string_view event_type = "ORDER_PLACED";
  std::string customer = {};
  static void fields(auto& self, auto&& field) { field("customer", self.customer); }
};
struct Shipped {
  static constexpr std::string_view event_type = "ORDER_SHIPPED";
};
struct Order {
  std::string aggregate_id = {};
  Version version = 0;
  std::string customer = {};
  bool shipped = false;
};
using Orders = EventStore<Order, std::variant<Placed, Shipped>>;

Result<void> run(Database& database) {
  const auto table = single_table_event_storage(database, {.table_name = "Events"});
  TRY(table->create_table());
  const Orders orders(
      {.event_store_id = "ORDERS",
       .reducer = reduce_with([](Order& order, const Placed& it) { order.customer = it.customer; },
                              [](Order& order, const Shipped&) { order.shipped = true; }),
       .storage = table.get()});

  TRY(orders.push_event({.aggregate_id = "o-77", .version = 1, .body = Placed{"Nina"}}));
  const Order order = TRY(orders.get_existing_aggregate("o-77")).aggregate;
  TRY(orders.append(order, {Shipped{}}));  // fails if somebody was quicker

  for (const auto& event : TRY(orders.get_events("o-77"))) std::cout << event.event << '\n';
  return {};
}

int main() {
  const auto database = open("memory:");
  const auto done = database ? run(**database) : Result<void>(database.error());
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
