#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dynakeep/result.h"

namespace dynakeep {

// Values that come a page at a time, each page asked for when the one before it is used up:
//
//   for (Result<Event>& event : events_of(storage, "ORDERS", "o-77")) {
//     if (!event) return event.error();
//     …
//   }
//
// A page that fails is the last thing in the range, as one error. Runs once, from begin(); a value
// lasts until the next one is asked for. For one thread at a time. What the pages are read from
// must outlive the range.
template <typename T>
class PagedRange {
  struct State;

 public:
  struct Page {
    std::vector<T> values = {};
    bool last = false;  // a page without values need not be the last
  };
  using NextPage = std::function<Result<Page>()>;

  explicit PagedRange(NextPage next_page)
      : state_(std::make_unique<State>(State{.next_page = std::move(next_page)})) {}

  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Result<T>;
    using difference_type = std::ptrdiff_t;
    using reference = Result<T>&;
    using pointer = Result<T>*;

    Iterator() = default;
    reference operator*() const { return *state_->current; }
    pointer operator->() const { return &*state_->current; }
    Iterator& operator++() {
      state_->advance();
      return *this;
    }
    void operator++(int) { state_->advance(); }
    friend bool operator==(const Iterator& each, std::default_sentinel_t) {
      return each.state_ == nullptr || !each.state_->current;
    }

   private:
    friend class PagedRange;
    explicit Iterator(State* state) : state_(state) {}

    State* state_ = nullptr;
  };

  Iterator begin() {
    if (!state_->begun) {
      state_->begun = true;
      state_->advance();
    }
    return Iterator(state_.get());
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  struct State {
    NextPage next_page = {};
    Page page = {};
    std::size_t next = 0;  // into page.values
    bool begun = false;
    std::optional<Result<T>> current = {};

    void advance() {
      while (next == page.values.size()) {
        if (page.last) {
          current.reset();
          return;
        }
        Result<Page> fresh = next_page();
        next = 0;
        if (!fresh) {
          page = Page{.last = true};
          current.emplace(std::move(fresh).error());
          return;
        }
        page = std::move(*fresh);
      }
      current.emplace(std::move(page.values[next++]));
    }
  };

  // On the heap: iterators point at it, and the range may be moved.
  std::unique_ptr<State> state_;
};

}  // namespace dynakeep
