#pragma once

#include <string_view>

#include "dynakeep/error.h"
#include "transport/attempts.h"

// What a failed attempt means: whether it is worth another (transport/attempts.h has how long to
// wait for that). Whether a write may be done twice is another question: repeats.h.
namespace dynakeep::remote {

using transport::Attempts;
using transport::RetryBudget;
using transport::RetryOptions;
using transport::Trouble;

struct Failure {
  Trouble trouble = Trouble::lasting;
  // The request may have been carried out: its answer was lost, or is a fault of the service that
  // does not say. Not after a refusal, such as throttling, which comes before anything is done.
  bool answer_lost = false;

  friend bool operator==(const Failure&, const Failure&) = default;
};

// Of an answer with a status other than 200. `exception` is the name in it; empty if it has none,
// as from a proxy. A status of 500 or above is taken for a lost answer unless the exception's name
// says that nothing was done: a proxy may answer 502, 503 or 504 for a request that went through.
Failure failure_of(int status, std::string_view exception);

// Of a request that got no answer; `error` is the transport's.
Failure failure_of(const Error& error);

}  // namespace dynakeep::remote
