#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "dynakeep/database.h"
#include "http/message.h"

// GetRecords that waits for a record, without a thread that does.
namespace dynakeep::server {

// How many requests may be held at once; whoever comes then is answered at once.
class HeldRequests {
 public:
  static constexpr std::size_t held_max = 1000;

  // One of them, for as long as this lives; none: there are too many.
  std::shared_ptr<void> hold();

 private:
  // Shared with those that are held.
  std::shared_ptr<std::atomic<std::size_t>> held_ = std::make_shared<std::atomic<std::size_t>>(0);
};

// The answer to a GetRecords that found nothing, as soon as there is a record, the shard ends, or
// the request has waited long enough.
class HeldRecords final : public http::LateAnswer {
 public:
  // Makes the answer of what was found in the end.
  using Respond = std::function<http::HttpResponse(const Result<GetRecordsResult>& found)>;

  // `request` is the one to go on with: with the iterator behind what it found, nothing.
  // `place` is what HeldRequests::hold() gave. `database` and what `respond` refers to must outlive
  // it.
  HeldRecords(Database& database, GetRecordsRequest request, std::chrono::milliseconds wait,
              std::shared_ptr<void> place, Respond respond);

  std::optional<http::HttpResponse> take(std::function<void()> wake) override;
  std::chrono::milliseconds patience() const override { return patience_; }
  void finish() override { finished_ = true; }

 private:
  Database& database_;
  GetRecordsRequest request_;
  const std::chrono::milliseconds patience_;
  const std::shared_ptr<void> place_;
  const Respond respond_;
  std::unique_ptr<RecordsWaiter> waiter_;
  bool finished_ = false;
};

}  // namespace dynakeep::server
