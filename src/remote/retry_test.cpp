#include "remote/retry.h"

#include <gtest/gtest.h>

namespace dynakeep::remote {
namespace {

TEST(Failure, OfAnAnswerIsWhatItsExceptionMeansWhateverTheStatus) {
  const Failure throttled{.trouble = Trouble::throttled};
  EXPECT_EQ(failure_of(400, "ProvisionedThroughputExceededException"), throttled);
  EXPECT_EQ(failure_of(400, "ThrottlingException"), throttled);
  EXPECT_EQ(failure_of(503, "ThrottlingException"), throttled);
  EXPECT_EQ(failure_of(400, "RequestLimitExceeded"), throttled);
  EXPECT_EQ(failure_of(400, "TransactionInProgressException"), throttled);
  EXPECT_EQ(failure_of(503, "ServiceUnavailable"), (Failure{.trouble = Trouble::transient}));
  EXPECT_EQ(failure_of(400, "InvalidSignatureException"), (Failure{.trouble = Trouble::clock}));
  EXPECT_EQ(failure_of(400, "ExpiredTokenException"), (Failure{.trouble = Trouble::credentials}));
  for (const std::string_view lasting :
       {"ValidationException", "ConditionalCheckFailedException", "ResourceNotFoundException",
        "TransactionCanceledException", "AccessDeniedException", "SerializationException",
        "ItemCollectionSizeLimitExceededException", "IdempotentParameterMismatchException"}) {
    EXPECT_EQ(failure_of(400, lasting), Failure{}) << lasting;
  }
}

TEST(Failure, OfAServerThatDoesNotSayIsALostAnswer) {
  const Failure lost{.trouble = Trouble::transient, .answer_lost = true};
  EXPECT_EQ(failure_of(500, "InternalServerError"), lost);
  for (const int status : {500, 502, 503, 504}) EXPECT_EQ(failure_of(status, ""), lost) << status;
  EXPECT_EQ(failure_of(501, ""), (Failure{.answer_lost = true}));
}

TEST(Failure, OfAProxyThatRefusesIsNoLostAnswer) {
  EXPECT_EQ(failure_of(429, ""), (Failure{.trouble = Trouble::throttled}));
  EXPECT_EQ(failure_of(408, ""), (Failure{.trouble = Trouble::transient}));
  for (const int status : {301, 400, 403, 404, 407, 413}) {
    EXPECT_EQ(failure_of(status, ""), Failure{}) << status;
  }
}

TEST(Failure, OfTheNetworkIsALostAnswerIfTheTransportSaysSo) {
  Error error(ErrorCode::unavailable, "connection refused");
  EXPECT_EQ(failure_of(error), (Failure{.trouble = Trouble::transient}));
  error.set_outcome_unknown(true);
  EXPECT_EQ(failure_of(error), (Failure{.trouble = Trouble::transient, .answer_lost = true}));
  EXPECT_EQ(failure_of(Error(ErrorCode::timed_out, "")), (Failure{.trouble = Trouble::timed_out}));
  EXPECT_EQ(failure_of(Error(ErrorCode::limit_exceeded, "")), Failure{});
}

}  // namespace
}  // namespace dynakeep::remote
