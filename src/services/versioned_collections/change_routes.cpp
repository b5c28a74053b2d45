#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "http/media_type.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/change_bodies.h"
#include "services/versioned_collections/change_feed.h"
#include "services/versioned_collections/parameters.h"
#include "services/versioned_collections/representation.h"
#include "services/versioned_collections/route.h"

// What changed in a collection since a time, now or as soon as something does.
namespace dynakeep::services::collections {
namespace {

constexpr std::size_t usual_limit = 100;
constexpr std::size_t stream_limit = 1000;
constexpr int wait_seconds_max = 60;

bool wants_events(const Call& call) {
  const auto accept = call.request.headers.find("accept");
  std::string_view rest = accept.value_or("");
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto type = http::parse_media_type(rest.substr(0, comma));
    if (type && type->type == "text/event-stream") return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

Result<std::chrono::seconds> wait_parameter(const Call& call) {
  const auto text = call.query.only("wait");
  if (!text) return std::chrono::seconds(0);
  int seconds = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, failure] = std::from_chars(text->data(), end, seconds);
  if (failure != std::errc() || stopped != end || seconds < 0 || seconds > wait_seconds_max) {
    return Error(ErrorCode::invalid_argument,
                 "The parameter wait is 0 to " + std::to_string(wait_seconds_max) + " seconds");
  }
  return std::chrono::seconds(seconds);
}

// Where a stream begins: behind the event that its client had last, or at `since`.
Result<Millis> stream_since(const Call& call, Millis since) {
  const auto last = call.request.headers.find("last-event-id");
  if (!last || last->empty()) return since;
  Millis id = 0;
  const auto [stopped, failure] = std::from_chars(last->data(), last->data() + last->size(), id);
  if (failure != std::errc() || stopped != last->data() + last->size() || id < 0) {
    return Error(ErrorCode::invalid_argument, "Last-Event-ID is the id of an event");
  }
  return since_of_event(id);
}

http::HttpResponse answer_from(std::shared_ptr<http::BodySource> source, std::string_view type) {
  http::HttpResponse answer{.source = std::move(source)};
  answer.headers.add("Content-Type", type);
  return answer;
}

http::HttpResponse feed_is_full(const Call& call) {
  http::HttpResponse answer = refusal(call, 503, "unavailable", "Too many wait for changes");
  answer.headers.add("Retry-After", "5");
  return answer;
}

http::HttpResponse answer_changes(const Call& call) {
  const auto from = time_parameter(call, "since");
  if (!from) return refusal(call, from.error());
  const auto limit = limit_parameter(call);
  if (!limit) return refusal(call, limit.error());
  const auto wait = wait_parameter(call);
  if (!wait) return refusal(call, wait.error());
  const bool streams = wants_events(call);
  LongPoll poll{.since = from->value_or(0), .limit = limit->value_or(usual_limit), .wait = *wait};
  if (streams) {
    const auto since = stream_since(call, poll.since);
    if (!since) return refusal(call, since.error());
    poll.since = *since;
    poll.limit = stream_limit;
  }
  const View view = call.query.only("view") == "full" ? View::full : View::plain;
  const auto write_entry = [view](std::string& out, const ResourceVersion& entry) {
    append_resource(out, entry, view);
  };

  // First the place and then the reading: what is written between is seen by one of them.
  std::unique_ptr<FeedPlace> place;
  if (streams || poll.wait.count() > 0) {
    place = call.feed.join(call.path);
    if (!place) return feed_is_full(call);
  }
  if (!place) {
    const auto page = read_changes(call.store, call.path, poll.since, poll.limit);
    if (!page) return refusal(call, page.error());
    return json_answer(200, changes_json(*page, poll.since, poll.limit, write_entry));
  }
  const auto page = place->read(poll.since);
  if (!page) return refusal(call, page.error());
  if (streams) {
    return answer_from(event_stream(std::move(place), poll.since, *page, write_entry),
                       "text/event-stream; charset=utf-8");
  }
  auto later = long_poll(std::move(place), poll, *page, write_entry);
  if (later) return answer_from(std::move(later), "application/json; charset=utf-8");
  return json_answer(200, changes_json(**page, poll.since, poll.limit, write_entry));
}

http::HttpResponse changes(Call& call) {
  http::HttpResponse answer = answer_changes(call);
  // The same question has another answer every time.
  if (answer.status == 200) answer.headers.add("Cache-Control", "no-store");
  return answer;
}

constexpr auto rows = std::to_array<Route>({
    {.method = "GET",
     .pattern = "/api/user/{user}/collection/{c}/changes",
     .permission = ApiPermission::read,
     .errors = ErrorForm::json,
     .handle = changes},
});

}  // namespace

std::span<const Route> change_routes() { return rows; }

}  // namespace dynakeep::services::collections
