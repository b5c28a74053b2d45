#include "services/versioned_collections/change_feed.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/database.h"
#include "services/versioned_collections/change_bodies.h"

namespace dynakeep::services::collections {
namespace {

using namespace std::chrono_literals;
using Came = FeedPlace::Came;

constexpr Millis start = 1'700'000'000'000;

const ResourcePath posts{"app", "user-1", "posts", {}};
const ResourcePath notes{"app", "user-1", "notes", {}};

void write_id(std::string& out, const ResourceVersion& entry) {
  out += '"' + entry.path.entry + '"';
}

// A feed of collections that are lists of changes, on a clock that stands still. What each reading
// began with is noted.
class Feed : public testing::Test {
 protected:
  void add(const std::string& id, Millis time, const ResourcePath& collection = posts) {
    ResourceVersion entry{.path = collection, .version = time};
    entry.path.entry = id;
    auto& changes = stored_[collection.collection];
    std::erase_if(changes, [&](const auto& each) { return each.entry.path.entry == id; });
    changes.push_back({.time = time, .entry = std::move(entry)});
  }

  Result<ChangePage> read(const ResourcePath& collection, Millis since) {
    readings_.push_back(since);
    now_ += reading_takes_;
    if (while_reading_) std::exchange(while_reading_, nullptr)();
    if (failure_) return *failure_;
    ChangePage page{.next = std::max(since, clock() - 2000), .read_at = clock()};
    for (const auto& change : stored_[collection.collection]) {
      if (change.time <= since) continue;
      if (page.changes.size() == page_changes_max_) {
        page.complete = false;
        page.next = std::max(since, std::min(page.next, page.changes.back().time));
        break;
      }
      page.changes.push_back(change);
    }
    return page;
  }

  Millis clock() const {
    return start + std::chrono::duration_cast<std::chrono::milliseconds>(now_ - began_).count();
  }

  // Turns until nothing is due at this moment.
  void settle() {
    while (feed_.turn() <= now_) {
    }
  }
  void advance(std::chrono::milliseconds by) {
    const auto until = now_ + by;
    while (true) {
      const auto next = feed_.turn();
      if (next > until) break;
      now_ = std::max(now_, next);
    }
    now_ = std::max(now_, until);
  }

  const ChangeFeed::Instant began_{1h};
  ChangeFeed::Instant now_ = began_;
  std::map<std::string, std::vector<ChangePage::Change>> stored_;
  std::vector<Millis> readings_;
  std::chrono::milliseconds reading_takes_{0};
  std::function<void()> while_reading_;
  std::optional<Error> failure_;
  std::size_t page_changes_max_ = 1000;
  ChangeFeed feed_{
      [this](const ResourcePath& collection, Millis since) { return read(collection, since); },
      {.places_max = 3, .now = [this] { return now_; }}};
};

TEST_F(Feed, WhoWaitsIsWokenByAWriteAndGetsThePageThatWasRead) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  int wakes = 0;
  place->when_news([&] { ++wakes; });
  settle();
  EXPECT_EQ(wakes, 0);
  EXPECT_EQ(place->take().came, Came::nothing);

  add("a", start + 5);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(wakes, 1);
  const auto news = place->take();
  ASSERT_EQ(news.came, Came::changes);
  ASSERT_EQ(news.page->changes.size(), 1U);
  EXPECT_EQ(news.page->changes[0].entry.path.entry, "a");
  // The waiting is over with it.
  EXPECT_EQ(place->take().came, Came::nothing);
}

TEST_F(Feed, WritesToOtherCollectionsWakeNobody) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  feed_.changed(notes);
  feed_.changed({"other-app", "user-1", "posts", {}});
  settle();
  EXPECT_TRUE(readings_.empty());
}

TEST_F(Feed, UsersAreTheSameByTheirSlugs) {
  const auto place = feed_.join({"app", "User  One", "posts", {}});
  place->await(start, {}, 30s);
  add("a", start + 5);
  feed_.changed({"app", "User-One", "posts", "some-entry"});
  settle();
  EXPECT_EQ(place->take().came, Came::changes);
}

TEST_F(Feed, WhatOtherProcessesWriteIsFoundAfterAFewSeconds) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  add("a", start + 100);
  advance(2900ms);
  EXPECT_EQ(place->take().came, Came::nothing);
  advance(200ms);
  EXPECT_EQ(place->take().came, Came::changes);
}

TEST_F(Feed, TheTimeOfOneWhoWaitsEnds) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 10s);
  advance(9999ms);
  EXPECT_EQ(place->take().came, Came::nothing);
  advance(1ms);
  settle();
  EXPECT_EQ(place->take().came, Came::time);
}

TEST_F(Feed, WhoeverWaitsForOneCollectionSharesAReading) {
  const auto first = feed_.join(posts);
  const auto second = feed_.join(posts);
  first->await(start + 500, {}, 30s);
  second->await(start, {}, 30s);
  add("a", start + 600);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(readings_, std::vector<Millis>{start});
  EXPECT_EQ(first->take().page, second->take().page);
}

TEST_F(Feed, ACollectionForWhichNobodyWaitsIsNotRead) {
  {
    const auto place = feed_.join(posts);
    feed_.changed(posts);
    advance(10s);
  }
  feed_.changed(posts);
  advance(10s);
  EXPECT_TRUE(readings_.empty());
}

TEST_F(Feed, AWriteBetweenReadingAndWaitingIsNotMissed) {
  const auto place = feed_.join(posts);
  add("a", start + 5);
  feed_.changed(posts);
  place->await(start, {}, 30s);
  settle();
  EXPECT_EQ(place->take().came, Came::changes);
}

TEST_F(Feed, AWriteWhileItIsReadIsReadAfterwards) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  while_reading_ = [&] { feed_.changed(posts); };
  feed_.changed(posts);
  advance(100ms);
  EXPECT_EQ(readings_.size(), 2U);
}

TEST_F(Feed, ACollectionThatIsWrittenAllTheTimeLeavesAsMuchTimeAsItsReadingTakes) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 60s);
  reading_takes_ = 100ms;
  for (int i = 0; i < 100; ++i) {
    feed_.changed(posts);
    advance(10ms);
  }
  EXPECT_LE(readings_.size(), 10U);
  EXPECT_GE(readings_.size(), 5U);
}

TEST_F(Feed, WhatWasToldIsNoNewsUntilItChangesAgain) {
  const auto place = feed_.join(posts);
  add("a", start + 5);
  place->await(start, {{"a", {.tag = {start + 5, false}, .time = start + 5}}}, 30s);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(place->take().came, Came::nothing);
  add("a", start + 6);
  feed_.changed(posts);
  advance(100ms);
  EXPECT_EQ(place->take().came, Came::changes);
}

TEST_F(Feed, AnOlderStateThanWhatWasToldIsNoNews) {
  const auto place = feed_.join(posts);
  add("a", start + 5);
  place->await(start, {{"a", {.tag = {start + 6, false}, .time = start + 6}}}, 30s);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(place->take().came, Came::nothing);
}

TEST_F(Feed, WhatIsBehindAShortPageIsReadForThoseWhoWaitForIt) {
  page_changes_max_ = 2;
  add("a", start + 1);
  add("b", start + 2);
  add("c", start + 3);
  const auto early = feed_.join(posts);
  const auto late = feed_.join(posts);
  early->await(start, {}, 30s);
  late->await(start + 2, {}, 30s);
  feed_.changed(posts);
  advance(100ms);
  EXPECT_EQ(early->take().came, Came::changes);
  const auto news = late->take();
  ASSERT_EQ(news.came, Came::changes);
  EXPECT_EQ(news.page->changes.back().entry.path.entry, "c");
}

TEST_F(Feed, WhoComesSoonAfterAReadingSharesIt) {
  add("a", start - 3000);
  auto first = feed_.join(posts);
  const auto page = first->read(0).value();
  // Also if nobody was there between.
  first.reset();
  const auto second = feed_.join(posts);
  EXPECT_EQ(second->read(start - 4000).value(), page);
  now_ += 1000ms;
  EXPECT_NE(second->read(start - 4000).value(), page);
  EXPECT_EQ(readings_, (std::vector<Millis>{0, start - 4000}));
  // Not whoever wants to know of earlier things.
  EXPECT_NE(second->read(start - 5000).value(), nullptr);
  EXPECT_EQ(readings_.size(), 3U);
}

TEST_F(Feed, WhoSharesAReadingWaitsForTheSameDisk) {
  while_reading_ = [] { DeferredDurability::current()->note(7); };
  const auto place = feed_.join(posts);
  {
    const DeferredDurability deferred;
    EXPECT_NE(place->read(0).value(), nullptr);
    EXPECT_EQ(deferred.position(), 7U);
  }
  {
    const DeferredDurability deferred;
    EXPECT_NE(place->read(0).value(), nullptr);
    EXPECT_EQ(deferred.position(), 7U);
  }
  EXPECT_EQ(readings_.size(), 1U);
  // Who cannot wait later reads, which waits now.
  EXPECT_NE(place->read(0).value(), nullptr);
  EXPECT_EQ(readings_.size(), 2U);
}

TEST_F(Feed, AReadingIsNotSharedAfterAWrite) {
  auto first = feed_.join(posts);
  const auto page = first->read(0).value();
  first.reset();
  add("a", start);
  feed_.changed(posts);
  const auto second = feed_.join(posts);
  EXPECT_EQ(second->read(0).value()->changes.size(), 1U);
}

TEST_F(Feed, AReadingThatDoesNotReachToTheEndIsNotShared) {
  page_changes_max_ = 1;
  add("a", start - 9000);
  add("b", start - 8000);
  const auto place = feed_.join(posts);
  EXPECT_FALSE(place->read(0).value()->complete);
  EXPECT_FALSE(place->read(0).value()->complete);
  EXPECT_EQ(readings_.size(), 2U);
}

TEST_F(Feed, AfterAChangeAllWhoComeAgainAreToldWithOneReading) {
  auto first = feed_.join(posts);
  auto second = feed_.join(posts);
  first->await(start, {}, 30s);
  second->await(start, {}, 30s);
  add("a", start + 1);
  feed_.changed(posts);
  settle();
  for (auto* place : {&first, &second}) {
    EXPECT_EQ((*place)->take().came, Came::changes);
    place->reset();
    *place = feed_.join(posts);
    EXPECT_EQ((*place)->read(start).value()->changes.size(), 1U);
  }
  EXPECT_EQ(readings_.size(), 1U);
}

TEST_F(Feed, WhatWasReadIsNotKeptForLong) {
  std::weak_ptr<const ChangePage> page;
  {
    const auto place = feed_.join(posts);
    page = place->read(0).value();
  }
  settle();
  EXPECT_FALSE(page.expired());
  advance(1001ms);
  settle();
  EXPECT_TRUE(page.expired());
}

TEST_F(Feed, NoMoreMayWaitThanAreAllowed) {
  const auto first = feed_.join(posts);
  const auto second = feed_.join(posts);
  auto third = feed_.join(notes);
  EXPECT_EQ(feed_.join(notes), nullptr);
  third.reset();
  EXPECT_NE(feed_.join(notes), nullptr);
}

TEST_F(Feed, AReadingThatFailsLetsThemWait) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  failure_ = Error(ErrorCode::unavailable, "no");
  add("a", start + 1);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(place->take().came, Came::nothing);
  failure_.reset();
  advance(3100ms);
  EXPECT_EQ(place->take().came, Came::changes);
}

TEST_F(Feed, ACollectionThatIsNoMoreEndsTheWaiting) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  failure_ = Error(ErrorCode::not_found, "no");
  feed_.changed(posts);
  settle();
  EXPECT_EQ(place->take().came, Came::end);
}

TEST_F(Feed, WhoFinishesGetsNothingElse) {
  const auto place = feed_.join(posts);
  place->await(start, {}, 30s);
  place->finish();
  add("a", start + 1);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(place->take().came, Came::end);
  bool woken = false;
  place->when_news([&] { woken = true; });
  EXPECT_TRUE(woken);
}

TEST_F(Feed, PlacesOutliveTheFeedThatEndsTheirWaiting) {
  auto feed = std::make_unique<ChangeFeed>(
      [this](const ResourcePath& collection, Millis since) { return read(collection, since); },
      ChangeFeedOptions{});
  const auto place = feed->join(posts);
  place->await(start, {}, 30s);
  bool woken = false;
  place->when_news([&] { woken = true; });
  feed.reset();
  EXPECT_TRUE(woken);
  EXPECT_EQ(place->take().came, Came::end);
  place->await(start, {}, 30s);
  EXPECT_EQ(place->take().came, Came::end);
}

TEST_F(Feed, ItsThreadWakesThoseWhoWait) {
  add("a", start + 1);
  const auto feed = ChangeFeed::start(
      [this](const ResourcePath& collection, Millis since) { return read(collection, since); }, {});
  const auto place = feed->join(posts);
  place->await(start, {}, 30s);
  std::mutex mutex;
  std::condition_variable woken;
  bool is_woken = false;
  place->when_news([&] {
    const std::lock_guard lock(mutex);
    is_woken = true;
    woken.notify_one();
  });
  feed->changed(posts);
  std::unique_lock lock(mutex);
  EXPECT_TRUE(woken.wait_for(lock, 120s, [&] { return is_woken; }));
  EXPECT_EQ(place->take().came, Came::changes);
}

TEST_F(Feed, ManyComeWaitAndGoWhileOthersWrite) {
  std::mutex mutex;
  Millis written = start;
  const auto feed = ChangeFeed::start(
      [&](const ResourcePath& collection, Millis since) -> Result<ChangePage> {
        const std::lock_guard lock(mutex);
        ChangePage page{.next = since, .read_at = written};
        ResourceVersion entry{.path = collection, .version = written};
        entry.path.entry = "a";
        if (written > since) page.changes.push_back({.time = written, .entry = entry});
        return page;
      },
      {});
  std::atomic<int> told{0};
  std::vector<std::thread> threads;
  for (int client = 0; client < 4; ++client) {
    threads.emplace_back([&, client] {
      Millis since = start;
      while (since < start + 50) {
        const auto place = feed->join(client % 2 == 0 ? posts : notes);
        const auto page = place->read(since).value();
        if (page->changes.empty() || page->changes.back().time <= since) {
          std::mutex waiting;
          std::condition_variable woken;
          bool is_woken = false;
          place->await(since, {}, 20s);
          place->when_news([&] {
            const std::lock_guard lock(waiting);
            is_woken = true;
            woken.notify_one();
          });
          std::unique_lock lock(waiting);
          ASSERT_TRUE(woken.wait_for(lock, 120s, [&] { return is_woken; }));
          const auto news = place->take();
          ASSERT_EQ(news.came, Came::changes);
          since = news.page->changes.back().time;
        } else {
          since = page->changes.back().time;
        }
        ++told;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 50; ++i) {
      {
        const std::lock_guard lock(mutex);
        ++written;
      }
      feed->changed(posts);
      feed->changed(notes);
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(told, 4);
  EXPECT_EQ(feed->place_count(), 0U);
}

// ---- the answers ----

class Answers : public Feed {
 protected:
  std::shared_ptr<http::BodySource> poll(Millis since, std::chrono::milliseconds wait,
                                         std::size_t limit = 100) {
    auto place = feed_.join(posts);
    auto page = place->read(since).value();
    first_page_ = changes_json(*page, since, limit, write_id);
    return long_poll(std::move(place), {.since = since, .limit = limit, .wait = wait},
                     std::move(page), write_id);
  }
  std::shared_ptr<http::BodySource> stream(Millis since) {
    auto place = feed_.join(posts);
    auto page = place->read(since).value();
    return event_stream(std::move(place), since, std::move(page), write_id,
                        {.now = [this] { return now_; }});
  }
  static std::string id_and_data(Millis id, const std::string& data) {
    return "id: " + std::to_string(id) + "\ndata: \"" + data + "\"\n\n";
  }
  // What it has to say now.
  static std::string taken(http::BodySource& source) {
    std::string out;
    while (source.next(out) == http::BodySource::State::more) {
    }
    return out;
  }
  static bool is_asleep(http::BodySource& source) {
    std::string out;
    return source.next(out) == http::BodySource::State::later && out.empty();
  }

  std::string first_page_;
};

TEST_F(Answers, AChangeThatIsThereIsAnsweredAtOnce) {
  add("a", start - 5000);
  EXPECT_EQ(poll(start - 6000, 30s), nullptr);
  EXPECT_EQ(first_page_, R"({"changes":["a"],"next":)" + std::to_string(start - 2000) + "}");
}

TEST_F(Answers, WithoutAChangeTheAnswerWaitsForOne) {
  const auto source = poll(start, 30s);
  ASSERT_NE(source, nullptr);
  EXPECT_TRUE(is_asleep(*source));
  now_ += 5s;
  add("a", start + 5000);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(taken(*source), R"({"changes":["a"],"next":)" + std::to_string(start + 3000) + "}");
}

TEST_F(Answers, WithoutAChangeInItsTimeTheAnswerIsEmpty) {
  const auto source = poll(start, 5s);
  advance(5s);
  settle();
  EXPECT_EQ(taken(*source), R"({"changes":[],"next":)" + std::to_string(start) + "}");
}

TEST_F(Answers, WhoHasTheNewestChangesIsKeptBackAndNotSentInACircle) {
  add("a", start - 100);
  const auto source = poll(start - 2000, 30s);
  ASSERT_NE(source, nullptr);
  EXPECT_TRUE(is_asleep(*source));
  advance(500ms);
  settle();
  EXPECT_EQ(taken(*source), R"({"changes":["a"],"next":)" + std::to_string(start - 2000) + "}");
}

TEST_F(Answers, WhatWasKeptBackGoesOutWithWhatComes) {
  add("a", start - 1990);
  const auto source = poll(start - 2000, 30s);
  now_ += 100ms;
  // Read without news first, by which the place knows that "a" needs no more reading.
  feed_.changed(posts);
  settle();
  EXPECT_TRUE(is_asleep(*source));
  add("b", start + 100);
  feed_.changed(posts);
  advance(50ms);
  EXPECT_EQ(taken(*source).substr(0, 22), R"({"changes":["a","b"],")");
}

TEST_F(Answers, AnEntryOfTheFutureIsAnsweredWhenTheWaitIsOver) {
  add("a", start + 3'600'000);
  const auto source = poll(start, 30s);
  ASSERT_NE(source, nullptr);
  advance(29s);
  EXPECT_TRUE(is_asleep(*source));
  advance(1s);
  settle();
  EXPECT_EQ(taken(*source).substr(0, 15), R"({"changes":["a")");
}

TEST_F(Answers, LimitsKeepThoseOfOneMomentTogether) {
  add("a", start - 9000);
  add("b", start - 8000);
  add("c", start - 8000);
  add("d", start - 7000);
  EXPECT_EQ(poll(0, 30s, 2), nullptr);
  EXPECT_EQ(first_page_,
            R"({"changes":["a","b","c"],"next":)" + std::to_string(start - 8000) + "}");
}

TEST_F(Answers, TheServersEndIsAnAnswerToo) {
  const auto source = poll(start, 30s);
  source->finish();
  EXPECT_EQ(taken(*source), R"({"changes":[],"next":)" + std::to_string(start) + "}");
}

TEST_F(Answers, AStreamBeginsWithWhatIsThereAndGoesOn) {
  add("a", start - 9000);
  const auto source = stream(0);
  EXPECT_EQ(taken(*source), "retry: 2000\n\n" + id_and_data(start - 9000, "a"));
  EXPECT_TRUE(is_asleep(*source));
  now_ += 10ms;
  add("b", start + 10);
  feed_.changed(posts);
  settle();
  EXPECT_EQ(taken(*source), id_and_data(start + 10, "b"));
  // Not again, though `next` cannot be past it.
  feed_.changed(posts);
  advance(100ms);
  EXPECT_TRUE(is_asleep(*source));
  add("b", start + 110);
  feed_.changed(posts);
  advance(100ms);
  EXPECT_EQ(taken(*source), id_and_data(start + 110, "b"));
}

TEST_F(Answers, AStreamGoesOnFromPageToPage) {
  page_changes_max_ = 2;
  for (int i = 0; i < 7; ++i) add(std::to_string(i), start - 9000 + i);
  const auto source = stream(0);
  std::string all = taken(*source);
  // (Long before anything would be read again by itself.)
  for (int turns = 0; turns < 20; ++turns) {
    advance(20ms);
    all += taken(*source);
  }
  std::string expected = "retry: 2000\n\n";
  for (int i = 0; i < 7; ++i) expected += id_and_data(start - 9000 + i, std::to_string(i));
  EXPECT_EQ(all, expected);
}

TEST_F(Answers, TheIdOfAnEventIsNotLaterThanItsReading) {
  add("a", start + 3'600'000);
  const auto source = stream(0);
  EXPECT_EQ(taken(*source), "retry: 2000\n\n" + id_and_data(start, "a"));
}

TEST_F(Answers, AStreamWithoutNewsShowsThatItIsAlive) {
  const auto source = stream(start);
  taken(*source);
  advance(14s);
  EXPECT_TRUE(is_asleep(*source));
  advance(1s);
  settle();
  EXPECT_EQ(taken(*source), ":\n\n");
}

TEST_F(Answers, AStreamEndsAfterAWhileSoThatItsKeyIsLookedAtAgain) {
  const auto source = stream(start);
  std::string out;
  auto state = http::BodySource::State::more;
  for (int i = 0; i < 400 && state != http::BodySource::State::end; ++i) {
    state = source->next(out);
    advance(1s);
  }
  EXPECT_EQ(state, http::BodySource::State::end);
  EXPECT_EQ(now_ - began_ >= 300s && now_ - began_ < 303s, true);
}

TEST_F(Answers, AStreamEndsWithItsServer) {
  const auto source = stream(start);
  taken(*source);
  source->finish();
  std::string out;
  EXPECT_EQ(source->next(out), http::BodySource::State::end);
}

TEST_F(Answers, AStreamIsMadeInParts) {
  for (int i = 0; i < 5000; ++i) add(std::string(100, 'x') + std::to_string(i), start - 9000 + i);
  page_changes_max_ = 5000;
  const auto source = stream(0);
  std::string out;
  std::size_t parts = 1;
  while (source->next(out) == http::BodySource::State::more) {
    ++parts;
    EXPECT_LT(out.size(), 66'000U);
    out.clear();
  }
  EXPECT_GT(parts, 10U);
}

TEST_F(Answers, LineBreaksOfAValueDoNotEndAnEvent) {
  add("a", start - 9000);
  auto place = feed_.join(posts);
  auto page = place->read(0).value();
  const auto source = event_stream(
      std::move(place), 0, page, [](std::string& out, const ResourceVersion&) { out += "{\n\r}"; });
  EXPECT_EQ(taken(*source),
            "retry: 2000\n\nid: " + std::to_string(start - 9000) + "\ndata: {  }\n\n");
}

}  // namespace
}  // namespace dynakeep::services::collections
