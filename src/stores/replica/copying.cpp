#include "stores/replica/copying.h"

#include <algorithm>
#include <utility>

#include "stores/streams/backoff.h"
#include "stores/support/chance.h"

namespace dynakeep {

using namespace std::chrono_literals;

namespace {

// Whether the same call may do better later. A cancelled transaction met the writes of another, or
// was throttled: nothing in it has conditions.
bool may_pass(const Error& error) {
  return error.is_retryable() || error.code() == ErrorCode::transaction_canceled;
}

replicas::Surroundings surroundings_of(const ReplicaOptions& options, std::function<void()> wake) {
  replicas::Surroundings surroundings{.clock = options.clock};
  surroundings.now = options.now ? options.now : [] { return std::chrono::steady_clock::now(); };
  surroundings.random = options.random ? options.random : [] { return stores::system_random(); };
  surroundings.wake = std::move(wake);
  return surroundings;
}

}  // namespace

Replica::Copying::Copying(Database& source, ReplicaOptions options)
    : source_(source),
      options_(std::move(options)),
      surroundings_(surroundings_of(options_, [this] { wake(); })) {}

Result<void> Replica::Copying::open() {
  const TableDescription table =
      TRY(source_.describe_table({.table_name = options_.table_name})).table;
  const auto& specification = table.stream_specification;
  if (!specification || specification->stream_enabled != true || !table.latest_stream_arn) {
    std::string message = "The table " + options_.table_name +
                          " has no stream, from which a replica learns of changes: enable one with "
                          "UpdateTable";
    if (table.latest_stream_arn) {
      message += " (its last one was " + *table.latest_stream_arn + ")";
    }
    return Error(ErrorCode::invalid_argument, std::move(message));
  }
  stream_arn_ = *table.latest_stream_arn;
  keys_ = replicas::TableKeys(table);
  if (options_.kept_in == nullptr) {
    copy_ = replicas::make_memory_copy(keys_, options_.bytes_max);
    return {};
  }
  const std::string& name = options_.copy_name.empty() ? options_.table_name : options_.copy_name;
  if (options_.kept_in == &source_ && name == options_.table_name) {
    return Error(ErrorCode::invalid_argument,
                 "copy_name must be given to keep the copy in the database of its original");
  }
  copy_ = TRY(replicas::open_table_copy(*options_.kept_in, name, table));
  return {};
}

// ---- working ----

Result<Replica::Moment> Replica::Copying::step() {
  if (const auto error = this->error()) return *error;
  is_woken_ = false;
  if (is_hinted_.exchange(false) && follower_) follower_->hint();
  if (!is_begun_) {
    {
      const std::lock_guard lock(mutex_);
      is_begun_ = true;
    }
    due_ = now();
    tell_state();
  }
  const Moment next = [&] {
    switch (phase_) {
      case Phase::load:
        return now() < due_ ? due_ : load();
      case Phase::no_stream:
        return now() < due_ ? due_ : look_for_stream();
      case Phase::bookmark:
        return bookmark();
      case Phase::scan:
        return scan();
      case Phase::sweep:
        return sweep();
      case Phase::catch_up:
        return catch_up();
      case Phase::live:
        return live();
    }
    return now();
  }();
  tell_state();  // live and stale change places with time alone
  if (const auto error = this->error()) return *error;
  return next;
}

Result<void> Replica::Copying::run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { changed_.notify_all(); });
  is_run_ = true;
  if (follower_) follower_->let_wait(true);
  const auto ran = work_until(stop);
  is_run_ = false;
  if (follower_) follower_->let_wait(false);
  return ran;
}

Result<void> Replica::Copying::work_until(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Moment next = TRY(step());
    const Moment current = now();
    if (next <= current) continue;
    std::unique_lock lock(mutex_);
    // Not for ever: a stop or hint that comes just before the waiting is seen then.
    constexpr std::chrono::nanoseconds longest = 50ms;
    changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(next - current, longest),
                      [&] { return stop.stop_requested() || is_hinted_ || is_woken_; });
  }
  return {};
}

void Replica::Copying::hint() const {
  {
    const std::lock_guard lock(mutex_);
    is_hinted_ = true;
  }
  changed_.notify_all();
}

// From any thread of the database.
void Replica::Copying::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

replicas::Tell Replica::Copying::tell() const {
  if (is_bootstrap_ && !options_.on_change_while_reading) return {};
  return options_.on_change;
}

Replica::Moment Replica::Copying::retry(unsigned& failures) const {
  return now() + streams::backoff(++failures, streams::call_backoff_max, surroundings_.random());
}

void Replica::Copying::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  ++figures_.errors;
  figures_.last_error = std::string(exception_name(error.code())) + ": " + error.message();
}

void Replica::Copying::copy_failed(const Error& error) {
  failed(error);
  if (options_.kept_in == nullptr || !may_pass(error)) fail(error);
}

void Replica::Copying::fail(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  changed_.notify_all();
  tell_state();
}

// ---- states ----

void Replica::Copying::set_phase(Phase phase) {
  {
    const std::lock_guard lock(mutex_);
    phase_ = phase;
  }
  is_aimed_ = false;
  changed_.notify_all();
  tell_state();
}

void Replica::Copying::tell_state() {
  const ReplicaState current = state();
  if (std::exchange(told_, current) == current) return;
  if (options_.on_state) options_.on_state(current);
}

ReplicaState Replica::Copying::state() const {
  const std::lock_guard lock(mutex_);
  return state_locked();
}

ReplicaState Replica::Copying::state_locked() const {
  if (error_) return ReplicaState::failed;
  if (!is_begun_) return ReplicaState::empty;
  switch (phase_) {
    case Phase::load:
    case Phase::bookmark:
      return was_live_ ? ReplicaState::resyncing : ReplicaState::bookmarking;
    case Phase::no_stream:
      return was_live_ ? ReplicaState::stale : ReplicaState::bookmarking;
    case Phase::scan:
    case Phase::sweep:
      return was_live_ ? ReplicaState::resyncing : ReplicaState::scanning;
    case Phase::catch_up:
      return was_live_ && is_bootstrap_ ? ReplicaState::resyncing : ReplicaState::catching_up;
    case Phase::live:
      return time() - fresh_until_ > options_.stale_after ? ReplicaState::stale
                                                          : ReplicaState::live;
  }
  return ReplicaState::failed;
}

std::optional<Error> Replica::Copying::error() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

std::optional<std::chrono::milliseconds> Replica::Copying::lag() const {
  const std::lock_guard lock(mutex_);
  if (!was_live_ || fresh_until_ == Time::min()) return std::nullopt;
  return std::max(0ms,
                  std::chrono::duration_cast<std::chrono::milliseconds>(time() - fresh_until_));
}

std::optional<std::string> Replica::Copying::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

std::optional<ReplicaReport> Replica::Copying::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

ReplicaFigures Replica::Copying::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

// ---- reading ----

Result<void> Replica::Copying::check_readable() const {
  const std::lock_guard lock(mutex_);
  const ReplicaState current = state_locked();
  const bool is_hidden = options_.hide_while_resyncing && current == ReplicaState::resyncing;
  if (was_live_ && !is_hidden) return {};
  return Error(ErrorCode::unavailable, "The copy of " + options_.table_name +
                                           " is not complete: it is " +
                                           std::string(to_text(current)));
}

Result<std::optional<Item>> Replica::Copying::get(const Key& key) const {
  TRY(keys_.check(key));
  TRY(check_readable());
  return copy_->get(key);
}

Result<std::size_t> Replica::Copying::for_each(const ItemVisitor& visit) const {
  TRY(check_readable());
  return copy_->for_each(visit);
}

Result<std::size_t> Replica::Copying::for_each_of(const AttributeValue& partition,
                                                  const ItemVisitor& visit) const {
  TRY(check_readable());
  return copy_->for_each_of(partition, visit);
}

Result<std::size_t> Replica::Copying::size() const {
  TRY(check_readable());
  return copy_->size();
}

// ---- waiting ----

Result<void> Replica::Copying::wait_until(const std::function<bool()>& holds,
                                          std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  const bool in_time = changed_.wait_for(lock, patience, [&] { return error_ || holds(); });
  if (error_) return *error_;
  if (in_time) return {};
  std::string message = "The copy of " + options_.table_name + " is " +
                        std::string(to_text(state_locked())) + " still";
  if (figures_.last_error) message += "; the last error was " + *figures_.last_error;
  return Error(ErrorCode::timed_out, std::move(message));
}

Result<void> Replica::Copying::wait_live(std::chrono::milliseconds patience) const {
  return wait_until([this] { return state_locked() == ReplicaState::live; }, patience);
}

Result<void> Replica::Copying::wait_for(std::string_view position,
                                        std::chrono::milliseconds patience) const {
  if (!is_sequence_number(position)) {
    return Error::validation("A position is the digits of a sequence number");
  }
  const auto holds = [&] {
    return was_live_ && position_ && compare_sequence_numbers(*position_, position) >= 0;
  };
  {
    const std::lock_guard lock(mutex_);
    if (holds()) return {};
    if (was_live_ && !position_ && !source_.capabilities().positions) {
      return Error(ErrorCode::unsupported,
                   "The database of " + options_.table_name + " does not tell positions");
    }
  }
  // Shards without records of it would be asked only after a while.
  hint();
  return wait_until(holds, patience);
}

}  // namespace dynakeep
