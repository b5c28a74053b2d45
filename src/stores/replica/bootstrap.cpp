#include <algorithm>
#include <utility>

#include "stores/replica/copying.h"
#include "stores/support/at_once.h"

// Reading the table, and joining what was read with what changed meanwhile.
//
// Changes are applied between two pages, as they come, so that however long the reading takes they
// are neither collected nor lost. A page is stored before any record is applied that was read after
// it was asked for. So what a page says of an item is never older than the records applied before,
// and records that are older than it are followed by the others of the item: whichever comes first,
// the last one wins. A page of a snapshot is of the moment of that: while there is one, which is 15
// minutes at most, changes stay in the stream.
namespace dynakeep {

using namespace std::chrono_literals;
using replicas::Change;
using replicas::Follower;

namespace {

constexpr auto stream_look = 60s;  // whether a table has a stream again
constexpr unsigned bootstraps_max = 2;
constexpr int pieces_to_a_page = 16;

}  // namespace

void Replica::Copying::begin_anew(bool has_failed) {
  verification_.reset();
  if (has_failed) ++bootstraps_failed_;
  if (bootstraps_failed_ >= bootstraps_max) {
    return fail(Error(ErrorCode::timed_out,
                      "The table " + options_.table_name +
                          " cannot be read within the time that its stream keeps changes"));
  }
  failures_ = 0;
  due_ = now();
  set_phase(Phase::bookmark);
}

Replica::Moment Replica::Copying::load() {
  auto loaded = copy_->load();
  if (!loaded) {
    copy_failed(loaded.error());
    return due_ = retry(failures_);
  }
  failures_ = 0;
  const bool is_same = loaded->stream_arn == stream_arn_;
  {
    const std::lock_guard lock(mutex_);
    was_live_ = loaded->is_complete;
  }
  if (!loaded->is_complete || !is_same) {
    begin_anew(false);
    return now();
  }
  follower_ = make_follower();
  follower_->resume(std::move(loaded->stream));
  is_bootstrap_ = false;
  has_positions_ = source_.capabilities().positions;
  read_until_ = time();
  set_phase(Phase::catch_up);
  return now();
}

Replica::Moment Replica::Copying::look_for_stream() {
  due_ = now() + stream_look;
  const auto table = source_.describe_table({.table_name = options_.table_name});
  if (!table) {
    failed(table.error());
    return due_;
  }
  const auto& specification = table->table.stream_specification;
  if (!specification || specification->stream_enabled != true || !table->table.latest_stream_arn) {
    return due_;
  }
  stream_arn_ = *table->table.latest_stream_arn;
  bootstraps_failed_ = 0;
  begin_anew(false);
  return now();
}

Replica::Moment Replica::Copying::bookmark() {
  if (now() < due_) return due_;
  const auto begun = begin();
  if (!begun) {
    if (begun.error().code() == ErrorCode::resource_not_found) {
      // The stream is gone, or the table.
      set_phase(Phase::no_stream);
      return due_ = now() + 1s;
    }
    return due_ = retry(failures_);
  }
  failures_ = 0;
  set_phase(Phase::scan);
  return now();
}

Result<void> Replica::Copying::begin() {
  follower_ = make_follower();
  auto progress = begin_following();
  if (!progress) {
    failed(progress.error());
    return progress.error();
  }
  replicas::ProgressChange rows;
  for (const auto& [id, row] : progress->shards) rows.rows.push_back(row);
  auto begun = copy_->begin({.stream_arn = stream_arn_, .stream = std::move(*progress)});
  if (begun) begun = copy_->apply({}, rows, {});
  if (!begun) {
    copy_failed(begun.error());
    return Error(ErrorCode::unavailable, begun.error().message());
  }
  is_bootstrap_ = true;
  segments_.assign(options_.scan_segments, Segment{.due = now()});
  page_due_ = now();
  swept_.reset();
  const std::lock_guard lock(mutex_);
  ++figures_.bootstraps;
  return {};
}

// Where the table stands.
Result<std::optional<StreamPoint>> Replica::Copying::now_at() {
  return TRY(source_.scan({.table_name = options_.table_name,
                           .select = Select::count,
                           .limit = 1,
                           .consistent_read = true,
                           .want_stream_point = true}))
      .stream_point;
}

// Where the server tells what its answers reflect, changes are followed from there on, and none of
// them is in what was read. (A snapshot lasts 15 minutes: pages after that are each of a moment of
// their own.) Elsewhere bookmarks are put before anything is read.
Result<StreamProgress> Replica::Copying::begin_following() {
  snapshot_.reset();
  read_position_.clear();
  has_positions_ = source_.capabilities().positions;
  if (!has_positions_) return follower_->begin_at_tip();
  std::optional<StreamPoint> point;
  if (source_.capabilities().snapshots && options_.use_snapshot) {
    auto snapshot = Snapshot::begin(source_, options_.table_name);
    if (snapshot) {
      snapshot_.emplace(std::move(*snapshot));
      point = snapshot_->point();
    }
  }
  if (!point) {
    snapshot_.reset();
    point = TRY(now_at());
  }
  if (!point || point->stream_arn != stream_arn_) {
    return Error::resource_not_found("The stream " + stream_arn_ + " is not the table's any more");
  }
  read_position_ = point->position;
  return follower_->begin_behind(read_position_);
}

Replica::Moment Replica::Copying::scan() {
  Moment next = now();
  // More than one piece of following to a page, or changes that come fast would wait for the end.
  for (int piece = 0; !snapshot_ && piece < pieces_to_a_page && next <= now(); ++piece) {
    const auto followed = follow();
    if (!followed) return now();
    next = *followed;
  }

  std::vector<std::size_t> turn;
  if (snapshot_) next = Moment::max();
  const bool may_read = now() >= page_due_;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = segments_[i];
    if (segment.is_read) continue;
    const Moment due = std::max(segment.due, page_due_);
    if (may_read && segment.due <= now() && turn.size() < options_.scan_threads) {
      turn.push_back(i);
    } else {
      next = std::min(next, due);
    }
  }
  if (turn.empty()) return next;
  if (options_.scan_pages_per_second > 0) {
    turn.resize(1);
    page_due_ = now() + std::chrono::duration_cast<Moment::duration>(
                            std::chrono::duration<double>(1 / options_.scan_pages_per_second));
  }

  std::vector<std::optional<Result<ScanResult>>> pages(turn.size());
  const auto asked =
      stores::at_once(source_, turn.size(), options_.scan_threads, [&](std::size_t i) {
        ScanRequest request{.table_name = options_.table_name,
                            .exclusive_start_key = segments_[turn[i]].behind,
                            .consistent_read = true,
                            .want_stream_point = has_positions_};
        if (snapshot_) request.snapshot = snapshot_->use();
        if (segments_.size() > 1) {
          request.segment = static_cast<std::int32_t>(turn[i]);
          request.total_segments = static_cast<std::int32_t>(segments_.size());
        }
        pages[i] = source_.scan(request);
      });
  if (!asked) failed(asked.error());
  for (std::size_t i = 0; i < turn.size(); ++i) {
    Segment& segment = segments_[turn[i]];
    if (!*pages[i]) {
      failed(pages[i]->error());
      if (pages[i]->error().code() == ErrorCode::snapshot_expired) snapshot_.reset();
      segment.due = retry(segment.failures);
      continue;
    }
    // What could not be stored is read again, since it will be older than what is applied by then.
    if (const auto stored = store_page(**pages[i]); !stored) {
      segment.due = retry(segment.failures);
      continue;
    }
    segment.failures = 0;
    segment.behind = std::move((*pages[i])->last_evaluated_key);
    segment.is_read = !segment.behind;
  }
  read_until_ = time();
  const bool is_read = std::all_of(segments_.begin(), segments_.end(),
                                   [](const Segment& segment) { return segment.is_read; });
  if (is_read) {
    snapshot_.reset();
    failures_ = 0;
    due_ = now();
    set_phase(copy_->needs_sweep() ? Phase::sweep : Phase::catch_up);
  }
  return now();
}

Result<void> Replica::Copying::store_page(const ScanResult& page) {
  std::shared_ptr<const std::string> position;
  if (page.stream_point && page.stream_point->stream_arn == stream_arn_) {
    position = std::make_shared<const std::string>(page.stream_point->position);
    if (compare_sequence_numbers(*position, read_position_) > 0) read_position_ = *position;
  } else if (has_positions_) {
    const Error error = Error::internal("A page came without its position");
    failed(error);
    return error;
  }
  std::vector<Change> read;
  for (const Item& item : *page.items) {
    Change change{.text = keys_.text_of(item)};
    if (change.text.empty()) {
      const Error error = Error::internal("An item came without its key");
      failed(error);
      return error;
    }
    change.key = keys_.key_of(item);
    change.item = TRY(transformed(item, change.text));
    // What was read under the snapshot is older than all that is followed.
    if (!snapshot_) change.position = position;
    read.push_back(std::move(change));
  }
  const std::size_t count = read.size();
  TRY(store(std::move(read)));
  const std::lock_guard lock(mutex_);
  figures_.scanned += count;
  return {};
}

// Items that a copy in a database has from before, and the table has not: reading it shows them
// not.
Replica::Moment Replica::Copying::sweep() {
  const auto followed = follow();
  if (!followed) return now();
  if (now() < due_) return std::min(*followed, due_);
  const auto swept = [&]() -> Result<bool> {
    auto page = copy_->keys(swept_);
    if (!page) {
      copy_failed(page.error());
      return page.error();
    }
    const auto items =
        get_items(source_, options_.table_name, page->keys, {.consistent_read = true});
    if (!items) {
      failed(items.error());
      return items.error();
    }
    std::vector<Change> gone;
    for (std::size_t i = 0; i < page->keys.size(); ++i) {
      if ((*items)[i]) continue;
      gone.push_back({.key = page->keys[i], .text = keys_.text_of(page->keys[i])});
    }
    TRY(store(std::move(gone)));
    swept_ = std::move(page->last);
    return !swept_;
  }();
  if (!swept) return due_ = retry(failures_);
  failures_ = 0;
  if (*swept) {
    read_until_ = time();
    set_phase(Phase::catch_up);
  }
  return now();
}

Replica::Moment Replica::Copying::catch_up() {
  if (has_positions_ && !is_aimed_) {
    // A snapshot is as old as the reading took: live is what has come since, too.
    if (now() < due_) return due_;
    const auto point = now_at();
    if (!point) {
      failed(point.error());
      return due_ = retry(failures_);
    }
    failures_ = 0;
    if (*point) read_position_ = (*point)->position;
    is_aimed_ = true;
    follower_->hint();
  }
  auto next = follow();
  if (!next) return now();
  if (has_positions_) {
    const auto position = follower_->position();
    if (!position || compare_sequence_numbers(*position, read_position_) < 0) return *next;
  } else if (const auto due = reaches(read_until_)) {
    return std::min(*next, *due);
  }
  if (const auto completed = copy_->complete(tell()); !completed) {
    copy_failed(completed.error());
    return retry(failures_);
  }
  failures_ = 0;
  is_bootstrap_ = false;
  bootstraps_failed_ = 0;
  verification_due_ = now() + options_.verify_interval;
  {
    const std::lock_guard lock(mutex_);
    was_live_ = true;
    // What it follows need not have said by now how fresh it is.
    fresh_until_ = std::max(fresh_until_, read_until_);
  }
  note_reach();
  set_phase(Phase::live);
  return now();
}

}  // namespace dynakeep
