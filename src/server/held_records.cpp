#include "server/held_records.h"

#include <utility>

namespace dynakeep::server {

std::shared_ptr<void> HeldRequests::hold() {
  if (held_->fetch_add(1, std::memory_order_relaxed) >= held_max) {
    held_->fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  return {held_.get(), [held = held_](void*) { held->fetch_sub(1, std::memory_order_relaxed); }};
}

HeldRecords::HeldRecords(Database& database, GetRecordsRequest request,
                         std::chrono::milliseconds wait, std::shared_ptr<void> place,
                         Respond respond)
    : database_(database),
      request_(std::move(request)),
      patience_(wait),
      place_(std::move(place)),
      respond_(std::move(respond)) {}

std::optional<http::HttpResponse> HeldRecords::take(std::function<void()> wake) {
  // Before the look, so that nothing comes between the two unnoticed.
  bool can_wait = false;
  if (!finished_) {
    auto waiter = database_.when_records(*request_.shard_iterator, std::move(wake));
    // What is wrong with the iterator the look says too.
    can_wait = waiter && *waiter != nullptr;
    waiter_ = waiter ? std::move(*waiter) : nullptr;
  }
  auto found = database_.get_records(request_);
  const bool found_nothing = found && found->records.empty() && found->next_shard_iterator;
  if (can_wait && found_nothing) {
    request_.shard_iterator = std::move(found->next_shard_iterator);
    return {};
  }
  waiter_.reset();
  return respond_(found);
}

}  // namespace dynakeep::server
