#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dynakeep/result.h"
#include "services/versioned_collections/change_page.h"

namespace dynakeep::services::collections {

class FeedPlace;

struct ChangeFeedOptions {
  std::size_t places_max = 1000;
  // How late what other processes wrote is found. A collection that takes long to read is read less
  // often: ten times what it takes lies between.
  std::chrono::milliseconds reread{3'000};
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
};

// Where those wait who want to hear of a collection's changes. One thread reads for all of them:
// when somebody in this process wrote, and every few seconds for what others wrote; however many
// wait for one collection, it is read once. A collection for which nobody waits costs nothing.
// (Those who come again, all at once after a change, share a reading too: FeedPlace::read.)
//
// Thread-safe. Places may outlive it.
class ChangeFeed {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // A page of the collection's changes. May take as long as a store does.
  using Read = std::function<Result<ChangePage>(const ResourcePath& collection, Millis since)>;

  // With a thread of its own; who wants none calls turn().
  static std::unique_ptr<ChangeFeed> start(Read read, ChangeFeedOptions options = {});
  ChangeFeed(Read read, ChangeFeedOptions options);
  // Whoever waits is told that this is the end.
  ~ChangeFeed();
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  // Something was written to that collection's entries.
  void changed(const ResourcePath& collection);

  // A place to wait at. Take it before the first reading, so that nothing is missed between. Null:
  // as many as may are waiting.
  std::unique_ptr<FeedPlace> join(const ResourcePath& collection);

  std::size_t place_count() const;

  // Does what is due, at most one reading, and tells when something will be next. For one thread
  // at a time.
  Instant turn();

 private:
  friend class FeedPlace;
  using Wakes = std::vector<std::function<void()>>;  // to be called without the lock
  struct Topic;
  struct Shared;
  class Thread;

  Instant next_due() const;
  void read(const std::string& key);

  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<Thread> thread_;
};

// One who waits for changes of one collection. Thread-safe; leaves when destroyed.
class FeedPlace {
 public:
  enum class Came : std::uint8_t {
    nothing,  // yet
    changes,  // the page has some later than `since` that were not told
    time,     // it is over
    end,      // no more will come: the server stops, or the collection is there no more
  };
  struct News {
    Came came = Came::nothing;
    std::shared_ptr<const ChangePage> page = {};
  };

  ~FeedPlace();
  FeedPlace(const FeedPlace&) = delete;
  FeedPlace& operator=(const FeedPlace&) = delete;

  // What changed after `since`: read now, or less than a second ago for somebody else, if nobody in
  // this process has told of a write since then.
  Result<std::shared_ptr<const ChangePage>> read(Millis since);
  // Waits from now on, for changes later than `since` and other than those told.
  // Behind a page that read() gave, nothing is missed.
  void await(Millis since, ToldStates told, std::chrono::milliseconds at_most);
  // What came since; with something, the waiting is over.
  News take();
  // Calls `wake` once, as soon as take() has something; maybe at once, maybe from another thread.
  void when_news(std::function<void()> wake);
  // From now on the news is that this is the end.
  void finish();

 private:
  friend class ChangeFeed;
  FeedPlace(std::shared_ptr<ChangeFeed::Shared> shared, std::string topic)
      : shared_(std::move(shared)), topic_(std::move(topic)) {}

  void give(News news, ChangeFeed::Wakes& wakes);

  const std::shared_ptr<ChangeFeed::Shared> shared_;
  const std::string topic_;

  // Guarded by the mutex of shared_.
  bool waits_ = false;
  Millis since_ = 0;
  ToldStates told_;
  ChangeFeed::Instant until_ = {};
  std::uint64_t seen_ = 0;  // the topic's writes that what it knows is not older than
  bool is_behind_ = false;  // the last page did not reach to the end
  News news_;
  bool ended_ = false;
  std::function<void()> wake_;
};

}  // namespace dynakeep::services::collections
