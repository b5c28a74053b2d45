#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "dynakeep/error.h"

namespace dynakeep {

namespace detail {
// Says which error was taken for a value, and stops the process: a bug in the caller.
[[noreturn]] void value_of_an_error(const Error& error);
[[noreturn]] void error_of_a_value();
}  // namespace detail

// A value or the error that stood in its way. The member names are std::expected's.
//
// Asking a failed result for its value is a bug in the caller and stops the process with the
// error's message; test it first, or use TRY.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return *checked(this); }
  const T& value() const& { return *checked(this); }
  T&& value() && { return std::move(*checked(this)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return *checked_error(this); }
  const Error& error() const& { return *checked_error(this); }
  Error&& error() && { return std::move(*checked_error(this)); }

  T value_or(T otherwise) const& { return has_value() ? value() : std::move(otherwise); }
  T value_or(T otherwise) && {
    return has_value() ? std::move(*this).value() : std::move(otherwise);
  }

 private:
  template <typename Self>
  static auto* checked(Self* self) {
    auto* value = std::get_if<0>(&self->state_);
    if (value == nullptr) detail::value_of_an_error(*std::get_if<1>(&self->state_));
    return value;
  }
  template <typename Self>
  static auto* checked_error(Self* self) {
    auto* error = std::get_if<1>(&self->state_);
    if (error == nullptr) detail::error_of_a_value();
    return error;
  }

  std::variant<T, Error> state_;
};

// Done, or the error that stood in the way.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (!has_value()) detail::value_of_an_error(*std::get_if<1>(&state_));
  }

  const Error& error() const& {
    if (has_value()) detail::error_of_a_value();
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    if (has_value()) detail::error_of_a_value();
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace dynakeep

// The value of a Result, or an early return of its error from the enclosing function, which returns
// a Result itself: `const auto table = TRY(catalog.find(name));` GCC and Clang take it.
// NOLINTBEGIN(cppcoreguidelines-macro-usage, bugprone-macro-parentheses)
#define DYNAKEEP_TRY_JOIN_(a, b) a##b
#define DYNAKEEP_TRY_NAME_(a, b) DYNAKEEP_TRY_JOIN_(a, b)
#define DYNAKEEP_TRY_AS_(name, ...)            \
  __extension__({                              \
    auto name = (__VA_ARGS__);                 \
    if (!name) return std::move(name).error(); \
    std::move(name).value();                   \
  })
#define DYNAKEEP_TRY(...) \
  DYNAKEEP_TRY_AS_(DYNAKEEP_TRY_NAME_(dynakeep_result_, __COUNTER__), __VA_ARGS__)
#ifndef TRY
#define TRY(...) DYNAKEEP_TRY(__VA_ARGS__)
#endif
// NOLINTEND(cppcoreguidelines-macro-usage, bugprone-macro-parentheses)
