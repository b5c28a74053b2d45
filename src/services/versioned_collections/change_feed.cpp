#include "services/versioned_collections/change_feed.h"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dynakeep/database.h"

namespace dynakeep::services::collections {

namespace {

using std::chrono::milliseconds;

// Where nobody waits: condition variables take no Instant::max().
constexpr std::chrono::hours long_enough{1};
// What a collection takes to read, so much of it is let pass before it is read again for what
// others wrote.
constexpr int rests_per_reading = 10;
// And this at least, however fast it is written: who writes a hundred entries in a row wakes nobody
// a hundred times.
constexpr milliseconds shortest_rest{20};
// How long those who come get a page that was read before they came. What others wrote is found
// that much later.
constexpr milliseconds shared_for{1000};

void call(const std::vector<std::function<void()>>& wakes) {
  for (const auto& wake : wakes) wake();
}

std::string key_of(const ResourcePath& collection) {
  return collection.application + '\0' + slug(collection.user) + '\0' + slug(collection.collection);
}

}  // namespace

// One collection for which somebody waits, or is about to.
struct ChangeFeed::Topic {
  ResourcePath collection = {};
  std::set<FeedPlace*> places = {};
  std::uint64_t writes = 0;   // that were told
  bool is_asked_for = false;  // to be read as soon as it may be
  Instant not_before = {};    // so that one that is written all the time leaves time for others
  Instant reread_at = {};

  // The last reading, for those who come soon after it.
  struct Recent {
    std::shared_ptr<const ChangePage> page = {};
    Millis since = 0;
    std::uint64_t writes = 0;    // that were told before it
    std::uint64_t position = 0;  // what of it may not be on disk yet: see DeferredDurability
    Instant until = {};
  };
  Recent recent = {};

  bool is_waited_for() const {
    return std::any_of(places.begin(), places.end(),
                       [](const FeedPlace* place) { return place->waits_; });
  }
  Instant due_at() const { return is_asked_for ? not_before : reread_at; }

  // To those whose waiting it ends. `since` is what it was read from.
  void deliver(const std::shared_ptr<const ChangePage>& page, Millis since,
               std::uint64_t written_before, Wakes& wakes);
  void fail(const Error& error, Wakes& wakes);
  void keep(Recent reading) {
    if (reading.page->complete) recent = std::move(reading);
  }
  // Nobody is there, nor would one who comes find anything.
  bool is_over(Instant now) const { return places.empty() && recent.until <= now; }
};

struct ChangeFeed::Shared {
  Shared(Read its_read, ChangeFeedOptions its_options)
      : read(std::move(its_read)), options(std::move(its_options)) {}

  const Read read;
  const ChangeFeedOptions options;
  std::mutex mutex;
  std::condition_variable called;
  std::map<std::string, Topic, std::less<>> topics;
  std::size_t place_count = 0;
  Instant looks_at = Instant::max();  // when the thread looks next; max: it is looking
  bool is_called = false;             // something came that it has not seen
  bool stops = false;

  // Something is due at that moment.
  void expect(Instant moment) {
    if (moment >= looks_at) return;
    is_called = true;
    called.notify_one();
  }
};

class ChangeFeed::Thread {
 public:
  explicit Thread(ChangeFeed& feed)
      : shared_(*feed.shared_), thread_([this, &feed] { run(feed); }) {}
  ~Thread() {
    {
      const std::lock_guard lock(shared_.mutex);
      shared_.stops = true;
      shared_.called.notify_one();
    }
    thread_.join();
  }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

 private:
  void run(ChangeFeed& feed) {
    std::unique_lock lock(shared_.mutex);
    while (!shared_.stops) {
      shared_.is_called = false;
      shared_.looks_at = Instant::max();
      lock.unlock();
      const Instant next = feed.turn();
      lock.lock();
      if (shared_.is_called) continue;
      shared_.looks_at = next;
      shared_.called.wait_until(lock, next, [&] { return shared_.stops || shared_.is_called; });
    }
  }

  Shared& shared_;
  std::thread thread_;
};

std::unique_ptr<ChangeFeed> ChangeFeed::start(Read read, ChangeFeedOptions options) {
  auto feed = std::make_unique<ChangeFeed>(std::move(read), std::move(options));
  feed->thread_ = std::make_unique<Thread>(*feed);
  return feed;
}

ChangeFeed::ChangeFeed(Read read, ChangeFeedOptions options)
    : shared_(std::make_shared<Shared>(std::move(read), std::move(options))) {}

ChangeFeed::~ChangeFeed() {
  thread_.reset();
  Wakes wakes;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stops = true;
    for (auto& [key, topic] : shared_->topics) {
      for (FeedPlace* place : topic.places) place->give({FeedPlace::Came::end}, wakes);
    }
  }
  call(wakes);
}

void ChangeFeed::changed(const ResourcePath& collection) {
  {
    // Mostly nobody waits for anything.
    const std::lock_guard lock(shared_->mutex);
    if (shared_->topics.empty()) return;
  }
  const std::string key = key_of(collection);
  const std::lock_guard lock(shared_->mutex);
  const auto found = shared_->topics.find(key);
  if (found == shared_->topics.end()) return;
  ++found->second.writes;
  found->second.is_asked_for = true;
  shared_->expect(found->second.not_before);
}

std::unique_ptr<FeedPlace> ChangeFeed::join(const ResourcePath& collection) {
  std::string key = key_of(collection);
  const std::lock_guard lock(shared_->mutex);
  if (shared_->stops || shared_->place_count >= shared_->options.places_max) return nullptr;
  auto place = std::unique_ptr<FeedPlace>(new FeedPlace(shared_, key));
  const auto [topic, is_new] = shared_->topics.try_emplace(std::move(key));
  if (is_new) {
    topic->second.collection = collection.collection_path();
    topic->second.reread_at = shared_->options.now() + shared_->options.reread;
  }
  topic->second.places.insert(place.get());
  place->seen_ = topic->second.writes;
  ++shared_->place_count;
  return place;
}

std::size_t ChangeFeed::place_count() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->place_count;
}

ChangeFeed::Instant ChangeFeed::turn() {
  Wakes wakes;
  std::string key;
  {
    const std::lock_guard lock(shared_->mutex);
    const Instant now = shared_->options.now();
    Instant due = Instant::max();
    std::erase_if(shared_->topics, [&](const auto& each) { return each.second.is_over(now); });
    for (auto& [its_key, topic] : shared_->topics) {
      for (FeedPlace* place : topic.places) {
        if (place->waits_ && place->until_ <= now) place->give({FeedPlace::Came::time}, wakes);
      }
      if (topic.is_waited_for() && topic.due_at() <= now && topic.due_at() < due) {
        due = topic.due_at();
        key = its_key;
      }
    }
  }
  call(wakes);
  if (!key.empty()) read(key);
  return next_due();
}

ChangeFeed::Instant ChangeFeed::next_due() const {
  const std::lock_guard lock(shared_->mutex);
  Instant next = shared_->options.now() + long_enough;
  for (const auto& [key, topic] : shared_->topics) {
    if (topic.places.empty()) next = std::min(next, topic.recent.until);
    if (!topic.is_waited_for()) continue;
    next = std::min(next, topic.due_at());
    for (const FeedPlace* place : topic.places) {
      if (place->waits_) next = std::min(next, place->until_);
    }
  }
  return next;
}

// Once for all who wait for the collection, from the earliest `since` among theirs.
void ChangeFeed::read(const std::string& key) {
  ResourcePath collection;
  Millis since = std::numeric_limits<Millis>::max();
  std::uint64_t writes = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    const auto topic = shared_->topics.find(key);
    if (topic == shared_->topics.end()) return;
    collection = topic->second.collection;
    writes = topic->second.writes;
    topic->second.is_asked_for = false;
    for (const FeedPlace* place : topic->second.places) {
      if (place->waits_) since = std::min(since, place->since_);
    }
  }
  const Instant began = shared_->options.now();
  Result<ChangePage> read = shared_->read(collection, since);
  Wakes wakes;
  {
    const std::lock_guard lock(shared_->mutex);
    const Instant ended = shared_->options.now();
    const auto found = shared_->topics.find(key);
    if (found == shared_->topics.end()) return;
    Topic& topic = found->second;
    topic.not_before = ended + std::max<Instant::duration>(ended - began, shortest_rest);
    topic.reread_at = ended + std::max<Instant::duration>(shared_->options.reread,
                                                          (ended - began) * rests_per_reading);
    if (read) {
      auto page = std::make_shared<const ChangePage>(std::move(*read));
      topic.keep({.page = page, .since = since, .writes = writes, .until = ended + shared_for});
      topic.deliver(page, since, writes, wakes);
    } else {
      topic.fail(read.error(), wakes);
    }
  }
  call(wakes);
}

void ChangeFeed::Topic::deliver(const std::shared_ptr<const ChangePage>& page, Millis since,
                                std::uint64_t written_before, Wakes& wakes) {
  for (FeedPlace* place : places) {
    // Who came while it was read may know less than the page begins with.
    if (!place->waits_ || place->since_ < since) continue;
    place->is_behind_ = !page->complete;
    if (page->complete) place->seen_ = written_before;
    if (has_news(*page, place->since_, place->told_)) {
      place->give({FeedPlace::Came::changes, page}, wakes);
    } else {
      place->since_ = std::max(place->since_, page->next);
    }
  }
  // What is behind this page, for those who have waited for that.
  if (!page->complete) is_asked_for = true;
}

void ChangeFeed::Topic::fail(const Error& error, Wakes& wakes) {
  const bool is_no_more = error.code() == ErrorCode::not_found || error.code() == ErrorCode::gone;
  if (!is_no_more) {
    // They wait on: the next reading may do better, and their time ends anyway.
    base::log(LogLevel::warning, "changes could not be read",
              {{"collection", collection.collection}, {"error", error.message()}});
    return;
  }
  for (FeedPlace* place : places) {
    if (place->waits_) place->give({FeedPlace::Came::end}, wakes);
  }
}

// ---- one who waits ----

FeedPlace::~FeedPlace() {
  const std::lock_guard lock(shared_->mutex);
  const auto topic = shared_->topics.find(topic_);
  topic->second.places.erase(this);
  --shared_->place_count;
  // What was read is kept for those who come again, but not of any number of collections.
  const bool keeps = shared_->topics.size() <= shared_->options.places_max && !shared_->stops;
  if (topic->second.is_over(shared_->options.now()) || (topic->second.places.empty() && !keeps)) {
    shared_->topics.erase(topic);
  } else {
    shared_->expect(topic->second.recent.until);
  }
}

Result<std::shared_ptr<const ChangePage>> FeedPlace::read(Millis since) {
  DeferredDurability* const deferred = DeferredDurability::current();
  ResourcePath collection;
  std::uint64_t writes = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    const ChangeFeed::Topic& topic = shared_->topics.find(topic_)->second;
    const auto& recent = topic.recent;
    seen_ = topic.writes;
    const bool may_be_told = recent.position == 0 || deferred != nullptr;
    if (recent.page && may_be_told && recent.since <= since && recent.writes == topic.writes &&
        shared_->options.now() < recent.until) {
      // Whoever is told of it waits for the disk as the first one did.
      if (recent.position != 0) deferred->note(recent.position);
      is_behind_ = false;
      return recent.page;
    }
    collection = topic.collection;
    writes = topic.writes;
  }
  auto page = std::make_shared<const ChangePage>(TRY(shared_->read(collection, since)));
  const std::lock_guard lock(shared_->mutex);
  is_behind_ = !page->complete;
  shared_->topics.find(topic_)->second.keep(
      {.page = page,
       .since = since,
       .writes = writes,
       .position = deferred == nullptr ? 0 : deferred->position(),
       .until = shared_->options.now() + shared_for});
  return std::shared_ptr<const ChangePage>(std::move(page));
}

void FeedPlace::give(News news, ChangeFeed::Wakes& wakes) {
  if (news.came == Came::end) ended_ = true;
  waits_ = false;
  told_.clear();
  news_ = std::move(news);
  if (wake_) wakes.push_back(std::exchange(wake_, nullptr));
}

void FeedPlace::await(Millis since, ToldStates told, std::chrono::milliseconds at_most) {
  const std::lock_guard lock(shared_->mutex);
  if (ended_ || shared_->stops) {
    ended_ = true;
    return;
  }
  ChangeFeed::Topic& topic = shared_->topics.find(topic_)->second;
  waits_ = true;
  since_ = since;
  told_ = std::move(told);
  until_ = shared_->options.now() + at_most;
  // There is more than what it knows, or it was written to since.
  if (is_behind_ || seen_ != topic.writes) topic.is_asked_for = true;
  shared_->expect(std::min(until_, topic.due_at()));
}

FeedPlace::News FeedPlace::take() {
  const std::lock_guard lock(shared_->mutex);
  if (ended_) return {Came::end};
  return std::exchange(news_, {});
}

void FeedPlace::when_news(std::function<void()> wake) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!ended_ && news_.came == Came::nothing) {
      wake_ = std::move(wake);
      return;
    }
  }
  wake();
}

void FeedPlace::finish() {
  const std::lock_guard lock(shared_->mutex);
  ended_ = true;
  waits_ = false;
}

}  // namespace dynakeep::services::collections
