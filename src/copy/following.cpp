#include "copy/following.h"

#include <algorithm>
#include <utility>

#include "dynakeep/pages.h"
#include "stores/support/chance.h"

namespace dynakeep::copying {

using namespace std::chrono_literals;
using replicas::Follower;
using replicas::Portion;

namespace {

constexpr auto idle_poll_max = 1000ms;
constexpr auto discovery_interval = 60s;
constexpr auto pushed_poll = 20s;  // the server tells of records; it is asked in any case
constexpr std::size_t records_max = 1000;
constexpr std::size_t requests_at_once = 8;
constexpr auto save_interval = 1s;
constexpr auto look_every = 50ms;
constexpr auto last_patience = 10s;  // beyond settle, for what was changed before the end
constexpr auto aim_pause = 500ms;

bool shows_new_images(StreamViewType view) {
  return view == StreamViewType::new_image || view == StreamViewType::new_and_old_images;
}

std::string words_of(const StreamGap& gap) {
  return (gap.is_certain ? "records of the source's stream are gone ("
                         : "records of the source's stream may be gone (") +
         std::string(to_text(gap.kind)) + (gap.shard_id.empty() ? "" : " in " + gap.shard_id) + ")";
}

}  // namespace

Following::Following(Database& source, Database& destination, BatchWriter& writer, Options options)
    : source_(source), destination_(destination), writer_(writer), options_(std::move(options)) {
  replicas::FollowerOptions follower{.stream_arn = options_.stream_arn,
                                     .settle = options_.settle,
                                     .idle_poll_max = idle_poll_max,
                                     .discovery_interval = discovery_interval,
                                     .pushed_poll = pushed_poll,
                                     .records_max = records_max};
  follower.surroundings = {.clock = options_.clock,
                           .now = [] { return std::chrono::steady_clock::now(); },
                           .random = [] { return stores::system_random(); },
                           .wake = [this] { wake(); }};
  follower_ = std::make_unique<Follower>(source_, std::move(follower),
                                         [this](const Portion& portion) { return take(portion); });
}

Result<StreamProgress> Following::begin(const std::optional<std::string>& behind) {
  return behind ? follower_->begin_behind(*behind) : follower_->begin_at_tip();
}

void Following::resume(StreamProgress progress) { follower_->resume(std::move(progress)); }

std::optional<std::string> Following::loss() const {
  if (const auto& gap = follower_->gap()) return words_of(*gap);
  if (follower_->is_over()) return "the source's stream was switched off";
  return std::nullopt;
}

// ---- running ----

void Following::wake() {
  {
    const std::scoped_lock lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

Result<Following::Aim> Following::aim() const {
  Aim aim{.time = time()};
  if (!source_.capabilities().positions) return aim;
  auto read = TRY(source_.scan({.table_name = options_.table,
                                .select = Select::count,
                                .limit = 1,
                                .consistent_read = true,
                                .want_stream_point = true}));
  if (read.stream_point && read.stream_point->stream_arn == options_.stream_arn) {
    aim.position = std::move(read.stream_point->position);
  }
  return aim;
}

bool Following::reaches(const Aim& aim) const {
  if (aim.position) {
    return position_ && compare_sequence_numbers(*position_, *aim.position) >= 0;
  }
  // A shard that no listing has shown yet would be missing in what is complete.
  return complete_until_ >= aim.time && listed_at_ >= aim.time + options_.settle;
}

void Following::note_reach() {
  bool list = false;
  {
    const std::scoped_lock lock(mutex_);
    complete_until_ = follower_->complete_until();
    fresh_until_ = std::max(fresh_until_, follower_->fresh_until());
    listed_at_ = follower_->listed_at();
    position_ = follower_->position();
    figures_.records = follower_->records();
    figures_.errors = follower_->errors();
    figures_.last_error = follower_->last_error();
    if (wanted_listing_ && listed_at_ >= *wanted_listing_) wanted_listing_.reset();
    list = wanted_listing_ && time() >= *wanted_listing_;
  }
  changed_.notify_all();
  if (list) follower_->list_soon();
}

Result<FollowSummary> Following::run(const std::stop_token& stop, FollowUntil until) {
  const std::stop_callback wake_up(stop, [this] { wake(); });
  follower_->let_wait(true);
  {
    const std::scoped_lock lock(mutex_);
    is_running_ = true;
  }
  std::optional<Aim> aimed;  // at the beginning, and again at the end
  Moment aim_due = std::chrono::steady_clock::now();
  std::optional<Moment> give_up;  // told to stop, it still applies what was changed before
  FollowSummary summary;
  const auto is_there = [&] {
    const std::scoped_lock lock(mutex_);
    if (!aimed || !reaches(*aimed)) return false;
    summary.current_until = std::max(summary.current_until.value_or(Time::min()), aimed->time);
    figures_.is_current = true;
    return true;
  };
  const auto ended = [&]() -> Result<void> {
    while (true) {
      const Moment now = std::chrono::steady_clock::now();
      if (stop.stop_requested() && !give_up) {
        aimed.reset();
        aim_due = now;
        give_up = now + options_.settle + last_patience;
      }
      if (!aimed && now >= aim_due) {
        if (auto next = aim()) {
          aimed = std::move(*next);
          const std::scoped_lock lock(mutex_);
          if (!aimed->position) wanted_listing_ = aimed->time + options_.settle;
        } else {
          aim_due = now + aim_pause;
        }
      }
      {
        const std::scoped_lock lock(mutex_);
        is_woken_ = false;
        if (ended_by_) return *ended_by_;
      }
      const Moment next = follower_->step();
      note_reach();
      if (fatal_) return *fatal_;
      if (auto lost = loss()) {
        summary.ending = FollowEnding::lost;
        summary.loss = std::move(*lost);
        return {};
      }
      if (is_there() && (give_up || until == FollowUntil::current)) {
        summary.ending = give_up ? FollowEnding::stopped : FollowEnding::current;
        return {};
      }
      if (give_up && now >= *give_up) return {};
      if (next > now) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(next - now, look_every),
                          [&] { return is_woken_; });
      }
      if (now - saved_ >= save_interval) {
        if (const auto flushed = flush(); !flushed && fatal_) return *fatal_;
      }
    }
  }();
  follower_->let_wait(false);
  summary.records = follower_->records();
  // What is applied and not kept is applied again; a failure here loses nothing.
  const auto flushed = flush();
  {
    const std::scoped_lock lock(mutex_);
    is_running_ = false;
  }
  changed_.notify_all();
  TRY(ended);
  if (!flushed && fatal_) return *fatal_;
  return summary;
}

void Following::end(Error error) {
  {
    const std::scoped_lock lock(mutex_);
    ended_by_ = std::move(error);
  }
  wake();
}

FollowFigures Following::figures() const {
  const std::scoped_lock lock(mutex_);
  FollowFigures figures = figures_;
  if (fresh_until_ > Time::min()) {
    figures.lag = std::max(0ms, std::chrono::duration_cast<std::chrono::milliseconds>(
                                    options_.clock->now() - fresh_until_));
  }
  return figures;
}

// ---- applying ----

Result<void> Following::take(const Portion& portion) {
  if (!portion.records.empty()) {
    const std::scoped_lock lock(applying_);
    if (const auto applied = apply(portion.records); !applied) {
      if (!may_pass(applied.error())) fatal_ = applied.error();
      return applied;
    }
  }
  bool is_of_the_order = !portion.progress.forgotten.empty();
  for (const ShardProgress& row : portion.progress.rows) {
    // What shards follow each other is to be known before a child is read.
    is_of_the_order = is_of_the_order || portion.records.empty();
    unsaved_.rows.insert_or_assign(row.shard_id, row);
  }
  for (const std::string& id : portion.progress.forgotten) {
    unsaved_.rows.erase(id);
    unsaved_.forgotten.push_back(id);
  }
  return is_of_the_order ? flush() : Result<void>();
}

Result<void> Following::flush() {
  saved_ = std::chrono::steady_clock::now();
  if (unsaved_.rows.empty() && unsaved_.forgotten.empty()) return {};
  if (const auto saved = options_.save(unsaved_); !saved) {
    if (!may_pass(saved.error())) fatal_ = saved.error();
    return saved;
  }
  unsaved_ = {};
  return {};
}

Result<void> Following::apply(std::span<const ChangeRecord> records) {
  std::vector<const ChangeRecord*> last;
  std::map<std::string, std::size_t> places;
  for (const ChangeRecord& record : records) {
    std::string text = options_.keys.text_of(record.dynamodb.keys);
    if (text.empty()) return Error(ErrorCode::malformed_item, "A record came without its key");
    const auto [place, is_new] = places.emplace(std::move(text), last.size());
    if (is_new) {
      last.push_back(&record);
    } else {
      last[place->second] = &record;
    }
  }
  std::vector<WriteRequest> writes(last.size());
  std::vector<std::size_t> unseen;  // those whose records have no image
  std::vector<Key> keys;            // of these
  for (std::size_t i = 0; i < last.size(); ++i) {
    const StreamRecord& record = last[i]->dynamodb;
    if (record.new_image) {
      writes[i].put = *record.new_image;
      continue;
    }
    writes[i].remove = record.keys;
    if (last[i]->event_name == "REMOVE" && shows_new_images(record.stream_view_type)) continue;
    unseen.push_back(i);
    keys.push_back(record.keys);
  }
  TRY(refresh(writes, unseen, keys));
  TRY(writer_.write(std::move(writes), requests_at_once, {}));
  if (tell_) {
    for (const auto& [text, place] : places) tell_(text);
  }
  return {};
}

// Where the stream does not show what items became, they are read: what is read is no older than
// the record, and what comes later has a record of its own. Removed ones too: what was read for an
// earlier record may be newer than the removal, and is not to go and come back.
Result<void> Following::refresh(std::vector<WriteRequest>& writes,
                                const std::vector<std::size_t>& unseen,
                                const std::vector<Key>& keys) {
  if (unseen.empty()) return {};
  auto items = TRY(get_items(source_, options_.table, keys, {.consistent_read = true}));
  for (std::size_t i = 0; i < unseen.size(); ++i) {
    if (!items[i]) continue;
    writes[unseen[i]] = {.put = std::move(items[i])};
  }
  return {};
}

// ---- comparing ----

void Following::on_applied(std::function<void(const std::string&)> tell) {
  const std::scoped_lock lock(applying_);
  tell_ = std::move(tell);
}

Result<bool> Following::wait_applied(const std::stop_token& stop) {
  const Aim aimed = TRY(aim());
  std::unique_lock lock(mutex_);
  if (!aimed.position) wanted_listing_ = aimed.time + options_.settle;
  while (!stop.stop_requested() && is_running_) {
    if (reaches(aimed)) return true;
    changed_.wait_for(lock, look_every);
  }
  return false;
}

Result<void> Following::exclusively(const std::function<Result<void>()>& work) {
  const std::scoped_lock lock(applying_);
  return work();
}

}  // namespace dynakeep::copying
