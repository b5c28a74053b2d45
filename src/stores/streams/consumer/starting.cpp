#include <utility>

#include "stores/streams/consumer/options.h"
#include "stores/streams/consumer/reading.h"
#include "stores/streams/consumer/worker_name.h"
#include "stores/streams/shard_listing.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

constexpr unsigned dynamodb_calls_per_second = 5;
constexpr auto look_for_stream_every = 60s;

// Of the process: DynamoDB counts the calls of an account. Who brings a clock is by itself.
std::shared_ptr<streams::ListingBudget> listings_of(const StreamConsumerOptions& options) {
  static const auto all = std::make_shared<streams::ListingBudget>();
  return options.now ? std::make_shared<streams::ListingBudget>() : all;
}

bool has_stream(const TableDescription& table) {
  return table.stream_specification && table.stream_specification->stream_enabled.value_or(false) &&
         table.latest_stream_arn;
}

}  // namespace

StreamConsumer::Reading::Reading(Database& database, StreamCheckpoints& checkpoints,
                                 StreamConsumerOptions options, StreamHandler handler)
    : database_(database),
      checkpoints_(checkpoints),
      leases_(checkpoints.leases()),
      options_(std::move(options)),
      handler_(std::move(handler)),
      worker_(streams::worker_name(options_)),
      scope_{.group = options_.group, .stream_arn = {}},
      pace_(options_.calls_per_second.value_or(
                database.capabilities().long_poll ? 0 : dynamodb_calls_per_second),
            listings_of(options_)) {}

Result<void> StreamConsumer::Reading::start() {
  Lock lock(mutex_);
  if (started_) return {};
  TRY(find_stream(lock));
  started_ = true;
  look_due_ = listed_ = now();
  if (stopped_) return *stopped_;
  return {};
}

// ---- which stream ----

Result<void> StreamConsumer::Reading::find_stream(Lock& lock) {
  if (!options_.stream_arn.empty()) return begin_stream(lock, options_.stream_arn, false);
  const auto last = TRY(checkpoints_.last_stream(options_.group, options_.table_name));
  if (last) {
    // One that was switched off is read to its end first.
    const auto described = database_.describe_stream({.stream_arn = *last, .limit = 1});
    if (described) return begin_stream(lock, *last, false);
    if (described.error().code() != ErrorCode::resource_not_found) return described.error();
  }
  auto described = database_.describe_table({.table_name = options_.table_name});
  if (!described) {
    if (described.error().code() != ErrorCode::resource_not_found) return described.error();
    return Error::resource_not_found("There is no table \"" + options_.table_name + "\"");
  }
  const TableDescription& table = described->table;
  if (has_stream(table)) {
    return begin_stream(lock, *table.latest_stream_arn, last && *last != *table.latest_stream_arn);
  }
  // Where there are none, waiting would be for ever.
  const Capabilities& can = database_.capabilities();
  if ((!options_.wait_for_stream || !can.streams) && !last) {
    std::string message = "Table \"" + options_.table_name + "\" has no stream";
    if (!can.streams) message += ", and its database (" + can.engine + ") has none";
    if (table.latest_stream_arn) message += "; its last one was " + *table.latest_stream_arn;
    return Error(ErrorCode::invalid_argument, std::move(message));
  }
  awaits_stream_ = true;
  was_without_stream_ = !last;
  stream_due_ = now() + look_for_stream_every;
  return {};
}

void StreamConsumer::Reading::look_for_stream(Lock& lock) {
  stream_due_ = now() + look_for_stream_every;
  lock.unlock();
  const auto described = database_.describe_table({.table_name = options_.table_name});
  lock.lock();
  if (!described) return failed_call(described.error());
  const TableDescription& table = described->table;
  if (!has_stream(table) || *table.latest_stream_arn == scope_.stream_arn) return;
  const auto begun = begin_stream(lock, *table.latest_stream_arn, !was_without_stream_);
  if (!begun) {
    failed_call(begun.error());
    stream_due_ = now() + 1s;
  }
}

void StreamConsumer::Reading::forget_all() {
  shards_.clear();
  fresh_.clear();
  endings_.clear();
  children_.clear();
  unsaved_.clear();
  unreported_.clear();
  ended_lineages_.clear();
  only_children_.forget_all();
  watch_ = {};
}

// ---- where in it ----

Result<StreamStart> StreamConsumer::Reading::decide(const std::string& stream_arn,
                                                    StreamStart start) {
  start.decided = time();
  const auto listing = TRY(streams::list_shards(database_, stream_arn, &counts_));
  pace_.listed(listing.pages, now());
  if (start.kind == StreamStart::Kind::latest) {
    start = start_at_latest(listing, start.decided);
  } else if (start.kind == StreamStart::Kind::after_position) {
    begin_after_position(start, listing);
  } else {
    streams::pass_over_ancestors(start, listing);
  }
  if (start.time && *start.time < start.decided - options_.retention) {
    start.gaps.push_back({.kind = StreamGap::Kind::start_before_horizon,
                          .from = start.time,
                          .detected = start.decided});
  }
  return start;
}

Result<void> StreamConsumer::Reading::begin_stream(Lock& lock, const std::string& stream_arn,
                                                   bool is_replacement) {
  const StreamScope scope{.group = options_.group, .stream_arn = stream_arn};
  forget_all();
  StreamProgress progress;
  // Of a stream that takes another's place there is none, but where another worker was here first.
  if (leases_ != nullptr || !is_replacement) progress = TRY(checkpoints_.load(scope));
  if (const auto why = checkpoints_.fallback()) {
    tell(StreamEvent::Kind::checkpoint_fallback, {}, *why);
  }
  std::vector<StreamGap> gaps;
  if (!progress.start) {
    StreamStart start{.kind = options_.from,
                      .time = options_.time,
                      .position = options_.position,
                      .shards = options_.shards};
    // Whatever it was to begin with, of a stream that began since then all is wanted.
    if (is_replacement || awaits_stream_) start = {};
    start = TRY(decide(stream_arn, std::move(start)));
    if (is_replacement) {
      start.gaps.push_back({.kind = StreamGap::Kind::stream_replaced, .detected = start.decided});
    }
    for (const auto& [id, position] : start.shards) {
      if (position.kind != StreamPosition::Kind::latest) continue;
      auto cursor = std::make_unique<streams::ShardCursor>(database_, stream_arn, id, position,
                                                           start, true, &counts_);
      TRY(cursor->open(time()));
      fresh_.emplace(id, std::move(cursor));
    }
    gaps = start.gaps;
    progress.start = std::move(start);
    const auto begun = leases_ != nullptr ? leases_->begin(scope, *progress.start)
                                          : checkpoints_.save(scope, progress);
    if (!begun && begun.error().code() == ErrorCode::write_conflict && leases_ != nullptr) {
      fresh_.clear();
      gaps.clear();
      progress = TRY(leases_->load(scope));
    } else if (!begun) {
      return begun;
    }
    ++figures_.checkpoints;
  }
  scope_ = scope;
  progress_ = std::move(progress);
  awaits_stream_ = false;
  was_without_stream_ = false;
  discovery_due_ = renew_due_ = balance_due_ = now();
  save_due_ = now() + options_.checkpoint_interval;
  report(lock, gaps);
  return {};
}

// ---- beginning anew ----

Result<void> StreamConsumer::Reading::rewind(const StreamRewind& to) {
  StreamConsumerOptions as_options = options_;
  as_options.from = to.from;
  as_options.shards = to.shards;
  as_options.time = to.time;
  as_options.position = to.position;
  TRY(streams::check(as_options));
  Lock lock(mutex_);
  if (is_in_handler()) {
    return Error(ErrorCode::invalid_argument, "A handler cannot rewind what it is handling");
  }
  if (!started_ || scope_.stream_arn.empty() || is_shut_down_) {
    return Error(ErrorCode::invalid_argument, "There is no reading to rewind");
  }
  if (is_rewinding_) return Error(ErrorCode::write_conflict, "It is being rewound");
  is_rewinding_ = true;
  changed_.wait(lock, [&] { return !is_any_busy(); });
  const auto rewound = rewind_idle(
      lock, {.kind = to.from, .time = to.time, .position = to.position, .shards = to.shards},
      to.force);
  is_rewinding_ = false;
  changed_.notify_all();
  return rewound;
}

Result<void> StreamConsumer::Reading::rewind_idle(Lock& lock, StreamStart start, bool force) {
  if (leases_ != nullptr && !force) {
    const auto seen = TRY(leases_->load_shared(scope_));
    for (const auto& [id, lease] : seen.leases) {
      const auto row = seen.progress.shards.find(id);
      if (lease.owner.empty() || lease.owner == worker_ || row->second.is_over()) continue;
      return Error(ErrorCode::write_conflict, "Shard " + id + " is read by " + lease.owner);
    }
  }
  StreamProgress progress;
  progress.start = TRY(decide(scope_.stream_arn, std::move(start)));
  // Those that begin at the tip mean this one, and not that of a later open.
  std::map<std::string, std::unique_ptr<streams::ShardCursor>> fresh;
  for (const auto& [id, position] : progress.start->shards) {
    if (position.kind != StreamPosition::Kind::latest) continue;
    auto cursor = std::make_unique<streams::ShardCursor>(database_, scope_.stream_arn, id, position,
                                                         *progress.start, true, &counts_);
    TRY(cursor->open(time()));
    fresh.emplace(id, std::move(cursor));
  }
  TRY(checkpoints_.save(scope_, progress));
  forget_all();
  fresh_ = std::move(fresh);
  progress_ = std::move(progress);
  ended_ = false;
  discovery_due_ = renew_due_ = balance_due_ = now();
  const auto gaps = progress_.start->gaps;
  report(lock, gaps);
  return {};
}

}  // namespace dynakeep
