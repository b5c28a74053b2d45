#include "stores/support/at_once.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace dynakeep::stores {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Longer than an embedded call, shorter than a round trip.
constexpr auto takes_its_time = std::chrono::microseconds(200);

class Share {
 public:
  Share(std::size_t count, const std::function<void(std::size_t)>& work)
      : count_(count), work_(work) {}

  // False: there is nothing left to do.
  bool do_one() {
    const std::size_t index = next_.fetch_add(1, std::memory_order_relaxed);
    if (index >= count_) return false;
    work_(index);
    return true;
  }
  void do_rest() {
    const DeferredDurability deferred;
    while (do_one()) {
    }
    note(deferred.position());
  }

  std::size_t left() const { return count_ - std::min(count_, next_.load()); }
  std::uint64_t position() const { return position_.load(); }

 private:
  void note(std::uint64_t position) {
    std::uint64_t seen = position_.load();
    while (seen < position && !position_.compare_exchange_weak(seen, position)) {
    }
  }

  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::uint64_t> position_ = 0;
};

std::vector<std::jthread> start(Share& share, std::size_t count) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  try {
    while (threads.size() < count) threads.emplace_back([&share] { share.do_rest(); });
  } catch (const std::system_error&) {
    // The system gives no more threads: those there are do it all.
  }
  return threads;
}

}  // namespace

Result<void> at_once(Database& database, std::size_t count, std::size_t in_flight_max,
                     const std::function<void(std::size_t)>& work) {
  std::uint64_t position = 0;
  {
    Share share(count, work);
    const DeferredDurability deferred;
    std::vector<std::jthread> threads;
    auto began = SteadyClock::now();
    while (share.do_one()) {
      const auto ended = SteadyClock::now();
      if (threads.empty() && ended - began > takes_its_time && in_flight_max > 1) {
        threads = start(share, std::min(in_flight_max - 1, share.left()));
      }
      began = ended;
    }
    threads.clear();  // joins
    position = std::max(deferred.position(), share.position());
  }
  if (position == 0) return {};
  if (DeferredDurability* const outer = DeferredDurability::current()) {
    outer->note(position);
    return {};
  }
  const auto outcome = std::make_shared<std::promise<Result<void>>>();
  auto future = outcome->get_future();
  database.when_durable(position,
                        [outcome](const Result<void>& durable) { outcome->set_value(durable); });
  return future.get();
}

}  // namespace dynakeep::stores
