#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "dynakeep/result.h"
#include "dynakeep/stores/event_storage.h"
#include "dynakeep/stores/event_store.h"

// For tests of programs that use event stores: stores that forget.
namespace dynakeep {

// A copy of a store on memory of its own, without the hook and what it publishes to.
template <typename Store>
class MockEventStore {
 public:
  // The same as EventStore: hand it to what is tested.
  const Store& store() const { return store_; }

  // Back to the initial events.
  Result<void> reset() {
    auto fresh = in_memory_event_storage(options_);
    for (const typename Store::New& event : initial_events_) {
      TRY(fresh->push_event(store_.event_store_id(), TRY(store_.encode(event))));
    }
    store_.set_storage(fresh.get());
    storage_ = std::move(fresh);
    return {};
  }

  // Fails if the initial events cannot be stored.
  static Result<MockEventStore> of(const Store& original,
                                   std::vector<typename Store::New> initial_events,
                                   const InMemoryEventOptions& options) {
    MockEventStore mock(original, std::move(initial_events), options);
    TRY(mock.reset());
    return mock;
  }

 private:
  MockEventStore(const Store& original, std::vector<typename Store::New> initial_events,
                 const InMemoryEventOptions& options)
      : options_(options),
        initial_events_(std::move(initial_events)),
        storage_(in_memory_event_storage(options)),
        store_(original.on(*storage_)) {}

  InMemoryEventOptions options_;
  std::vector<typename Store::New> initial_events_;
  std::unique_ptr<EventStorage> storage_;
  Store store_;
};

template <typename Store>
Result<MockEventStore<Store>> mock_event_store(const Store& original,
                                               std::vector<typename Store::New> initial_events = {},
                                               const InMemoryEventOptions& options = {}) {
  return MockEventStore<Store>::of(original, std::move(initial_events), options);
}

// While it lives, the store itself, with its copies, hook and all, is on memory.
template <typename Store>
class MutedEventStore {
 public:
  MutedEventStore(MutedEventStore&& other) noexcept
      : store_(other.store_), before_(other.before_), storage_(std::move(other.storage_)) {}
  MutedEventStore& operator=(MutedEventStore&&) = delete;
  ~MutedEventStore() {
    if (storage_) store_.set_storage(before_);
  }

  EventStorage& storage() { return *storage_; }

  static Result<MutedEventStore> of(const Store& store,
                                    const std::vector<typename Store::New>& initial_events,
                                    const InMemoryEventOptions& options) {
    auto fresh = in_memory_event_storage(options);
    for (const typename Store::New& event : initial_events) {
      TRY(fresh->push_event(store.event_store_id(), TRY(store.encode(event))));
    }
    return MutedEventStore(store, std::move(fresh));
  }

 private:
  MutedEventStore(const Store& store, std::unique_ptr<EventStorage> fresh)
      : store_(store), storage_(std::move(fresh)) {
    const auto before = store.storage();
    if (before) before_ = *before;
    store.set_storage(storage_.get());
  }

  Store store_;
  EventStorage* before_ = nullptr;
  std::unique_ptr<EventStorage> storage_;
};

template <typename Store>
Result<MutedEventStore<Store>> mute_event_store(
    const Store& store, const std::vector<typename Store::New>& initial_events = {},
    const InMemoryEventOptions& options = {}) {
  return MutedEventStore<Store>::of(store, initial_events, options);
}

}  // namespace dynakeep
