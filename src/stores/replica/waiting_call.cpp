#include "stores/replica/waiting_call.h"

#include <chrono>
#include <utility>

namespace dynakeep::replicas {
namespace {

using namespace std::chrono_literals;

constexpr auto held_for = 1000ms;  // as long as a stop may have to wait for it

}  // namespace

WaitingCall::WaitingCall(Database& database, std::string shard_iterator, const Clock& clock,
                         std::function<void()> wake)
    : database_(database),
      clock_(clock),
      iterator_(std::move(shard_iterator)),
      wake_(std::move(wake)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { wait(stop); });
}

void WaitingCall::wait(const std::stop_token& stop) {
  using Steady = std::chrono::steady_clock;
  while (!stop.stop_requested()) {
    const auto begun = Steady::now();
    const Time asked = clock_.now();
    // One record tells that there are some; they are read by whoever is woken.
    auto page = database_.get_records({.shard_iterator = iterator_, .limit = 1, .wait = held_for});
    if (page && (!page->records.empty() || !page->next_shard_iterator)) break;
    // A server that holds too many calls answers at once, and would have this one go round and
    // round.
    has_failed_ = !page || Steady::now() - begun < held_for / 2;
    if (has_failed_) break;
    iterator_ = std::move(*page->next_shard_iterator);
    nothing_until_ = asked;
  }
  wake_();
}

}  // namespace dynakeep::replicas
