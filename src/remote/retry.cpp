#include "remote/retry.h"

#include <algorithm>
#include <array>

namespace dynakeep::remote {

namespace {

// What the exceptions of AWS's services mean, whatever status they come with. None of them comes
// after something was done.
struct Meaning {
  std::string_view exception;
  Trouble trouble;
};
constexpr auto meanings = std::to_array<Meaning>({
    {"ProvisionedThroughputExceededException", Trouble::throttled},
    {"ThrottlingException", Trouble::throttled},
    {"RequestLimitExceeded", Trouble::throttled},
    {"LimitExceededException", Trouble::throttled},
    {"TransactionInProgressException", Trouble::throttled},
    {"Throttling", Trouble::throttled},
    {"ThrottledException", Trouble::throttled},
    {"RequestThrottled", Trouble::throttled},
    {"RequestThrottledException", Trouble::throttled},
    {"TooManyRequestsException", Trouble::throttled},
    {"BandwidthLimitExceeded", Trouble::throttled},
    {"PriorRequestNotComplete", Trouble::throttled},
    {"SlowDown", Trouble::throttled},
    {"ServiceUnavailable", Trouble::transient},
    {"ServiceUnavailableException", Trouble::transient},
    {"RequestTimeout", Trouble::transient},
    {"RequestTimeoutException", Trouble::transient},
    {"ReplicatedWriteConflictException", Trouble::transient},
    {"InvalidSignatureException", Trouble::clock},
    {"SignatureDoesNotMatch", Trouble::clock},
    {"AuthFailure", Trouble::clock},
    {"RequestTimeTooSkewed", Trouble::clock},
    {"RequestExpired", Trouble::clock},
    {"RequestInTheFuture", Trouble::clock},
    {"ExpiredTokenException", Trouble::credentials},
    {"ExpiredToken", Trouble::credentials},
    {"UnrecognizedClientException", Trouble::credentials},
});

}  // namespace

Failure failure_of(int status, std::string_view exception) {
  const auto* const found =
      std::find_if(meanings.begin(), meanings.end(),
                   [&](const Meaning& meaning) { return meaning.exception == exception; });
  if (found != meanings.end()) return {.trouble = found->trouble};
  switch (status) {
    case 408:  // the request did not arrive in time
      return {.trouble = Trouble::transient};
    case 429:
      return {.trouble = Trouble::throttled};
    case 500:
    case 502:
    case 503:
    case 504:
      return {.trouble = Trouble::transient, .answer_lost = true};
    default:
      return {.answer_lost = status >= 500};
  }
}

Failure failure_of(const Error& error) {
  Trouble trouble = Trouble::transient;
  if (error.code() == ErrorCode::timed_out) trouble = Trouble::timed_out;
  // What is too large to be taken will be as large again.
  if (error.code() == ErrorCode::limit_exceeded) trouble = Trouble::lasting;
  return {.trouble = trouble, .answer_lost = error.outcome_unknown()};
}

}  // namespace dynakeep::remote
