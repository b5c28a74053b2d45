#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dynakeep/stores/event_store.h"

// A small event store for the tests of the layers above storage.
namespace dynakeep::test_orders {

struct Placed {
  static constexpr std::string_view event_type = "ORDER_PLACED";
  std::string customer = {};
  std::int64_t total = 0;

  static void fields(auto& self, auto&& field) {
    field("customer", self.customer);
    field("total", self.total);
  }
  friend bool operator==(const Placed&, const Placed&) = default;
};

struct Paid {
  static constexpr std::string_view event_type = "ORDER_PAID";
  std::int64_t amount = 0;

  static void fields(auto& self, auto&& field) { field("amount", self.amount); }
  friend bool operator==(const Paid&, const Paid&) = default;
};

struct Shipped {
  static constexpr std::string_view event_type = "ORDER_SHIPPED";
  friend bool operator==(const Shipped&, const Shipped&) = default;
};

// What it is stored as is no map: a bare string.
struct Noted {
  std::string text = {};
  friend bool operator==(const Noted&, const Noted&) = default;
};

struct Order {
  std::string aggregate_id = {};
  Version version = 0;
  std::string customer = {};
  std::int64_t total = 0;
  std::int64_t paid = 0;
  bool shipped = false;
  std::vector<std::string> notes = {};

  static void fields(auto& self, auto&& field) {
    field("customer", self.customer);
    field("total", self.total);
    field("paid", self.paid);
    field("shipped", self.shipped);
    field("notes", self.notes);
  }
  friend bool operator==(const Order&, const Order&) = default;
};

}  // namespace dynakeep::test_orders

template <>
struct dynakeep::EventTraits<dynakeep::test_orders::Noted> {
  static constexpr std::string_view type = "ORDER_NOTED";
  static Result<std::optional<AttributeValue>> payload(const test_orders::Noted& event) {
    return std::optional<AttributeValue>(event.text);
  }
  static Result<test_orders::Noted> from_payload(const AttributeView& payload) {
    if (!payload.text()) return Error(ErrorCode::serialization, "a note is a text");
    return test_orders::Noted{.text = std::string(*payload.text())};
  }
};

namespace dynakeep::test_orders {

using OrderEvent = std::variant<Placed, Paid, Shipped, Noted>;
using Orders = EventStore<Order, OrderEvent>;

inline Reducer<Order, OrderEvent> order_reducer() {
  return reduce_with(
      [](Order& order, const Placed& placed) {
        order.customer = placed.customer;
        order.total = placed.total;
      },
      [](Order& order, const Paid& paid) -> Result<void> {
        if (paid.amount < 0) return Error(ErrorCode::invalid_argument, "Nobody pays that little");
        order.paid += paid.amount;
        return {};
      },
      [](std::optional<Order> order, const Shipped&) {
        Order shipped = order ? std::move(*order) : Order{};
        shipped.shipped = true;
        return shipped;
      },
      [](Order& order, const Noted& noted, const Event& event) {
        order.notes.push_back(noted.text + "@" + std::to_string(event.version()));
      });
}

inline Orders::Options order_options(EventStorage* storage) {
  return {.event_store_id = "ORDERS", .reducer = order_reducer(), .storage = storage};
}

}  // namespace dynakeep::test_orders
