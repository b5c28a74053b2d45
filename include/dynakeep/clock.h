#pragma once

#include <atomic>
#include <chrono>

namespace dynakeep {

// A moment: milliseconds and finer since 1970-01-01 UTC.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// The only source of the time of day, given to whoever needs it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The machine's clock. Lives as long as the process.
const Clock& system_clock();

// A clock that stands still until it is told otherwise: for tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time{std::chrono::seconds{1'700'000'000}}) : now_(start) {}

  Time now() const override { return now_.load(); }
  void set(Time now) { now_.store(now); }
  void advance(std::chrono::microseconds by) { now_.store(now_.load() + by); }

 private:
  std::atomic<Time> now_;
};

}  // namespace dynakeep
