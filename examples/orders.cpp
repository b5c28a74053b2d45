// Orders on whatever database the environment names: docs/the-way-up.md takes this program from a
// folder to a server to another endpoint, and back.
//
//   orders place CUSTOMER
//   orders ship ORDER
//   orders [list]

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "dynakeep/open.h"
#include "dynakeep/stores/event_store.h"

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

Result<void> place(const Orders& orders, const std::string& customer) {
  const auto known = TRY(orders.list_aggregate_ids());
  const std::string id = "o-" + std::to_string(known.aggregates.size() + 1);
  TRY(orders.push_event({.aggregate_id = id, .version = 1, .body = Placed{customer}}));
  std::cout << id << " is placed\n";
  return {};
}

Result<void> ship(const Orders& orders, const std::string& id) {
  TRY(orders.append(TRY(orders.get_existing_aggregate(id)).aggregate, {Shipped{}}));
  std::cout << id << " is shipped\n";
  return {};
}

Result<void> list(const Orders& orders) {
  for (const auto& each : TRY(orders.list_aggregate_ids()).aggregates) {
    const Order order = TRY(orders.get_existing_aggregate(each.aggregate_id)).aggregate;
    std::cout << each.aggregate_id << " of " << order.customer
              << (order.shipped ? ", shipped\n" : "\n");
  }
  return {};
}

Result<void> run(Database& database, const std::vector<std::string>& words) {
  const auto table = single_table_event_storage(database, {.table_name = "Events"});
  TRY(table->create_table());
  const Orders orders(
      {.event_store_id = "ORDERS",
       .reducer = reduce_with([](Order& order, const Placed& it) { order.customer = it.customer; },
                              [](Order& order, const Shipped&) { order.shipped = true; }),
       .storage = table.get()});
  if (words.size() == 2 && words[0] == "place") return place(orders, words[1]);
  if (words.size() == 2 && words[0] == "ship") return ship(orders, words[1]);
  if (words.empty() || (words.size() == 1 && words[0] == "list")) return list(orders);
  return Error(ErrorCode::invalid_argument, "orders [place CUSTOMER | ship ORDER | list]");
}

int main(int argc, char** argv) {
  const char* const where = std::getenv("DYNAKEEP_DATABASE");
  const auto database = open(where == nullptr ? "embedded:orders" : where);
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto done = run(**database, words);
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
