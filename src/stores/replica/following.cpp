#include <algorithm>
#include <map>
#include <utility>

#include "stores/replica/copying.h"

namespace dynakeep {

using replicas::Change;
using replicas::Follower;
using replicas::Portion;

namespace {

// The server tells of records; it is asked in any case.
constexpr std::chrono::milliseconds pushed_poll{20'000};

}  // namespace

std::unique_ptr<Follower> Replica::Copying::make_follower() {
  if (follower_) records_before_ += follower_->records();
  follower_errors_ = 0;
  replicas::FollowerOptions options{.stream_arn = stream_arn_,
                                    .settle = options_.settle,
                                    .idle_poll_max = options_.idle_poll_max,
                                    .discovery_interval = options_.discovery_interval,
                                    .pushed_poll = pushed_poll,
                                    .records_max = copy_->records_max(),
                                    .surroundings = surroundings_};
  auto follower = std::make_unique<Follower>(
      source_, std::move(options), [this](const Portion& portion) { return take(portion); });
  follower->let_wait(is_run_);
  return follower;
}

std::optional<Replica::Moment> Replica::Copying::follow() {
  const Moment next = follower_->step();
  note_reach();
  if (const auto& gap = follower_->gap()) {
    {
      const std::lock_guard lock(mutex_);
      ++figures_.gaps;
    }
    if (options_.on_gap) options_.on_gap(*gap);
    begin_anew(is_bootstrap_);
    return std::nullopt;
  }
  if (follower_->is_over()) {
    due_ = now();
    verification_.reset();
    set_phase(Phase::no_stream);
    return std::nullopt;
  }
  return next;
}

std::optional<Replica::Moment> Replica::Copying::reaches(Time until) {
  if (follower_->complete_until() < until) {
    // One who is told of records would else be in no hurry to ask whether there are any.
    if (has_positions_) follower_->hint();
    return now() + options_.idle_poll_max;
  }
  if (has_positions_) return std::nullopt;
  // A shard that no listing has shown yet would be missing in that.
  const Time listed = until + options_.settle;
  if (follower_->listed_at() >= listed) return std::nullopt;
  if (time() < listed) return now() + (listed - time());
  follower_->list_soon();
  return now();
}

Replica::Moment Replica::Copying::live() {
  const auto followed = follow();
  if (!followed) return now();
  const auto verifying = verify_on();
  return verifying ? std::min(*verifying, *followed) : *followed;
}

Result<std::optional<Item>> Replica::Copying::transformed(Item item, const std::string& text) {
  if (!options_.transform) return std::optional(std::move(item));
  auto made = options_.transform(std::move(item));
  if (made && keys_.text_of(*made) != text) {
    fail(Error(ErrorCode::invalid_argument, "transform must leave the key attributes as they are"));
    return *error();
  }
  return made;
}

Result<void> Replica::Copying::store(std::vector<Change> read) {
  auto stored = copy_->store(std::move(read), tell());
  if (!stored) copy_failed(stored.error());
  return stored;
}

// Of several records of one item the last one counts: it says what the item is.
Result<void> Replica::Copying::take(const Portion& portion) {
  std::vector<Change> changes;
  std::vector<std::size_t> unseen;  // those whose records have no image
  std::map<std::string, std::size_t> places;
  std::vector<const ChangeRecord*> last;
  for (const ChangeRecord& record : portion.records) {
    std::string text = keys_.text_of(record.dynamodb.keys);
    if (text.empty()) {
      const Error error = Error::internal("A record came without its key");
      fail(error);
      return error;
    }
    const auto [place, is_new] = places.emplace(text, last.size());
    if (is_new) {
      last.push_back(&record);
      changes.push_back({.key = record.dynamodb.keys, .text = std::move(text)});
    } else {
      last[place->second] = &record;
    }
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const StreamRecord& record = last[i]->dynamodb;
    if (has_positions_ && is_bootstrap_) {
      changes[i].position = std::make_shared<const std::string>(record.sequence_number);
    }
    const bool shows_new = record.stream_view_type == StreamViewType::new_image ||
                           record.stream_view_type == StreamViewType::new_and_old_images;
    if (last[i]->event_name == "REMOVE" && shows_new) continue;
    if (!record.new_image) {
      unseen.push_back(i);
      continue;
    }
    changes[i].item = TRY(transformed(*record.new_image, changes[i].text));
  }
  TRY(refresh(changes, unseen));
  if (verification_) {
    for (const Change& change : changes) verification_->suspects.erase(change.text);
  }
  auto applied = copy_->apply(std::move(changes), portion.progress, tell());
  if (!applied) copy_failed(applied.error());
  return applied;
}

// Where the stream does not show what items became, they are read: what is read is no older than
// the record, and what comes later has a record of its own. Removed ones too: what was read for an
// earlier record may be newer than the removal, and is not to go and come back.
Result<void> Replica::Copying::refresh(std::vector<Change>& changes,
                                       const std::vector<std::size_t>& wanted) {
  if (wanted.empty()) return {};
  std::vector<Key> keys;
  for (const std::size_t place : wanted) keys.push_back(changes[place].key);
  auto items = TRY(get_items(source_, options_.table_name, keys, {.consistent_read = true}));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!items[i]) continue;
    Change& change = changes[wanted[i]];
    change.item = TRY(transformed(std::move(*items[i]), change.text));
  }
  const std::lock_guard lock(mutex_);
  figures_.refreshed += wanted.size();
  return {};
}

void Replica::Copying::note_reach() {
  {
    const std::lock_guard lock(mutex_);
    // While the table is read anew, what is shown is still what was read before.
    if (!is_bootstrap_) {
      fresh_until_ = std::max(fresh_until_, follower_->fresh_until());
      position_ = follower_->position();
    }
    figures_.records = records_before_ + follower_->records();
    if (const auto errors = follower_->errors(); errors > follower_errors_) {
      figures_.errors += errors - follower_errors_;
      figures_.last_error = follower_->last_error();
      follower_errors_ = errors;
    }
  }
  changed_.notify_all();
}

}  // namespace dynakeep
