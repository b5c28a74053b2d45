#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "dynakeep/result.h"

namespace dynakeep {

// The waits between attempts: before the second a random part of `first`, before each further one
// of twice as much, up to `longest`. None of them is needed for correctness; they let writers of
// one aggregate pass each other.
struct Backoff {
  std::chrono::milliseconds first{10};
  std::chrono::milliseconds longest{1'000};
};

struct ConflictAttempt {
  unsigned attempt_number = 1;  // the one that failed
  unsigned retries_left = 0;
};

// How a command meets conflicts.
struct CommandRetries {
  // How often the handler is run again after event_already_exists: two retries are three attempts.
  unsigned retries = 2;
  // After transaction_conflict too: others hold the same items still, and let go of them soon.
  bool after_transaction_conflicts = true;
  std::optional<Backoff> backoff = {};  // none: at once

  // Told of each conflict, the last one too. If it fails, its error takes the conflict's place and
  // ends the command.
  std::function<Result<void>(const Error& conflict, const ConflictAttempt& attempt)> on_conflict =
      {};

  // How waits are done and chance is had; empty: sleeping, and a generator seeded by the system.
  std::function<void(std::chrono::milliseconds)> wait = {};
  std::function<std::uint64_t()> random = {};
};

// Runs `attempt` until it succeeds, fails with anything but a conflict, or has used up its retries;
// its last result.
Result<void> retry_conflicts(const CommandRetries& retries,
                             const std::function<Result<void>()>& attempt);

template <typename Signature>
class Command;

// A unit of intent: loads aggregates, decides, pushes events, and does all of it again when
// somebody else was quicker. The event stores it needs are parameters, in order, and so is whatever
// else it depends on; a call supplies them, so that a test can supply others:
//
//   const Command<Version(const ShipOrder&, const Orders&)> ship_order(
//       {.command_id = "SHIP_ORDER",
//        .handler = [](const ShipOrder& input, const Orders& orders) -> Result<Version> {
//          const auto order = TRY(orders.get_existing_aggregate(input.order_id)).aggregate;
//          if (order.shipped) return Error(ErrorCode::invalid_argument, "It is on its way
//          already"); TRY(orders.append(order, {Shipped{}})); return order.version + 1;
//        }});
//   const auto version = ship_order({.order_id = "o-77"}, orders);
//
// The whole handler is run again: what it pushed stays pushed, so push what belongs together as one
// append or group. It should read nothing that lags behind, and take identifiers and clocks as
// parameters, so that a repetition does the same.
//
// Thread-safe, if what the program gave it is.
template <typename Output, typename Input, typename... Needs>
class Command<Output(Input, Needs...)> {
 public:
  using Handler = std::function<Result<Output>(Input, Needs...)>;

  struct Options {
    std::string command_id = {};
    Handler handler = {};  // must be given
    CommandRetries retries = {};
  };

  explicit Command(Options options) : options_(std::move(options)) {}

  const std::string& command_id() const { return options_.command_id; }

  // The handler's result; event_already_exists or transaction_conflict after the last attempt.
  Result<Output> operator()(Input input, Needs... needs) const {
    std::optional<Result<Output>> result;
    auto done = retry_conflicts(options_.retries, [&]() -> Result<void> {
      // As lvalues: an attempt must not take away what the next one needs.
      result.emplace(options_.handler(input, needs...));
      if (!*result) return result->error();
      return {};
    });
    if (!done) return std::move(done).error();
    return std::move(*result);
  }

 private:
  Options options_;
};

}  // namespace dynakeep
