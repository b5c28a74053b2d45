#include "engine/housekeeping.h"

#include <algorithm>
#include <string>

#include "base/log.h"
#include "engine/engine.h"
#include "engine/expiry.h"

namespace dynakeep::engine {
namespace {

using namespace std::chrono_literals;
using Instant = std::chrono::steady_clock::time_point;

// Few enough that a processor is given back often.
constexpr std::size_t sweep_items_max = 64;
constexpr auto pause_between_steps = 1ms;
constexpr std::chrono::milliseconds never = 24h;

}  // namespace

Housekeeping::Housekeeping(const Engine& engine, std::chrono::milliseconds expiry_interval)
    : engine_(engine),
      expiry_interval_(expiry_interval),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Housekeeping::~Housekeeping() { thread_.request_stop(); }

std::chrono::milliseconds Housekeeping::sweep(const std::stop_token& stop) {
  if (expiry_interval_ == 0ms) return never;
  const Instant began = std::chrono::steady_clock::now();
  bool removed_any = false;
  for (const TablePointer& table : engine_.catalog.tables_with_time_to_live()) {
    for (std::string place;;) {
      const auto swept = sweep_expired(engine_, *table, sweep_items_max, place, stop);
      if (!swept) {
        base::log(LogLevel::error, "expired items could not be removed",
                  {{"table", table->name}, {"error", swept.error().message()}});
        break;
      }
      removed_any = removed_any || swept->removed > 0;
      if (swept->is_last || stop.stop_requested()) break;
      std::this_thread::sleep_for(pause_between_steps);
    }
  }
  if (removed_any) return expiry_interval_;
  // To step over what was removed and is not compacted yet takes its time; it is not to be all that
  // this thread does.
  const auto took =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  return std::max(expiry_interval_, 10 * took);
}

std::chrono::milliseconds Housekeeping::look_after_streams() {
  engine_.snapshots.drop_expired();
  const auto next = engine_.streams.turn();
  if (next) return *next;
  base::log(LogLevel::error, "upkeep of streams failed", {{"error", next.error().message()}});
  return 10s;
}

void Housekeeping::run(const std::stop_token& stop) {
  Instant next_sweep = std::chrono::steady_clock::now() + std::min(expiry_interval_, never);
  Instant next_turn = std::chrono::steady_clock::now() + 1s;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      stopped_.wait_until(lock, stop, std::min(next_sweep, next_turn), [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (std::chrono::steady_clock::now() >= next_sweep) {
      const auto wait = sweep(stop);
      next_sweep = std::chrono::steady_clock::now() + wait;
    }
    if (std::chrono::steady_clock::now() >= next_turn) {
      const auto wait = look_after_streams();
      next_turn = std::chrono::steady_clock::now() + wait;
    }
  }
}

}  // namespace dynakeep::engine
