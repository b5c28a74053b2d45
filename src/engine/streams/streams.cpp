#include "engine/streams/streams.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "base/bytes.h"
#include "base/invariant.h"
#include "base/siphash.h"
#include "engine/streams/stream_record.h"
#include "storage/key_value_store.h"
#include "storage/write_set.h"

namespace dynakeep::engine {
namespace {

using namespace std::chrono_literals;
using storage::Family;

// Keys of Family::meta (docs/formats/streams.md).
constexpr std::string_view stream_prefix = "R";
constexpr std::string_view key_key = "K";     // the key that iterators are signed with
constexpr std::string_view number_key = "N";  // a commit number that no later life may give again

// An empty shard is replaced after that long.
constexpr auto roll_empty_after = 24h;
// Over which the rate of a shard is measured.
constexpr auto rate_window = 10s;

constexpr std::size_t open_shards_max = 1000;

constexpr SequenceNumber no_bound = ~SequenceNumber{0};

std::string stream_key(storage::SpaceId space) {
  std::string key(stream_prefix);
  base::append_u32(key, space);
  return key;
}

CommitNumber commit_of(SequenceNumber number) { return number / sequence_numbers_a_commit; }

// The last commit number that the stream knows of, but for its records.
CommitNumber last_number_in(const StreamState& stream) {
  SequenceNumber last = 0;
  for (const Shard& shard : stream.shards) {
    last = std::max({last, shard.start, shard.end.value_or(0), shard.trimmed});
  }
  return commit_of(last);
}

// The newest record of the shard with a number below `bound`; 0 if there is none.
Result<SequenceNumber> last_record(const storage::KeyValueStore& store, const StreamState& stream,
                                   const Shard& shard, SequenceNumber bound) {
  if (bound <= shard.trimmed + 1) return SequenceNumber{0};
  auto cursor = store.cursor(Family::records,
                             records_between(stream.space, shard.number, shard.trimmed, bound - 1),
                             storage::Direction::backward);
  if (cursor.valid()) return number_of_record(cursor.key());
  TRY(cursor.result());
  return SequenceNumber{0};
}

// `last` is its newest record, 0 if there is none left.
void close(Shard& shard, SequenceNumber last, Time now) {
  shard.end = std::max({shard.start, last, shard.trimmed});
  shard.closed = now;
}

Result<void> check(const StreamOptions& options) {
  const bool makes_sense = options.retention > 0ms && options.roll_after >= 0ms &&
                           options.initial_shards >= 1 &&
                           options.initial_shards <= options.max_open_shards &&
                           options.max_open_shards <= open_shards_max;
  if (makes_sense) return {};
  return Error(
      ErrorCode::invalid_argument,
      "Options of streams that make no sense: the retention must be above 0, the shards to "
      "begin with from 1 to max_open_shards, and those at most 1000");
}

}  // namespace

// ---- one stream ----

Stream::Stream(std::string arn, StreamState state) : arn_(std::move(arn)) {
  install(std::move(state));
}

std::shared_ptr<const StreamState> Stream::state() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::uint32_t Stream::route(storage::PartitionHash hash, std::size_t record_bytes) {
  const auto found = std::find_if(open_.begin(), open_.end(), [hash](const OpenShard& shard) {
    return shard.range.contains(hash);
  });
  INVARIANT(found != open_.end());  // the ranges of open shards cover all hashes
  found->load->records.fetch_add(1, std::memory_order_relaxed);
  found->load->bytes.fetch_add(record_bytes, std::memory_order_relaxed);
  return found->number;
}

void Stream::install(StreamState next) {
  std::vector<OpenShard> open;
  for (const Shard& shard : next.shards) {
    if (!shard.is_open()) continue;
    Load* known = load_of(shard.number);
    const auto found = std::find_if(open_.begin(), open_.end(), [known](const OpenShard& before) {
      return before.load.get() == known;
    });
    open.push_back({.range = shard.range,
                    .number = shard.number,
                    .load = known != nullptr ? found->load : std::make_shared<Load>()});
  }
  std::sort(open.begin(), open.end(), [](const OpenShard& left, const OpenShard& right) {
    return left.range.first < right.range.first;
  });
  const std::lock_guard lock(mutex_);
  open_ = std::move(open);
  current_ = std::make_shared<const StreamState>(std::move(next));
}

Stream::Load* Stream::load_of(std::uint32_t shard) const {
  for (const OpenShard& open : open_) {
    if (open.number == shard) return open.load.get();
  }
  return nullptr;
}

// ---- opening ----

Streams::Streams(storage::KeyValueStore& store, const Clock& clock, std::string arn_prefix,
                 StreamOptions options, CommitNumber given)
    : store_(store),
      clock_(clock),
      arn_prefix_(std::move(arn_prefix)),
      options_(options),
      numbers_(
          clock, [&store] { return store.durable_position(); }, given) {}

Result<std::unique_ptr<Streams>> Streams::open(storage::KeyValueStore& store, const Clock& clock,
                                               std::string arn_prefix, StreamOptions options) {
  TRY(check(options));
  CommitNumber given = 0;
  std::string value;
  if (TRY(store.get(Family::meta, number_key, value))) {
    if (value.size() != sizeof(CommitNumber)) {
      return Error::internal("The streams on disk are damaged: last number");
    }
    given = base::read_u64(value);
  }
  std::vector<StreamState> states;
  auto cursor = store.cursor(Family::meta, {.begin = std::string(stream_prefix),
                                            .end = storage::prefix_successor(stream_prefix)});
  for (; cursor.valid(); cursor.next()) {
    const std::string_view space = cursor.key().substr(stream_prefix.size());
    if (space.size() != sizeof(storage::SpaceId)) {
      return Error::internal("The streams on disk are damaged: their keys");
    }
    StreamState state = TRY(decode_stream(base::read_u32(space), cursor.value()));
    given = std::max(given, last_number_in(state));
    for (const Shard& shard : state.shards) {
      given = std::max(given, commit_of(TRY(last_record(store, state, shard, no_bound))));
    }
    states.push_back(std::move(state));
  }
  TRY(cursor.result());

  std::unique_ptr<Streams> streams(
      new Streams(store, clock, std::move(arn_prefix), options, given));
  TRY(streams->load_key());
  for (StreamState& state : states) {
    std::string arn = streams->arn_prefix_ + state.table_name + "/stream/" + state.label;
    streams->put(std::make_shared<Stream>(std::move(arn), std::move(state)));
  }
  return streams;
}

Result<void> Streams::load_key() {
  if (TRY(store_.get(Family::meta, key_key, key_)) && key_.size() == base::siphash_key_bytes) {
    return {};
  }
  key_.clear();
  std::random_device chance;
  while (key_.size() < base::siphash_key_bytes) base::append_u32(key_, chance());
  storage::WriteSet writes;
  writes.put(Family::meta, key_key, key_);
  TRY(store_.commit(writes));
  return {};
}

// ---- for the catalog ----

std::shared_ptr<Stream> Streams::make(std::string_view table_name, const KeyAttributes& keys,
                                      StreamViewType view, std::string label,
                                      storage::SpaceId space) {
  const Time now = std::chrono::floor<std::chrono::milliseconds>(clock_.now());
  StreamState state{.space = space,
                    .table_name = std::string(table_name),
                    .label = std::move(label),
                    .view = view,
                    .keys = keys,
                    .created = now};
  // Greater than all numbers so far, and than none that is still to come.
  const CommitNumber number = numbers_.begin();
  numbers_.end(number, 0);
  for (const HashRange& range : parts_of({}, options_.initial_shards)) {
    state.shards.push_back(new_shard(state, nullptr, range, first_of(number), now));
  }
  std::sort(state.shards.begin(), state.shards.end(),
            [](const Shard& left, const Shard& right) { return left.id < right.id; });
  std::string arn = arn_prefix_ + state.table_name + "/stream/" + state.label;
  return std::make_shared<Stream>(std::move(arn), std::move(state));
}

void Streams::stage(const Stream& stream, storage::WriteSet& writes) {
  const auto state = stream.state();
  writes.put(Family::meta, stream_key(state->space), encode_stream(*state));
}

void Streams::put(const std::shared_ptr<Stream>& stream) {
  const std::lock_guard lock(mutex_);
  streams_.insert_or_assign(stream->arn(), stream);
  spaces_.insert_or_assign(stream->state()->space, stream);
}

std::shared_ptr<Stream> Streams::find(std::string_view arn) const {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(arn);
  return found == streams_.end() ? nullptr : found->second;
}

std::shared_ptr<Stream> Streams::find_by_space(storage::SpaceId space) const {
  const std::lock_guard lock(mutex_);
  const auto found = spaces_.find(space);
  return found == spaces_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Stream>> Streams::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Stream>> streams;
  for (const auto& [arn, stream] : streams_) streams.push_back(stream);
  return streams;
}

Result<void> Streams::disable(Stream& stream) {
  const Time now = clock_.now();
  return change_alone(stream, [&](StreamState& next) -> Result<void> {
    if (!next.is_enabled()) return {};
    for (Shard& shard : next.shards) {
      if (shard.is_open()) close(shard, TRY(last_record(store_, next, shard, no_bound)), now);
    }
    next.disabled = now;
    return {};
  });
}

// ---- changing shards ----

Result<void> Streams::commit(const StreamState& state) {
  storage::WriteSet writes;
  writes.put(Family::meta, stream_key(state.space), encode_stream(state));
  std::string number;
  base::append_u64(number, numbers_.last());
  writes.put(Family::meta, number_key, number);
  position_.store(TRY(store_.commit(writes)), std::memory_order_release);
  return {};
}

Result<void> Streams::change_alone(Stream& stream,
                                   const std::function<Result<void>(StreamState& next)>& change) {
  const std::lock_guard changing(changing_);
  Result<void> done;
  numbers_.alone([&] {
    StreamState next = *stream.state();
    done = change(next);
    if (!done) return;
    std::sort(next.shards.begin(), next.shards.end(),
              [](const Shard& left, const Shard& right) { return left.id < right.id; });
    done = commit(next);
    if (done) stream.install(std::move(next));
  });
  if (done) wake(stream);
  return done;
}

Result<void> Streams::roll(Stream& stream, std::string_view shard_id, std::size_t parts) {
  const Time now = clock_.now();
  return change_alone(stream, [&](StreamState& next) -> Result<void> {
    std::vector<Shard> opened;
    const SequenceNumber start = first_of(numbers_.next());
    for (Shard& shard : next.shards) {
      if (!shard.is_open() || (!shard_id.empty() && shard.id != shard_id)) continue;
      close(shard, TRY(last_record(store_, next, shard, no_bound)), now);
      for (const HashRange& range : parts_of(shard.range, parts)) {
        opened.push_back(new_shard(next, &shard, range, start, now));
      }
    }
    if (opened.empty()) {
      return Error::resource_not_found("Requested resource not found: Shard does not exist");
    }
    std::move(opened.begin(), opened.end(), std::back_inserter(next.shards));
    return {};
  });
}

Result<void> Streams::trim(Stream& stream, Time before) {
  const auto micros = std::max<std::int64_t>(before.time_since_epoch().count(), 0);
  const SequenceNumber bound = first_of(static_cast<CommitNumber>(micros));
  // The newest record of each shard that goes.
  std::map<std::uint32_t, SequenceNumber> goes;
  const auto before_trimming = stream.state();
  for (const Shard& shard : before_trimming->shards) {
    const SequenceNumber last = TRY(last_record(store_, *before_trimming, shard, bound));
    if (last > shard.trimmed) goes.emplace(shard.number, last);
  }
  if (goes.empty()) return {};
  TRY(change_alone(stream, [&](StreamState& next) -> Result<void> {
    for (Shard& shard : next.shards) {
      const auto last = goes.find(shard.number);
      if (last != goes.end()) shard.trimmed = std::max(shard.trimmed, last->second);
    }
    return {};
  }));
  // That they are gone must be known for good before they are.
  TRY(store_.wait_until_durable(position()));
  for (const auto& [shard, last] : goes) {
    TRY(store_.erase_records(records_between(before_trimming->space, shard, 0, last)));
  }
  return {};
}

// ---- policies ----

bool Streams::is_due(const Stream& stream, const Shard& shard, Time now) const {
  const auto* load = stream.load_of(shard.number);
  if (load == nullptr) return false;
  if (options_.roll_records != 0 && load->records >= options_.roll_records) return true;
  if (options_.roll_bytes != 0 && load->bytes >= options_.roll_bytes) return true;
  if (options_.roll_after == 0ms) return false;
  const bool has_records = load->records != 0;
  return now - shard.opened >= (has_records ? options_.roll_after : roll_empty_after);
}

bool Streams::takes_too_much(const Stream& stream, const Shard& shard, Time now) const {
  auto* load = stream.load_of(shard.number);
  if (options_.split_rate == 0 || load == nullptr) return false;
  if (load->since == Time{}) {
    load->since = now;
    load->records_before = load->records;
    return false;
  }
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now - load->since);
  if (passed < rate_window) return false;
  const std::uint64_t records = load->records;
  const std::uint64_t came = records - load->records_before;
  load->since = now;
  load->records_before = records;
  return came * 1000 >= options_.split_rate * static_cast<std::uint64_t>(passed.count());
}

Result<void> Streams::apply_policies(Stream& stream, Time now) {
  std::vector<std::pair<std::string, std::size_t>> rolls;  // the shard, and into how many parts
  {
    // What came into the open shards is kept with them, and goes when somebody rolls one.
    const std::lock_guard changing(changing_);
    const auto state = stream.state();
    std::size_t open = 0;
    for (const Shard& shard : state->shards) open += shard.is_open() ? 1 : 0;
    for (const Shard& shard : state->shards) {
      if (!shard.is_open()) continue;
      const bool splits = takes_too_much(stream, shard, now) && open < options_.max_open_shards;
      if (!splits && !is_due(stream, shard, now)) continue;
      rolls.emplace_back(shard.id, splits ? 2 : 1);
      open += splits ? 1 : 0;
    }
  }
  for (const auto& [shard, parts] : rolls) {
    const auto rolled = roll(stream, shard, parts);
    // It may have been closed meanwhile.
    if (!rolled && rolled.error().code() != ErrorCode::resource_not_found) return rolled.error();
  }
  return {};
}

Result<void> Streams::forget(const std::shared_ptr<Stream>& stream) {
  const storage::SpaceId space = stream->state()->space;
  {
    const std::lock_guard changing(changing_);
    storage::WriteSet writes;
    writes.erase(Family::meta, stream_key(space));
    position_.store(TRY(store_.commit(writes)), std::memory_order_release);
    const std::lock_guard lock(mutex_);
    streams_.erase(stream->arn());
    spaces_.erase(space);
  }
  wake(*stream);
  TRY(store_.wait_until_durable(position()));
  return store_.erase_records(records_of(space));
}

Result<void> Streams::forget_empty_shards(Stream& stream, Time now) {
  const auto is_over = [&](const Shard& shard) {
    return !shard.is_open() && now - *shard.closed >= options_.retention &&
           (shard.trimmed >= *shard.end || *shard.end == shard.start);
  };
  const auto state = stream.state();
  if (std::none_of(state->shards.begin(), state->shards.end(), is_over)) return {};
  return change_alone(stream, [&](StreamState& next) -> Result<void> {
    std::erase_if(next.shards, is_over);
    return {};
  });
}

Result<std::chrono::milliseconds> Streams::turn() {
  const std::lock_guard turning(turning_);
  const Time now = clock_.now();
  for (const auto& stream : all()) {
    TRY(trim(*stream, now - options_.retention));
    const auto state = stream->state();
    if (state->is_enabled()) {
      TRY(apply_policies(*stream, now));
      TRY(forget_empty_shards(*stream, now));
    } else if (now - *state->disabled >= options_.retention) {
      TRY(forget(stream));
    }
  }
  const bool watches =
      options_.roll_records != 0 || options_.roll_bytes != 0 || options_.split_rate != 0;
  return watches ? 1s : std::clamp<std::chrono::milliseconds>(options_.retention / 100, 1s, 60s);
}

// ---- waiting ----

void Streams::wake(Stream& stream) {
  std::map<std::uint64_t, std::function<void()>> waiters;
  {
    const std::lock_guard lock(stream.mutex_);
    waiters.swap(stream.waiters_);
    stream.has_waiters_.store(false);
  }
  for (const auto& [number, wake] : waiters) wake();
}

std::uint64_t Streams::when_more(const std::shared_ptr<Stream>& stream,
                                 std::function<void()> wake_up) {
  const std::uint64_t waiter = ++last_waiter_;
  {
    const std::lock_guard lock(stream->mutex_);
    stream->waiters_.emplace(waiter, std::move(wake_up));
    stream->has_waiters_.store(true);
  }
  // Whoever ended before this saw nobody waiting, and what it wrote may not be durable yet.
  if (numbers_.wait_for_disk()) {
    store_.when_durable(store_.latest_position(), [stream](const Result<void>&) { wake(*stream); });
  }
  return waiter;
}

void Streams::forget(Stream& stream, std::uint64_t waiter) {
  const std::lock_guard lock(stream.mutex_);
  stream.waiters_.erase(waiter);
  stream.has_waiters_.store(!stream.waiters_.empty());
}

void Streams::written(const std::shared_ptr<Stream>& stream) {
  if (!stream->has_waiters_.load()) return;
  store_.when_durable(store_.latest_position(), [stream](const Result<void>&) { wake(*stream); });
}

void Streams::expire_iterators() {
  iterators_expired_us_.store(issue_time().time_since_epoch().count());
}

bool Streams::has_expired(Time issued) const {
  return issued.time_since_epoch().count() <= iterators_expired_us_.load() ||
         clock_.now() - issued > iterator_lasts;
}

Time Streams::issue_time() const {
  const Time after_expired(std::chrono::microseconds(iterators_expired_us_.load() + 1));
  return std::max<Time>(std::chrono::floor<std::chrono::microseconds>(clock_.now()), after_expired);
}

std::uint64_t Streams::sign(std::string_view text) const { return base::siphash(key_, text); }

}  // namespace dynakeep::engine
