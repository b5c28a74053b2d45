#include <chrono>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "streams/one_consumer.h"

// What a consumer makes of a server that fails.
namespace dynakeep {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = StreamEvent::Kind;

TEST_F(StreamAcceptance, F1EachErrorForFiveMinutesIsOutwaitedAndToldOf) {
  write(5);
  open(options());
  go_on(1s);
  stream.faults.errors = 1;
  write(5);
  go_on(5min);
  EXPECT_GE(events[Kind::degraded], 3);
  EXPECT_EQ(events[Kind::recovered], 0);
  stream.faults.errors = 0;
  go_on(1min);
  EXPECT_EQ(events[Kind::recovered], 1);
  EXPECT_EQ(handled, up_to(10));
}

TEST_F(StreamAcceptance, F2AServerThatThrottlesIsCalledLessOften) {
  write(1);
  auto steady = options();
  steady.idle_poll_max = 250ms;
  open(steady);
  go_on(10s);
  std::size_t before = stream.calls;
  go_on(1min);
  const std::size_t unhindered = stream.calls - before;
  stream.faults.throttled = 0.2;
  before = stream.calls;
  go_on(1min);
  EXPECT_LT(stream.calls - before, unhindered * 3 / 4);
  stream.faults.throttled = 0;
  go_on(30s);
  before = stream.calls;
  go_on(1min);
  EXPECT_GT(stream.calls - before, unhindered * 9 / 10);
}

TEST_F(StreamAcceptance, CallsAreBoundedAsDynamoDbWantsIt) {
  stream.faults.records_in_page = 1;
  write(100);
  auto busy = options();
  busy.busy_poll = 0ms;
  open(busy);
  const std::size_t before = stream.calls;
  go_on(10s);
  EXPECT_LE(stream.calls - before, 10U * 5 + 10);
}

TEST_F(StreamAcceptance, F4APageOutOfOrderStopsItsShardUntilItIsInOrder) {
  stream.faults.disorder = true;
  write(5);
  open(options());
  go_on(2min);
  EXPECT_THAT(handled, IsEmpty());
  EXPECT_GE(events[Kind::degraded], 1);
  EXPECT_THAT(*consumer->figures().last_error, HasSubstr("not in order"));
  stream.faults.disorder = false;
  go_on(1min);
  EXPECT_EQ(handled, up_to(5));
}

TEST_F(StreamAcceptance, F4RecordsThatComeTwiceAreDroppedAndEmptyPagesAreReadOn) {
  stream.faults.records_in_page = 5;
  stream.faults.duplicates = 1;
  stream.faults.empty_pages = 0.5;
  write(50);
  stream.roll("a");
  write(50);
  open(options());
  go_on(2min);
  EXPECT_EQ(handled, up_to(100));
  EXPECT_GT(events[Kind::duplicate_dropped], 0);
  EXPECT_GT(consumer->figures().duplicates, 10U);
}

TEST_F(StreamAcceptance, F5AClosedShardWithoutIteratorIsOneThatHasEnded) {
  stream.faults.no_iterator_at_an_end = true;
  stream.roll("a");
  stream.roll("a");
  write(3);
  open(options());
  go_on(5s);
  EXPECT_EQ(handled, up_to(3));
}

// Each of them on each call, once, ten times, and for five minutes.
struct Fault {
  const char* operation;
  ErrorCode code;
};
void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.operation << " " << exception_name(fault.code);
}

class StreamFaults : public StreamAcceptance, public testing::WithParamInterface<Fault> {
 protected:
  void expect_outwaited() {
    go_on(3min);
    EXPECT_EQ(handled, up_to(stream.written().at("a")));
    EXPECT_THAT(gaps, IsEmpty());
    const StreamFigures figures = consumer->figures();
    EXPECT_GT(figures.errors + figures.get_records.failed, 0U);
  }
};

TEST_P(StreamFaults, F1AreOutwaitedHoweverOftenTheyCome) {
  const auto [operation, code] = GetParam();
  int left = 0;
  bool is_down = false;
  stream.faults.fails = [&](std::string_view called) -> std::optional<Error> {
    if (called != operation || (!is_down && left <= 0)) return std::nullopt;
    --left;
    return Error(code, "As it was told");
  };
  write(3);
  open(options());
  for (const int times : {1, 10}) {
    left = times;
    write(3);
    stream.roll("a");
    write(3);
    if (operation == std::string_view("GetShardIterator")) clock.advance(15min);
    expect_outwaited();
    EXPECT_LE(left, 0);
  }
  is_down = true;
  write(3);
  stream.roll("a");
  write(3);
  go_on(5min);
  is_down = false;
  expect_outwaited();
}

constexpr ErrorCode outwaited[] = {
    ErrorCode::limit_exceeded, ErrorCode::throttling, ErrorCode::provisioned_throughput_exceeded,
    ErrorCode::request_limit_exceeded, ErrorCode::internal_server_error, ErrorCode::unavailable,
    ErrorCode::timed_out,
    // Credentials that are being rotated, or a clock that is wrong.
    ErrorCode::unrecognized_client, ErrorCode::invalid_signature,
    ErrorCode::missing_authentication_token, ErrorCode::access_denied};

std::vector<Fault> all_faults() {
  std::vector<Fault> faults;
  for (const char* operation : {"DescribeStream", "GetShardIterator", "GetRecords"}) {
    for (const ErrorCode code : outwaited) faults.push_back({operation, code});
  }
  faults.push_back({"GetRecords", ErrorCode::expired_iterator});
  return faults;
}

INSTANTIATE_TEST_SUITE_P(, StreamFaults, testing::ValuesIn(all_faults()), [](const auto& fault) {
  return fault.param.operation + std::string(exception_name(fault.param.code)) +
         std::to_string(fault.index);
});

TEST_F(StreamAcceptance, F1MixedErrorsOfAllCallsLoseNothing) {
  stream.split("a");
  open(options());
  stream.faults.errors = 0.3;
  stream.faults.expired = 0.1;
  for (int round = 0; round < 60; ++round) {
    write(3);
    if (round % 5 == 0) stream.roll("a");
    go_on(5s);
  }
  stream.faults.errors = 0;
  stream.faults.expired = 0;
  go_on(3min);
  EXPECT_EQ(handled, up_to(180));
  EXPECT_THAT(gaps, IsEmpty());
}

TEST_F(StreamAcceptance, F6CredentialsThatRunOutAndAreRotatedLoseNothing) {
  open(options());
  for (int rotation = 0; rotation < 3; ++rotation) {
    write(5);
    go_on(10s);
    stream.faults.fails = [](std::string_view) {
      return std::optional(Error(ErrorCode::unrecognized_client, "The token has expired"));
    };
    write(5);
    go_on(2min);
    stream.faults.fails = {};
    go_on(1min);
  }
  EXPECT_EQ(handled, up_to(30));
  EXPECT_GE(events[Kind::degraded], 3);
  EXPECT_EQ(events[Kind::recovered], 3);
}

TEST_F(StreamAcceptance, AnOutageLongerThanItIsToldToBearStopsIt) {
  write(1);
  auto impatient = options();
  impatient.max_outage = 5min;
  open(impatient);
  go_on(10s);
  stream.faults.errors = 1;
  ASSERT_TRUE(go_on(4min));
  EXPECT_FALSE(go_on(2min));
  EXPECT_TRUE(has_stopped_with(ErrorCode::unavailable));
  stream.faults.errors = 0;
  write(1);
  open(impatient);
  go_on(10s);
  EXPECT_EQ(handled, up_to(2));
}

TEST_F(StreamAcceptance, CallsAndHandlersAreCountedByKind) {
  write(4);
  auto one_by_one = options();
  one_by_one.batch_records = 1;
  handler = [&](const StreamBatch& batch) {
    clock.advance(50ms);
    return take(batch);
  };
  open(one_by_one);
  stream.faults.throttled = 0.2;
  go_on(1min);
  const StreamFigures figures = consumer->figures();
  EXPECT_THAT(figures.handler_times, ElementsAre(0, 0, 4, 0, 0, 0, 0));
  EXPECT_GT(figures.describe_stream.answered, 0U);
  EXPECT_GT(figures.get_shard_iterator.answered, 0U);
  EXPECT_GT(figures.get_records.answered, 10U);
  EXPECT_GT(figures.get_records.throttled, 0U);
  EXPECT_EQ(figures.get_records.failed, 0U);
}

}  // namespace
}  // namespace dynakeep
