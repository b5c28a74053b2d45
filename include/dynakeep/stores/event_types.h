#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "dynakeep/attribute_view.h"
#include "dynakeep/fields.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/events.h"

// Events and aggregates as a program has them, and how they are stored. Part of event_store.h.
namespace dynakeep {

// How a kind of event is stored. As it stands, for structs that name their `event_type` and have
// fields (fields.h), which become the payload, or are empty and have none. For other structs,
// specialise it with `type`, and with both of
//
//   static Result<std::optional<AttributeValue>> payload(const Renamed& event);
//   static Result<Renamed> from_payload(const AttributeView& payload);   // not exists(): none
//
// where the payload is not a map of fields. An event must be default-constructible.
template <typename E>
struct EventTraits {
  static constexpr std::string_view type = E::event_type;
};

// In a variant of events, stands for all types that the variant does not name: those that newer
// programs write. Without it, such an event is an error of the read that meets it.
struct UnknownEvent {
  std::string type = {};
  std::optional<AttributeValue> payload = {};

  friend bool operator==(const UnknownEvent&, const UnknownEvent&) = default;
};

// A stored event and what it says. `body` is a variant, or one of its alternatives.
template <typename Body>
struct Recorded {
  Event event = {};
  Body body = {};

  std::string_view aggregate_id() const { return event.aggregate_id(); }
  Version version() const { return event.version(); }
  std::string_view timestamp() const { return event.timestamp(); }
  AttributeView metadata() const { return event.metadata(); }
};

// What an aggregate must have. The store sets both after each event that is folded, the id unless
// the reducer did.
template <typename A>
concept Aggregate = std::default_initializable<A> && std::copyable<A> &&
    requires(A& aggregate, std::string_view id, Version version) {
  { aggregate.aggregate_id.empty() } -> std::convertible_to<bool>;
  aggregate.aggregate_id = id;
  aggregate.version = version;
};

// An aggregate that can be kept: one with fields. `aggregate_id` and `version` need not be listed.
template <typename A>
concept KeptAggregate = Aggregate<A> &&(detail::HasFields<A> || detail::HasTraits<A>);

// ---- how it is done ----

namespace detail {

// What castore keeps for its messages.
constexpr bool is_reserved_event_type(std::string_view type) {
  return type == "__REPLAYED__" || type == "__AGGREGATE_EXISTS__";
}
Error reserved_event_type(std::string_view type);

template <typename E>
concept HasPayloadTraits = requires(const E& event, const AttributeView& view) {
  EventTraits<E>::payload(event);
  EventTraits<E>::from_payload(view);
};

template <typename E>
Result<std::optional<AttributeValue>> payload_of(const E& event) {
  if constexpr (HasPayloadTraits<E>) {
    return EventTraits<E>::payload(event);
  } else if constexpr (HasFields<E> || HasTraits<E>) {
    return std::optional<AttributeValue>(TRY(to_attribute(event)));
  } else {
    static_assert(std::is_empty_v<E>, "give the event fields(), or specialise EventTraits for it");
    return std::optional<AttributeValue>();
  }
}

template <typename E>
bool read_payload(const AttributeView& payload, E& event, FieldFailure& failure) {
  if constexpr (HasPayloadTraits<E>) {
    auto read = EventTraits<E>::from_payload(payload);
    if (!read) return failure.because(read.error());
    event = std::move(*read);
    return true;
  } else if constexpr (HasFields<E> || HasTraits<E>) {
    return read_attribute(payload, event, failure);
  } else {
    return true;
  }
}

template <typename Body>
struct EventCodec;

template <typename... E>
struct EventCodec<std::variant<E...>> {
  using Body = std::variant<E...>;
  static constexpr bool takes_unknown = (std::same_as<E, UnknownEvent> || ...);

  template <typename T>
  static constexpr std::string_view type_of() {
    if constexpr (std::same_as<T, UnknownEvent>) {
      return {};
    } else {
      static_assert(!is_reserved_event_type(EventTraits<T>::type),
                    "a reserved event type: choose another one");
      return EventTraits<T>::type;
    }
  }
  static constexpr bool types_differ() {
    const std::array<std::string_view, sizeof...(E)> types{type_of<E>()...};
    for (std::size_t i = 0; i < types.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (types[i] == types[j]) return false;
      }
    }
    return true;
  }
  static_assert(types_differ(), "two kinds of event have one type");

  static Result<NewEvent> encode(const Body& body) {
    NewEvent event;
    const auto encode_one = [&]<typename T>(const T& each) -> Result<void> {
      if constexpr (std::same_as<T, UnknownEvent>) {
        if (is_reserved_event_type(each.type)) return reserved_event_type(each.type);
        event.type = each.type;
        event.payload = each.payload;
      } else {
        event.type = type_of<T>();
        event.payload = TRY(payload_of(each));
      }
      return {};
    };
    TRY(std::visit(encode_one, body));
    return event;
  }

  // Reads the event's payload into `body`. False, and why: it is not what its type has, or the type
  // is unknown.
  static bool decode(std::string_view type, const AttributeView& payload, Body& body,
                     FieldFailure& failure, bool& known) {
    bool read = false;
    known = (decode_if<E>(type, payload, body, failure, read) || ...);
    if (known) return read;
    if constexpr (takes_unknown) {
      UnknownEvent unknown{.type = std::string(type)};
      if (payload.exists()) unknown.payload = payload.value();
      body = std::move(unknown);
      return known = true;
    }
    return false;
  }

 private:
  template <typename T>
  static bool decode_if(std::string_view type, const AttributeView& payload, Body& body,
                        FieldFailure& failure, bool& read) {
    if constexpr (std::same_as<T, UnknownEvent>) {
      return false;
    } else {
      if (type != type_of<T>()) return false;
      read = read_payload(payload, body.template emplace<T>(), failure);
      return true;
    }
  }
};

}  // namespace detail
}  // namespace dynakeep
