#include "services/versioned_collections/change_bodies.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace dynakeep::services::collections {
namespace {

using std::chrono::milliseconds;
using State = http::BodySource::State;

constexpr Millis lag = 2000;  // of ChangePage::next behind the clock
constexpr milliseconds kept_back{500};
constexpr std::size_t part_bytes = std::size_t{64} << 10;

void tell(ToldStates& told, const ChangePage::Change& change) {
  told[change.entry.path.entry] = {.tag = change.entry.tag(), .time = change.time};
}

// What came, and of what was kept back that which is still so.
ChangePage joined(const ChangePage& kept, const ChangePage& page) {
  ChangePage both = page;
  for (const auto& change : kept.changes) {
    const bool is_in_page = std::any_of(
        page.changes.begin(), page.changes.end(),
        [&](const auto& other) { return other.entry.path.entry == change.entry.path.entry; });
    if (!is_in_page) both.changes.push_back(change);
  }
  std::stable_sort(both.changes.begin(), both.changes.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  return both;
}

// An answer that comes with the first change, or when the time is over.
class LongPollBody final : public http::BodySource {
 public:
  LongPollBody(std::unique_ptr<FeedPlace> place, const LongPoll& request,
               std::shared_ptr<const ChangePage> page, WriteEntry write_entry)
      : place_(std::move(place)),
        request_(request),
        first_(std::move(page)),
        write_entry_(std::move(write_entry)) {}

  State next(std::string& out) override {
    const FeedPlace::News news = place_->take();
    switch (news.came) {
      case FeedPlace::Came::nothing:
        return State::later;
      case FeedPlace::Came::changes:
        out +=
            changes_json(joined(*first_, *news.page), request_.since, request_.limit, write_entry_);
        return State::end;
      case FeedPlace::Came::time:
      case FeedPlace::Came::end:
        break;
    }
    out += changes_json(*first_, request_.since, request_.limit, write_entry_);
    return State::end;
  }

  void when_ready(std::function<void()> wake) override { place_->when_news(std::move(wake)); }
  void finish() override { place_->finish(); }

 private:
  const std::unique_ptr<FeedPlace> place_;
  const LongPoll request_;
  const std::shared_ptr<const ChangePage> first_;  // the answer if nothing comes
  const WriteEntry write_entry_;
};

class EventStreamBody final : public http::BodySource {
 public:
  EventStreamBody(std::unique_ptr<FeedPlace> place, Millis since,
                  std::shared_ptr<const ChangePage> page, WriteEntry write_entry,
                  EventStreamOptions options)
      : place_(std::move(place)),
        write_entry_(std::move(write_entry)),
        options_(std::move(options)),
        ends_at_(options_.now() + options_.lasts),
        since_(since),
        page_(std::move(page)) {}

  State next(std::string& out) override {
    // Something at once: a client knows by it that the stream is open.
    if (!std::exchange(is_open_, true)) out += "retry: 2000\n\n";
    while (true) {
      if (page_) {
        put_changes(out);
        if (page_) return State::more;
      }
      const FeedPlace::News news = place_->take();
      switch (news.came) {
        case FeedPlace::Came::nothing:
          return State::later;
        case FeedPlace::Came::changes:
          page_ = news.page;
          break;
        case FeedPlace::Came::time:
          if (options_.now() >= ends_at_) return State::end;
          // Without it neither side would notice that the other is gone.
          out += ":\n\n";
          await();
          break;
        case FeedPlace::Came::end:
          return State::end;
      }
    }
  }

  void when_ready(std::function<void()> wake) override { place_->when_news(std::move(wake)); }
  void finish() override { place_->finish(); }

 private:
  // Of the page what one part takes; behind its last change the page is put down.
  void put_changes(std::string& out) {
    for (; at_ < page_->changes.size(); ++at_) {
      if (out.size() >= part_bytes) return;
      const ChangePage::Change& change = page_->changes[at_];
      if (!is_news(change, since_, told_)) continue;
      put_event(out, change);
      tell(told_, change);
    }
    since_ = std::max(since_, page_->next);
    // What is older than that is not asked for again.
    std::erase_if(told_, [&](const auto& each) { return each.second.time <= since_; });
    page_.reset();
    at_ = 0;
    await();
  }

  void put_event(std::string& out, const ChangePage::Change& change) const {
    out += "id: " + std::to_string(std::min(change.time, page_->read_at)) + "\ndata: ";
    const std::size_t start = out.size();
    write_entry_(out, change.entry);
    // A value is as it was stored, white space included; a new line would end the event.
    std::replace_if(
        out.begin() + static_cast<std::ptrdiff_t>(start), out.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out += "\n\n";
  }

  void await() {
    const auto left = std::chrono::ceil<milliseconds>(ends_at_ - options_.now());
    place_->await(since_, told_, std::clamp(left, milliseconds(0), options_.heartbeat));
  }

  const std::unique_ptr<FeedPlace> place_;
  const WriteEntry write_entry_;
  const EventStreamOptions options_;
  const std::chrono::steady_clock::time_point ends_at_;
  bool is_open_ = false;
  Millis since_;
  ToldStates told_;                         // later than since_
  std::shared_ptr<const ChangePage> page_;  // being sent
  std::size_t at_ = 0;
};

}  // namespace

std::string changes_json(const ChangePage& page, Millis since, std::size_t limit,
                         const WriteEntry& write_entry) {
  std::string out = R"({"changes":[)";
  std::size_t count = 0;
  Millis last = since;
  Millis next = std::max(since, page.next);
  for (const auto& change : page.changes) {
    if (change.time <= since) continue;
    if (count >= limit && change.time != last) {
      next = std::max(since, std::min(page.next, last));
      break;
    }
    if (count++ > 0) out += ',';
    last = change.time;
    write_entry(out, change.entry);
  }
  return out += R"(],"next":)" + std::to_string(next) + "}";
}

std::shared_ptr<http::BodySource> long_poll(std::unique_ptr<FeedPlace> place,
                                            const LongPoll& request,
                                            std::shared_ptr<const ChangePage> page,
                                            WriteEntry write_entry) {
  const Millis settled = page->read_at - lag;
  Millis oldest = std::numeric_limits<Millis>::max();
  ToldStates told;
  for (const auto& change : page->changes) {
    if (change.time <= request.since) continue;
    oldest = std::min(oldest, change.time);
    tell(told, change);
  }
  if (request.wait == milliseconds(0) || oldest <= settled) return nullptr;
  const bool is_of_now = oldest <= page->read_at;
  place->await(request.since, std::move(told),
               is_of_now ? std::min(request.wait, kept_back) : request.wait);
  return std::make_shared<LongPollBody>(std::move(place), request, std::move(page),
                                        std::move(write_entry));
}

std::shared_ptr<http::BodySource> event_stream(std::unique_ptr<FeedPlace> place, Millis since,
                                               std::shared_ptr<const ChangePage> page,
                                               WriteEntry write_entry, EventStreamOptions options) {
  return std::make_shared<EventStreamBody>(std::move(place), since, std::move(page),
                                           std::move(write_entry), std::move(options));
}

Millis since_of_event(Millis id) { return std::max<Millis>(0, id - lag); }

}  // namespace dynakeep::services::collections
