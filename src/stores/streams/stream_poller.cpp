#include "dynakeep/stores/stream_poller.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <set>
#include <utility>

#include "dynakeep/json_document.h"
#include "stores/streams/shard_cursor.h"
#include "stores/streams/shard_graph.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep {
namespace {

constexpr std::int32_t page_records = 1000;
constexpr std::size_t arn_bytes_min = 37;
constexpr std::size_t arn_bytes_max = 1024;
const char* const group = "poller";

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Result<void> check(const StreamPollerOptions& options, Time now) {
  if (options.stream_arn.size() < arn_bytes_min || options.stream_arn.size() > arn_bytes_max) {
    return wrong("stream_arn must have 37 to 1024 characters");
  }
  if (options.stream_arn.find("/stream/") == std::string::npos) {
    return wrong("stream_arn must be the ARN of a stream, not of its table");
  }
  if (options.retention < std::chrono::minutes(1))
    return wrong("retention must be a minute or more");
  if (options.records_max == 0) return wrong("records_max must be at least 1");
  if (options.from == StreamStart::Kind::after_position) {
    return wrong("from must be latest, trim_horizon, positions or timestamp");
  }
  const bool has_time = options.time.has_value();
  if (has_time != (options.from == StreamStart::Kind::timestamp)) {
    return wrong("time must be given to start at a timestamp, and only then");
  }
  if (has_time && *options.time > now + std::chrono::minutes(5)) {
    return wrong("time must not be more than five minutes in the future");
  }
  if (options.shards.empty() == (options.from == StreamStart::Kind::positions)) {
    return wrong("shards must be given to start at positions, and only then");
  }
  for (const auto& [id, position] : options.shards) {
    const bool takes_number =
        position.kind == StreamPosition::Kind::at || position.kind == StreamPosition::Kind::after;
    if (takes_number != is_sequence_number(position.sequence_number)) {
      return wrong("shards: the position of " + id + " has a wrong sequence number");
    }
  }
  return {};
}

}  // namespace

class StreamPoller::Reading {
 public:
  Reading(Database& database, StreamPollerOptions options, StreamPollerEvents events)
      : database_(database), options_(std::move(options)), events_(std::move(events)) {}

  // One call at a time.
  class Turn {
   public:
    explicit Turn(Reading& reading) : reading_(reading), is_mine_(!reading.busy_.exchange(true)) {}
    ~Turn() {
      if (is_mine_) reading_.busy_.store(false);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Result<void> check() const {
      if (is_mine_) return {};
      return Error(ErrorCode::write_conflict, "Another call to this poller is under way");
    }

   private:
    Reading& reading_;
    const bool is_mine_;
  };

  Result<void> find_shards();
  Result<StreamPollResult> read_shards();
  std::string state() const;
  Result<void> set_state(std::string_view text);

 private:
  // A shard that is being read.
  struct Shard {
    std::unique_ptr<streams::ShardCursor> cursor = {};
    std::deque<ChangeRecord> pending = {};
    bool has_ended = false;
  };

  Time now() const { return options_.clock->now(); }
  Result<streams::Listing> list();
  Result<void> decide_start(const streams::Listing& listing);
  Result<void> take_up(const streams::Listing& listing, bool is_first);
  void learn_parents(const streams::Listing& listing);
  Shard& open(const ShardProgress& row, bool may_use_latest);
  Result<void> read_shard(const std::string& id, std::deque<std::string>& next,
                          StreamPollResult& result);
  Result<void> finish(const std::string& id, std::deque<std::string>& next);
  Result<void> look_for_lost(const std::string& id, const Error& error,
                             std::deque<std::string>& next);
  void emit_pending(ShardProgress& row, Shard& shard, StreamPollResult& result);
  void emit(const ChangeRecord& record, StreamPollResult& result);
  void report(const StreamGap& gap);
  Result<void> take_reference_state(const JsonDocument& state);

  Database& database_;
  const StreamPollerOptions options_;
  const StreamPollerEvents events_;
  std::atomic<bool> busy_ = false;

  StreamProgress progress_;
  std::map<std::string, Shard, std::less<>> shards_;
  std::map<std::string, std::string> endings_;    // of closed shards, as last listed
  std::map<std::string, std::string> iterators_;  // from a state of dynamodb-stream's
  bool parents_unknown_ = false;
  std::vector<std::string> removed_;  // not told yet
};

Result<streams::Listing> StreamPoller::Reading::list() {
  auto listing = TRY(streams::list_shards(database_, options_.stream_arn));
  for (const auto& [id, shard] : listing.shards) {
    const auto& ending = shard.sequence_number_range.ending_sequence_number;
    if (ending) endings_.insert_or_assign(id, *ending);
  }
  return listing;
}

Result<void> StreamPoller::Reading::decide_start(const streams::Listing& listing) {
  StreamStart start{
      .kind = options_.from, .decided = now(), .time = options_.time, .shards = options_.shards};
  streams::pass_over_ancestors(start, listing);
  if (options_.from == StreamStart::Kind::latest) {
    start = streams::start_at_latest(listing, start.decided);
  }
  if (start.time && *start.time < start.decided - options_.retention) {
    start.gaps.push_back({.kind = StreamGap::Kind::start_before_horizon,
                          .from = start.time,
                          .detected = start.decided});
  }
  progress_.start = std::move(start);
  return {};
}

void StreamPoller::Reading::learn_parents(const streams::Listing& listing) {
  for (auto& [id, row] : progress_.shards) {
    const auto listed = listing.shards.find(id);
    if (listed == listing.shards.end() || !listed->second.parent_shard_id) continue;
    row.parent = listed->second.parent_shard_id;
    const auto parent = progress_.shards.find(*row.parent);
    const bool waits = parent != progress_.shards.end() && !parent->second.is_over();
    if (waits && !row.is_over()) row.state = ShardState::pending;
  }
}

StreamPoller::Reading::Shard& StreamPoller::Reading::open(const ShardProgress& row,
                                                          bool may_use_latest) {
  Shard& shard = shards_[row.shard_id];
  if (!shard.cursor) {
    shard.cursor =
        std::make_unique<streams::ShardCursor>(database_, options_.stream_arn, row.shard_id,
                                               row.position, *progress_.start, may_use_latest);
    const auto iterator = iterators_.find(row.shard_id);
    if (iterator != iterators_.end()) {
      shard.cursor->adopt_iterator(iterator->second, now());
    }
  }
  return shard;
}

Result<void> StreamPoller::Reading::find_shards() {
  TRY(check(options_, now()));
  const bool is_first = !progress_.start;
  const Time before = now();
  const auto listing = TRY(list());
  const StreamProgress earlier = progress_;
  if (is_first) {
    TRY(decide_start(listing));
    progress_.start->decided = before;
  }
  auto taken = take_up(listing, is_first);
  if (!taken && is_first) {
    // The bookmark is not made as long as one shard has none: the next call makes it anew.
    progress_ = earlier;
    shards_.clear();
  }
  return taken;
}

Result<void> StreamPoller::Reading::take_up(const streams::Listing& listing, bool is_first) {
  if (std::exchange(parents_unknown_, false)) learn_parents(listing);
  auto discovery = streams::discover(*progress_.start, progress_.shards, listing, now());
  for (ShardProgress& row : discovery.rows) {
    std::string id = row.shard_id;
    progress_.shards.insert_or_assign(std::move(id), std::move(row));
  }
  if (is_first) {
    for (const auto& [id, row] : progress_.shards) {
      if (row.state == ShardState::ready && row.position.kind == StreamPosition::Kind::latest) {
        TRY(open(row, true).cursor->open(now()));
      }
    }
    for (const StreamGap& gap : std::vector<StreamGap>(progress_.start->gaps)) {
      if (events_.gap) events_.gap(gap);
    }
  }
  for (const std::string& id : streams::forgettable(progress_.shards, listing, now())) {
    progress_.shards.erase(id);
  }
  for (const StreamGap& gap : discovery.gaps) report(gap);
  if (!discovery.found.empty() && events_.new_shards) events_.new_shards(discovery.found);
  return {};
}

void StreamPoller::Reading::report(const StreamGap& gap) {
  constexpr std::size_t gaps_max = 100;
  if (events_.gap) events_.gap(gap);
  auto& gaps = progress_.start->gaps;
  gaps.push_back(gap);
  if (gaps.size() > gaps_max) gaps.erase(gaps.begin());
}

Result<StreamPollResult> StreamPoller::Reading::read_shards() {
  TRY(check(options_, now()));
  StreamPollResult result;
  std::deque<std::string> next;
  for (const auto& [id, row] : progress_.shards) {
    if (row.state == ShardState::ready) next.push_back(id);
  }
  std::optional<Error> failure;
  while (!next.empty() && result.records() < options_.records_max) {
    const std::string id = std::move(next.front());
    next.pop_front();
    // One lineage that fails keeps no other back.
    const auto read = read_shard(id, next, result);
    if (!read && !failure) failure = read.error();
  }
  if (!removed_.empty()) {
    const auto removed = std::exchange(removed_, {});
    if (events_.remove_shards) events_.remove_shards(removed);
  }
  if (failure) return *failure;
  return result;
}

Result<void> StreamPoller::Reading::read_shard(const std::string& id, std::deque<std::string>& next,
                                               StreamPollResult& result) {
  ShardProgress& row = progress_.shards.at(id);
  Shard& shard = open(row, false);
  while (true) {
    emit_pending(row, shard, result);
    if (result.records() >= options_.records_max && !shard.pending.empty()) return {};
    if (shard.has_ended) return finish(id, next);
    if (result.records() >= options_.records_max) return {};

    auto page = shard.cursor->next(now(), page_records);
    if (!page) {
      if (page.error().code() != ErrorCode::resource_not_found) return page.error();
      return look_for_lost(id, page.error(), next);
    }
    result.duplicates += page->duplicates;
    shard.has_ended = page->has_ended;
    const bool is_empty = page->records.empty();
    for (ChangeRecord& record : page->records) shard.pending.push_back(std::move(record));
    std::optional<Time> missed;
    if (!page->lost && page->began_at_horizon) {
      const auto parent = row.parent ? progress_.shards.find(*row.parent) : progress_.shards.end();
      missed =
          streams::missed_since(row, parent == progress_.shards.end() ? nullptr : &parent->second,
                                *progress_.start, now(), options_.retention);
      if (missed) page->lost = StreamGap::Kind::position_trimmed;
    }
    if (page->lost) {
      const auto first = shard.pending.empty()
                             ? std::optional<Time>()
                             : shard.pending.front().dynamodb.approximate_creation_date_time;
      const auto ending = endings_.find(id);
      auto gap = streams::judge_gap(
          *page->lost, row, *progress_.start,
          ending == endings_.end() ? std::nullopt : std::optional(ending->second), first, now(),
          options_.retention);
      if (gap && missed) gap->from = missed;
      if (gap) report(*gap);
    }
    if (is_empty && !page->may_have_more && !shard.has_ended) {
      row.caught_up = now();
      return {};
    }
    if (options_.one_page) {
      emit_pending(row, shard, result);
      return shard.pending.empty() && shard.has_ended ? finish(id, next) : Result<void>();
    }
  }
}

// The shard is over: its children follow at once.
Result<void> StreamPoller::Reading::finish(const std::string& id, std::deque<std::string>& next) {
  // First, so that a failure leaves the shard as one that is still to be finished.
  const auto listed = TRY(streams::list_children(database_, options_.stream_arn, id));
  const auto children = streams::children_of(id, progress_.shards, listed.shards, now());
  ShardProgress& row = progress_.shards.at(id);
  row.state = ShardState::completed;
  row.position = {.kind = StreamPosition::Kind::end};
  row.updated = now();
  removed_.push_back(id);
  shards_.erase(id);

  std::vector<std::string> found;
  for (const ShardProgress& child : children) {
    if (!progress_.shards.contains(child.shard_id)) found.push_back(child.shard_id);
    progress_.shards.insert_or_assign(child.shard_id, child);
    next.push_front(child.shard_id);
  }
  if (!found.empty() && events_.new_shards) events_.new_shards(found);
  return {};
}

Result<void> StreamPoller::Reading::look_for_lost(const std::string& id, const Error& error,
                                                  std::deque<std::string>& next) {
  const auto listing = TRY(list());
  if (listing.shards.contains(id)) return error;
  ShardProgress& row = progress_.shards.at(id);
  const auto gap = streams::judge_gap(StreamGap::Kind::shard_lost, row, *progress_.start,
                                      std::nullopt, std::nullopt, now(), options_.retention);
  row.state = ShardState::lost;
  row.updated = now();
  removed_.push_back(id);
  shards_.erase(id);
  if (gap) report(*gap);
  TRY(take_up(listing, false));
  for (const auto& [child, progress] : progress_.shards) {
    if (progress.parent == id && progress.state == ShardState::ready) next.push_front(child);
  }
  return {};
}

void StreamPoller::Reading::emit_pending(ShardProgress& row, Shard& shard,
                                         StreamPollResult& result) {
  while (!shard.pending.empty() && result.records() < options_.records_max) {
    const ChangeRecord& record = shard.pending.front();
    emit(record, result);
    // After the event: one that throws is told again.
    row.position = {.kind = StreamPosition::Kind::after,
                    .sequence_number = record.dynamodb.sequence_number};
    row.last_record = record.dynamodb.approximate_creation_date_time;
    row.updated = now();
    shard.pending.pop_front();
  }
}

void StreamPoller::Reading::emit(const ChangeRecord& record, StreamPollResult& result) {
  const auto transformed = [&](const Item& item) {
    return options_.transform ? options_.transform(item) : item;
  };
  const auto image = [&](const std::optional<Item>& item) {
    return item ? std::optional(transformed(*item)) : std::nullopt;
  };
  const StreamRecord& change = record.dynamodb;
  if (record.event_name == "INSERT") {
    if (events_.insert_record) {
      events_.insert_record(image(change.new_image), transformed(change.keys), record);
    }
    ++result.inserted;
  } else if (record.event_name == "MODIFY") {
    if (events_.modify_record) {
      events_.modify_record(image(change.new_image), image(change.old_image),
                            transformed(change.keys), record);
    }
    ++result.modified;
  } else if (record.event_name == "REMOVE") {
    if (events_.remove_record) {
      events_.remove_record(image(change.old_image), transformed(change.keys), record);
    }
    ++result.removed;
  } else {
    if (events_.unknown_record) events_.unknown_record(record);
    ++result.unknown;
  }
}

std::string StreamPoller::Reading::state() const {
  return to_document({.group = group, .stream_arn = options_.stream_arn}, progress_, 1, now());
}

Result<void> StreamPoller::Reading::set_state(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) {
    if (const auto json = JsonDocument::parse(text)) return take_reference_state(*json);
  }
  auto document = TRY(parse_stream_document(text));
  if (document.scope.stream_arn != options_.stream_arn) {
    return wrong("The state is of another stream: " + document.scope.stream_arn);
  }
  progress_ = std::move(document.progress);
  shards_.clear();
  iterators_.clear();
  removed_.clear();
  parents_unknown_ = false;
  return {};
}

Result<void> StreamPoller::Reading::take_reference_state(const JsonDocument& state) {
  const auto refused = [](const std::string& id) {
    return Error(ErrorCode::serialization, "Not the state of a shard: \"" + id + "\"");
  };
  if (!state.is_object()) return refused("");
  // Where an iterator has expired, all that is kept is read.
  StreamProgress progress{.start =
                              StreamStart{.kind = StreamStart::Kind::positions, .decided = now()}};
  std::map<std::string, std::string> iterators;
  for (const auto& [id, entry] : state.members()) {
    const JsonDocument* inner = entry.find("shardId");
    const JsonDocument* iterator = entry.find("nextShardIterator");
    if (inner == nullptr || inner->text() != id) return refused(id);
    ShardProgress row{.shard_id = id, .state = ShardState::ready, .updated = now()};
    if (iterator != nullptr && iterator->is_null()) {
      row.state = ShardState::completed;
      row.position.kind = StreamPosition::Kind::end;
    } else if (iterator != nullptr) {
      if (!iterator->is_string() || iterator->text().empty()) return refused(id);
      iterators[id] = iterator->text();
    }
    progress.shards.emplace(id, std::move(row));
  }
  if (progress.shards.empty()) progress.start.reset();
  progress_ = std::move(progress);
  iterators_ = std::move(iterators);
  shards_.clear();
  removed_.clear();
  parents_unknown_ = true;
  return {};
}

StreamPoller::StreamPoller(Database& database, StreamPollerOptions options,
                           StreamPollerEvents events)
    : reading_(std::make_unique<Reading>(database, std::move(options), std::move(events))) {}
StreamPoller::~StreamPoller() = default;

Result<StreamPollResult> StreamPoller::fetch_stream_state() {
  const Reading::Turn turn(*reading_);
  TRY(turn.check());
  TRY(reading_->find_shards());
  return reading_->read_shards();
}

Result<void> StreamPoller::fetch_stream_shards() {
  const Reading::Turn turn(*reading_);
  TRY(turn.check());
  return reading_->find_shards();
}

Result<StreamPollResult> StreamPoller::fetch_stream_records() {
  const Reading::Turn turn(*reading_);
  TRY(turn.check());
  return reading_->read_shards();
}

std::string StreamPoller::get_shard_state() const { return reading_->state(); }

Result<void> StreamPoller::set_shard_state(std::string_view state) {
  const Reading::Turn turn(*reading_);
  TRY(turn.check());
  return reading_->set_state(state);
}

}  // namespace dynakeep
