// A read model that follows orders kept as events: one item for each order, ready to be queried.

#include <iostream>

#include "dynakeep/open.h"
#include "dynakeep/stores/event_projection.h"

using namespace dynakeep;

struct Placed {
  static constexpr std::string_view event_type = "ORDER_PLACED";
  std::string customer = {};
  static void fields(auto& self, auto&& field) { field("customer", self.customer); }
};
struct Shipped {
  static constexpr std::string_view event_type = "ORDER_SHIPPED";
};
using OrderEvent = std::variant<Placed, Shipped, UnknownEvent>;

// What the page of an order shows; its fields are the attributes of the view's items.
struct OrderPage {
  std::string aggregate_id = {};
  Version version = 0;
  std::string customer = {};
  std::string state = {};
  static void fields(auto& self, auto&& field) {
    field("customer", self.customer);
    field("state", self.state);
  }
};
using OrderPages = EventStore<OrderPage, OrderEvent>;

Result<void> run(Database& database) {
  const auto table = single_table_event_storage(database, {.table_name = "Events"});
  TRY(table->create_table());
  TRY(database.update_table(
      {.table_name = "Events",
       .stream_specification = StreamSpecification{
           .stream_enabled = true, .stream_view_type = StreamViewType::new_image}}));
  const OrderPages orders({.event_store_id = "ORDERS",
                           .reducer = reduce_with(
                               [](OrderPage& page, const Placed& it) {
                                 page.customer = it.customer;
                                 page.state = "placed";
                               },
                               [](OrderPage& page, const Shipped&) { page.state = "shipped"; },
                               [](OrderPage&, const UnknownEvent&) {}),
                           .storage = table.get()});
  TRY(orders.push_event({.aggregate_id = "o-77", .version = 1, .body = Placed{"Nina"}}));

  // It begins with the history, and goes on with what is stored. A program that runs for long keeps
  // its checkpoints in a file (open_stream_checkpoint_file), and calls run() on a thread.
  EventView view(database, "OrderPages", view_of(orders));
  TRY(view.create_table());
  const auto checkpoints = make_in_memory_stream_checkpoints();
  const auto projection =
      TRY(EventProjection::open(database, *table, *checkpoints, {.name = "order-pages"}, view));
  TRY(projection->start());
  TRY(orders.push_event({.aggregate_id = "o-78", .version = 1, .body = Placed{"Ada"}}));
  TRY(orders.push_event({.aggregate_id = "o-77", .version = 2, .body = Shipped{}}));

  for (const auto& [id, version] : {std::pair("o-77", 2), std::pair("o-78", 1)}) {
    auto page = TRY(view.get({"ORDERS", id}));
    while (!page || page->version < version) {
      TRY(projection->step());
      page = TRY(view.get({"ORDERS", id}));
    }
    std::cout << id << ' ' << page->state << '\n';
  }
  return {};
}

int main() {
  const auto database = open("memory:");
  const auto done = database ? run(**database) : Result<void>(database.error());
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
