#pragma once

#include <algorithm>
#include <chrono>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/stores/stream_consumer.h"

namespace dynakeep::streams {

// For StreamConsumerOptions::now: a manual clock's time.
inline StreamConsumer::Moment moment_of(const ManualClock& clock) {
  return StreamConsumer::Moment(clock.now().time_since_epoch());
}

// One step; then it is as late as the consumer asked for, at most `until`. False: it has ended.
inline Result<bool> step(StreamConsumer& consumer, ManualClock& clock, Time until) {
  const auto next = TRY(consumer.step());
  if (!next) return false;
  if (const auto now = moment_of(clock); *next > now) {
    clock.set(
        std::min(until, clock.now() + std::chrono::ceil<std::chrono::microseconds>(*next - now)));
  }
  return true;
}

// Steps for so long. False: it has ended before.
inline Result<bool> go_on(StreamConsumer& consumer, ManualClock& clock,
                          std::chrono::microseconds span) {
  const Time until = clock.now() + span;
  while (clock.now() < until) {
    if (!TRY(step(consumer, clock, until))) return false;
  }
  return true;
}

}  // namespace dynakeep::streams
