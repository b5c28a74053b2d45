#pragma once

#include <concepts>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "dynakeep/result.h"
#include "dynakeep/stores/event_types.h"
#include "dynakeep/stores/events.h"

// How an aggregate follows from its events. Part of event_store.h.
namespace dynakeep {

// How an aggregate follows from an event: any callable of one of the forms
//
//   A         (std::optional<A> before, const Body& body)
//   void      (A& aggregate, const Body& body)             // begins with A{}
//
// with `const Event& event` as third parameter if it likes, and Result<A> or Result<void> instead
// if it can fail. Must depend on nothing else.
template <Aggregate A, typename Body>
class Reducer;

// A reducer of functions, one for each kind of event, each of one of the forms above. Kinds that
// none takes are a mistake at compile time; UnknownEvent alone may be left out, and then leaves the
// aggregate as it is.
template <typename... Functions>
struct ReduceWith : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
ReduceWith<Functions...> reduce_with(Functions... functions) {
  return ReduceWith<Functions...>{std::move(functions)...};
}

// ---- how it is done ----

namespace detail {

template <typename T>
inline constexpr bool is_reduce_with = false;
template <typename... F>
inline constexpr bool is_reduce_with<ReduceWith<F...>> = true;

// Whether F takes `body` in one of the forms that Reducer knows.
template <typename A, typename F, typename Body>
constexpr bool reduces() {
  return std::is_invocable_v<F&, std::optional<A>, const Body&> ||
         std::is_invocable_v<F&, std::optional<A>, const Body&, const Event&> ||
         std::is_invocable_v<F&, A&, const Body&> ||
         std::is_invocable_v<F&, A&, const Body&, const Event&>;
}

template <typename A, typename Call>
Result<void> reduce_by_value(std::optional<A>& state, const Call& call) {
  if constexpr (std::constructible_from<A, decltype(call())>) {
    state = call();
  } else {
    state = TRY(call());
  }
  return {};
}

template <typename A, typename Call>
Result<void> reduce_in_place(std::optional<A>& state, const Call& call) {
  if (!state) state.emplace();
  if constexpr (std::is_void_v<decltype(call(*state))>) {
    call(*state);
    return {};
  } else {
    return call(*state);
  }
}

template <typename A, typename F, typename Body>
Result<void> reduce(F& function, std::optional<A>& state, const Body& body, const Event& event) {
  // By value first: an A& would do for a std::optional<A> as well.
  if constexpr (std::is_invocable_v<F&, std::optional<A>, const Body&>) {
    return reduce_by_value<A>(state, [&] { return function(std::move(state), body); });
  } else if constexpr (std::is_invocable_v<F&, std::optional<A>, const Body&, const Event&>) {
    return reduce_by_value<A>(state, [&] { return function(std::move(state), body, event); });
  } else if constexpr (std::is_invocable_v<F&, A&, const Body&>) {
    return reduce_in_place<A>(state, [&](A& aggregate) { return function(aggregate, body); });
  } else if constexpr (std::is_invocable_v<F&, A&, const Body&, const Event&>) {
    return reduce_in_place<A>(state,
                              [&](A& aggregate) { return function(aggregate, body, event); });
  } else {
    static_assert(std::same_as<Body, UnknownEvent>, "no function reduces this kind of event");
    if (!state) state.emplace();
    return {};
  }
}

}  // namespace detail

template <Aggregate A, typename Body>
class Reducer {
 public:
  Reducer() = default;

  template <typename F>
  requires(!std::same_as<F, Reducer>) Reducer(F function) {  // NOLINT: written as a plain function
    if constexpr (detail::is_reduce_with<F>) {
      fold_ = [function = std::move(function)](std::optional<A>& state, const Body& body,
                                               const Event& event) mutable -> Result<void> {
        return std::visit(
            [&](const auto& each) { return detail::reduce<A>(function, state, each, event); },
            body);
      };
    } else {
      static_assert(detail::reduces<A, F, Body>(), "not one of the forms of a reducer");
      fold_ = [function = std::move(function)](std::optional<A>& state, const Body& body,
                                               const Event& event) mutable -> Result<void> {
        return detail::reduce<A>(function, state, body, event);
      };
    }
  }

  explicit operator bool() const { return static_cast<bool>(fold_); }

  Result<void> operator()(std::optional<A>& state, const Body& body, const Event& event) const {
    return fold_(state, body, event);
  }

 private:
  std::function<Result<void>(std::optional<A>&, const Body&, const Event&)> fold_ = {};
};

}  // namespace dynakeep
