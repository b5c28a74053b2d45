#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"
#include "services/versioned_collections/change_feed.h"

// The two forms in which changes go out: an answer that may wait for the first of them, and a
// stream of events that goes on.
namespace dynakeep::services::collections {

// Appends an entry's representation, as JSON.
using WriteEntry = std::function<void(std::string& out, const ResourceVersion& entry)>;

// {"changes": […], "next": …}: those of the page later than `since`, at most `limit` but for those
// of one moment.
std::string changes_json(const ChangePage& page, Millis since, std::size_t limit,
                         const WriteEntry& write_entry);

struct LongPoll {
  Millis since = 0;
  std::size_t limit = 100;
  std::chrono::milliseconds wait{0};
};

// The answer that waits, or null if the page, which the place gave, is the answer. A page of which
// all is so new that `next` cannot go past it is kept back for half a second, or until there is
// more: who has that already would ask in a circle. What claims to be of the future is kept back
// for all of `wait`.
std::shared_ptr<http::BodySource> long_poll(std::unique_ptr<FeedPlace> place,
                                            const LongPoll& request,
                                            std::shared_ptr<const ChangePage> page,
                                            WriteEntry write_entry);

struct EventStreamOptions {
  std::chrono::milliseconds heartbeat{15'000};  // a comment, if there was nothing else
  // Then the stream ends and its client comes again, with the key that is good then.
  std::chrono::milliseconds lasts{300'000};
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

// The changes of the page and all that follow, as server-sent events. The `id` of each is the time
// of the change, but no later than when it was read.
std::shared_ptr<http::BodySource> event_stream(std::unique_ptr<FeedPlace> place, Millis since,
                                               std::shared_ptr<const ChangePage> page,
                                               WriteEntry write_entry,
                                               EventStreamOptions options = {});

// From what time on a client that was told of this event id has to be told again.
Millis since_of_event(Millis id);

}  // namespace dynakeep::services::collections
