#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "base/pacing.h"
#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "http/message.h"
#include "transport/transport.h"

namespace dynakeep::remote {

// What sources of credentials reach out with. Thread-safe as its parts are; they must outlive it.
struct Reach {
  transport::Transport&
      direct;  // to this machine and its neighbours: no proxy knows those addresses
  transport::Transport& outside;  // to STS
  const Clock& clock;
  std::chrono::milliseconds timeout;  // for each source, with all its requests
  base::Pacing& pacing;

  transport::Deadline deadline() const { return pacing.now() + timeout; }
};

// Whom to ask, and how long.
struct Whom {
  transport::Transport& transport;
  const transport::Origin& origin;
  std::string_view name;  // for the line that says what went wrong
  transport::Deadline deadline;
  unsigned attempts_max = 3;
};

// Whether an answer says to come again; beside it, status 429 and 500 and above do.
using IsBusy = std::function<bool(const http::HttpResponse& response)>;

// Sends the request, with its Host, and again after a short pause when nobody is there, the
// connection is lost or the answer says to come again: asking for credentials twice does no harm.
// The answer, whatever its status, even if it still says to come again at the end. unavailable and
// timed_out as the transport says, also for an answer that is far too long.
Result<http::HttpResponse> ask(const Whom& whom, http::HttpRequest request, const Reach& reach,
                               const IsBusy& is_busy = {});

// What an answer that is not 200 means: access_denied, or unavailable for 429 and 500 and above.
Error refusal(const Whom& whom, const http::HttpResponse& response, std::string_view detail = {});

}  // namespace dynakeep::remote
