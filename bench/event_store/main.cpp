// How many events are pushed, and how many aggregates loaded and folded, in a second, by one thread
// through the event store: on any database, embedded or remote. castore.mjs beside it does the same
// with castore's packages.
//
//   dynakeep_event_bench CONNECTION SECONDS [ONLY]
//
// ONLY measures nothing but the figure of that name. Prints one JSON object of figures per second.
// Makes its tables, and removes them.

#include <cstdlib>
#include <iostream>
#include <string>
#include <variant>

#include "../turns.h"
#include "dynakeep/open.h"
#include "dynakeep/stores/event_snapshots.h"
#include "dynakeep/stores/event_storage.h"
#include "dynakeep/stores/event_store.h"

using namespace dynakeep;
using bench::must;

namespace {

struct Placed {
  static constexpr std::string_view event_type = "ORDER_PLACED";
  std::string customer_id = {};
  std::int64_t total = 0;

  static void fields(auto& self, auto&& field) {
    field("customerId", self.customer_id);
    field("total", self.total);
  }
};

struct LineAdded {
  static constexpr std::string_view event_type = "LINE_ADDED";
  std::string sku = {};
  std::int64_t quantity = 0;
  double price = 0;
  bool gift = false;

  static void fields(auto& self, auto&& field) {
    field("sku", self.sku);
    field("quantity", self.quantity);
    field("price", self.price);
    field("gift", self.gift);
  }
};

struct Order {
  std::string aggregate_id = {};
  Version version = 0;
  std::string customer_id = {};
  std::int64_t lines = 0;
  double total = 0;

  static void fields(auto& self, auto&& field) {
    field("customerId", self.customer_id);
    field("lines", self.lines);
    field("total", self.total);
  }
};

using OrderEvent = std::variant<Placed, LineAdded>;
using Orders = EventStore<Order, OrderEvent>;

constexpr const char* events_table = "BenchEvents";
constexpr const char* snapshots_table = "BenchSnapshots";

OrderEvent event_at(Version version) {
  if (version == 1) return Placed{.customer_id = "customer-1", .total = 1};
  return LineAdded{
      .sku = "sku-0001", .quantity = version % 5, .price = 9.5, .gift = version % 2 == 0};
}

class Bench {
 public:
  Bench(Database& database, double seconds, std::string only)
      : database_(database),
        turns_(seconds, std::move(only)),
        storage_(single_table_event_storage(database, {.table_name = events_table})),
        snapshots_(database, {.table_name = snapshots_table}) {
    must(storage_->create_table());
    must(snapshots_.create_table());
  }
  ~Bench() {
    must(database_.delete_table({.table_name = events_table}));
    must(database_.delete_table({.table_name = snapshots_table}));
  }

  void run() {
    const Orders orders(options(0));
    Version version = 0;
    std::size_t aggregate = 0;
    turns_.measure("push", [&] {
      if (version == 10) version = 0, ++aggregate;
      ++version;
      must(orders.push_event({.aggregate_id = "pushed-" + std::to_string(aggregate),
                              .version = version,
                              .body = event_at(version)}));
    });
    for (const int events : {10, 100, 1'000, 10'000}) {
      const std::string id = "loaded-" + std::to_string(events);
      fill(orders, id, events);
      const auto load = [&](const Orders& store) {
        if (must(store.get_existing_aggregate(id)).aggregate.version != events) std::abort();
      };
      const std::string name = std::to_string(events);
      turns_.measure("load " + name, [&] { load(orders); });
      turns_.compare(
          "load " + name + " / query", [&] { load(orders); }, [&] { query(id, events); });
      if (events < 10'000) continue;
      const Orders with_snapshots(options(100));
      for (int i = 0; i < 2; ++i) load(with_snapshots);
      turns_.measure("load " + name + " with a snapshot", [&] { load(with_snapshots); });
      turns_.compare(
          "load " + name + " with a snapshot / load 10", [&] { load(with_snapshots); },
          [&] { must(orders.get_existing_aggregate("loaded-10")); });
    }
  }

 private:
  Orders::Options options(std::size_t snapshot_after_events) {
    Orders::Options options{
        .event_store_id = "ORDERS",
        .reducer = reduce_with(
            [](Order& order, const Placed& placed) { order.customer_id = placed.customer_id; },
            [](Order& order, const LineAdded& line) {
              ++order.lines;
              order.total += line.price * static_cast<double>(line.quantity);
            }),
        .storage = storage_.get()};
    if (snapshot_after_events > 0) {
      options.snapshots = {
          .snapshots = &snapshots_, .reducer_version = "1", .after_events = snapshot_after_events};
    }
    return options;
  }

  static void fill(const Orders& orders, const std::string& id, int events) {
    Version version = 0;
    while (version < events) {
      std::vector<Orders::Grouped> group;
      while (version < events && group.size() < 100) {
        ++version;
        group.push_back(orders.group_event(
            {.aggregate_id = id, .version = version, .body = event_at(version)}));
      }
      must(push_event_group(std::move(group)));
    }
  }

  // What a load asks of the database, and nothing else.
  void query(const std::string& id, int events) {
    QueryRequest request{.table_name = events_table,
                         .key_condition_expression = "aggregateId = :id",
                         .expression_attribute_values = Item{{":id", "ORDERS#" + id}},
                         .consistent_read = true};
    std::size_t count = 0;
    do {
      auto page = must(database_.query(request));
      count += page.items->size();
      request.exclusive_start_key = std::move(page.last_evaluated_key);
    } while (request.exclusive_start_key);
    if (count != static_cast<std::size_t>(events)) std::abort();
  }

  Database& database_;
  bench::Turns turns_;
  std::unique_ptr<EventTable> storage_;
  EventSnapshots snapshots_;
};

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc == 3 || argc == 4 ? std::atof(argv[2]) : 0;
  if (!(seconds > 0)) {
    std::cerr << "usage: dynakeep_event_bench CONNECTION SECONDS [ONLY]\n";
    return 2;
  }
  OpenOptions options;
  options.embedded.durability = Durability::none;
  const auto database = must(open(argv[1], options));
  Bench(*database, seconds, argc == 4 ? argv[3] : "").run();
}
