#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/stores/event_command.h"
#include "stores/event_store/test_orders.h"

namespace dynakeep {
namespace {

using namespace test_orders;

struct Pay {
  std::string order_id = {};
  std::int64_t amount = 1;
};

// Loads the order and pays some of it; `intrude` runs in between.
class CommandTest : public testing::Test {
 protected:
  using PayOrder = Command<Version(const Pay&, const Orders&)>;

  PayOrder pay_order(
      CommandRetries retries, std::function<void()> intrude = [] {}) {
    return PayOrder({.command_id = "PAY_ORDER",
                     .handler = [this, intrude = std::move(intrude)](
                                    const Pay& input, const Orders& orders) -> Result<Version> {
                       ++attempts_;
                       const auto order = TRY(orders.get_aggregate(input.order_id)).aggregate;
                       intrude();
                       const Version next = order ? order->version + 1 : 1;
                       TRY(orders.push_event({.aggregate_id = input.order_id,
                                              .version = next,
                                              .body = Paid{.amount = input.amount}}));
                       return next;
                     },
                     .retries = std::move(retries)});
  }

  void push_another() {
    const auto last = orders_.last_version("o-1");
    ASSERT_TRUE(last) << last.error();
    ASSERT_TRUE(orders_.push_event(
        {.aggregate_id = "o-1", .version = last->value_or(0) + 1, .body = Paid{.amount = 100}}));
  }

  CommandRetries telling(CommandRetries retries = {}) {
    retries.on_conflict = [this](const Error& conflict, const ConflictAttempt& attempt) {
      EXPECT_EQ(conflict.code(), ErrorCode::event_already_exists);
      told_.emplace_back(attempt.attempt_number, attempt.retries_left);
      return Result<void>();
    };
    return retries;
  }

  using Told = std::vector<std::pair<unsigned, unsigned>>;

  std::unique_ptr<EventStorage> storage_ = in_memory_event_storage();
  Orders orders_{order_options(storage_.get())};
  int attempts_ = 0;
  Told told_;
};

TEST_F(CommandTest, AnswersWithWhatItsHandlerDid) {
  const auto command = pay_order(telling());
  EXPECT_EQ(command.command_id(), "PAY_ORDER");
  EXPECT_EQ(command({.order_id = "o-1"}, orders_).value(), 1);
  EXPECT_EQ(command({.order_id = "o-1"}, orders_).value(), 2);
  EXPECT_EQ(attempts_, 2);
  EXPECT_TRUE(told_.empty());
}

TEST_F(CommandTest, AnIntruderOnEveryAttemptLeavesTheConflict) {
  const auto done = pay_order(telling(), [&] { push_another(); })({.order_id = "o-1"}, orders_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::event_already_exists);
  EXPECT_EQ(conflicting_events(done.error()).at(0).version, 3);
  EXPECT_EQ(attempts_, 3);
  EXPECT_EQ(told_, (Told{{1, 2}, {2, 1}, {3, 0}}));
}

TEST_F(CommandTest, TwoIntrusionsLeaveTheThirdAttempt) {
  int intrusions = 2;
  const auto done = pay_order(telling(), [&] {
    if (intrusions-- > 0) push_another();
  })({.order_id = "o-1"}, orders_);
  ASSERT_TRUE(done) << done.error();
  EXPECT_EQ(*done, 3);
  EXPECT_EQ(told_, (Told{{1, 2}, {2, 1}}));
}

TEST_F(CommandTest, WithoutRetriesThereIsOneAttempt) {
  const auto done =
      pay_order(telling({.retries = 0}), [&] { push_another(); })({.order_id = "o-1"}, orders_);
  ASSERT_FALSE(done);
  EXPECT_EQ(told_, (Told{{1, 0}}));
}

TEST_F(CommandTest, OtherErrorsEndItAtOnce) {
  const auto done = pay_order(telling())({.order_id = ""}, orders_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(attempts_, 1);
  EXPECT_TRUE(told_.empty());
}

TEST_F(CommandTest, TheErrorOfTheCallbackTakesTheConflictsPlace) {
  CommandRetries retries;
  retries.on_conflict = [](const Error&, const ConflictAttempt&) -> Result<void> {
    return Error(ErrorCode::unavailable, "the log is full");
  };
  const auto done = pay_order(retries, [&] { push_another(); })({.order_id = "o-1"}, orders_);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message(), "the log is full");
  EXPECT_EQ(attempts_, 1);
}

TEST_F(CommandTest, TransactionConflictsAreRetriedUnlessSwitchedOff) {
  for (const bool retried : {true, false}) {
    unsigned attempts = 0;
    const auto done = retry_conflicts(
        {.retries = 2, .after_transaction_conflicts = retried}, [&]() -> Result<void> {
          ++attempts;
          return Error(ErrorCode::transaction_conflict, "somebody is at it");
        });
    ASSERT_FALSE(done);
    EXPECT_EQ(attempts, retried ? 3u : 1u);
  }
}

TEST_F(CommandTest, BackoffWaitsARandomPartOfABoundThatDoubles) {
  std::vector<std::int64_t> waits;
  CommandRetries retries{
      .retries = 5,
      .backoff =
          Backoff{.first = std::chrono::milliseconds(10), .longest = std::chrono::milliseconds(50)},
      .wait = [&](std::chrono::milliseconds time) { waits.push_back(time.count()); },
      .random = [] { return std::uint64_t{0} - 1; }};
  const auto conflict = []() -> Result<void> {
    return event_already_exists({.event_store_id = "ORDERS", .aggregate_id = "o-1", .version = 1});
  };
  ASSERT_FALSE(retry_conflicts(retries, conflict));
  ASSERT_EQ(waits.size(), 5u);
  const std::vector<std::int64_t> bounds{10, 20, 40, 50, 50};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    // The remainder of the largest chance there is.
    const auto modulus = static_cast<std::uint64_t>(bounds[i]) + 1;
    EXPECT_EQ(waits[i], static_cast<std::int64_t>((std::uint64_t{0} - 1) % modulus));
  }
  waits.clear();
  retries.random = [] { return std::uint64_t{0}; };
  ASSERT_FALSE(retry_conflicts(retries, conflict));
  EXPECT_EQ(waits, (std::vector<std::int64_t>{0, 0, 0, 0, 0}));
}

TEST_F(CommandTest, ConcurrentIncrementsAllGetTheirVersion) {
  std::vector<Version> won(24);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < won.size(); ++i) {
      threads.emplace_back([&, i] {
        const Command<Version(const Pay&, const Orders&)> own(
            {.command_id = "PAY",
             .handler = [](const Pay& input, const Orders& orders) -> Result<Version> {
               const auto order = TRY(orders.get_aggregate(input.order_id)).aggregate;
               const Version next = order ? order->version + 1 : 1;
               TRY(orders.push_event(
                   {.aggregate_id = input.order_id, .version = next, .body = Paid{.amount = 1}}));
               return next;
             },
             .retries = {.retries = 1'000}});
        const auto done = own({.order_id = "o-1"}, orders_);
        if (done) won[i] = *done;
      });
    }
  }
  std::sort(won.begin(), won.end());
  for (std::size_t i = 0; i < won.size(); ++i) EXPECT_EQ(won[i], static_cast<Version>(i + 1));
  EXPECT_EQ(orders_.get_existing_aggregate("o-1")->aggregate.paid, 24);
}

}  // namespace
}  // namespace dynakeep
