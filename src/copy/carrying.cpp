#include "copy/carrying.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "dynakeep/pages.h"
#include "dynakeep/transfer/table_definition.h"

namespace dynakeep {

using namespace std::chrono_literals;
using copying::CopyState;
using copying::Following;

namespace {

constexpr auto beat_interval = 1s;
// Whoever calls tries again by itself, and does other things between.
constexpr auto short_patience = 10s;
constexpr auto active_patience = 5min;
constexpr auto active_look = 200ms;

// Enables a stream, or what else the request asks for, and waits until it is there.
Result<TableDescription> update_and_wait(Database& database, const UpdateTableRequest& request,
                                         base::Pacing& pacing, const std::stop_token& stop) {
  TRY(database.update_table(request));
  const auto give_up = pacing.now() + active_patience;
  while (true) {
    auto table = TRY(database.describe_table({.table_name = request.table_name})).table;
    if (table.table_status == TableStatus::active && table.latest_stream_arn) return table;
    if (pacing.now() >= give_up || !copying::wait_until(pacing, pacing.now() + active_look, stop)) {
      return Error(ErrorCode::timed_out,
                   "The table " + *request.table_name + " did not become active in time");
    }
  }
}

}  // namespace

TableCopy::Carrying::Carrying(Database& source, Database& destination, CopyOptions options)
    : source_(source),
      destination_(destination),
      options_(std::move(options)),
      pacing_(base::system_pacing()),
      endurance_(pacing_, options_.patience,
                 [this](const Error& error) {
                   if (!options_.on_trouble) return;
                   const std::scoped_lock lock(telling_);
                   options_.on_trouble(error);
                 }),
      short_endurance_(pacing_, short_patience),
      rate_(options_.items_per_second, pacing_),
      following_rate_(std::nullopt, pacing_),
      writer_(destination_, options_.table, rate_, endurance_),
      following_writer_(destination_, options_.table, following_rate_, short_endurance_),
      states_(destination_, options_.table, pacing_) {}

TableCopy::Carrying::~Carrying() {
  beating_ = {};
  if (!is_owner_) return;
  // Without it the next run waits some seconds for signs of life.
  const auto released = state_.segments.empty() ? states_.forget() : states_.release(state_);
  if (!released && options_.on_trouble) options_.on_trouble(released.error());
}

// ---- whose it is ----

Result<void> TableCopy::Carrying::take_over() {
  if (is_owner_) return {};
  {
    const std::scoped_lock lock(states_mutex_);
    TRY(endurance_.keep_trying(halted(), [&] { return states_.take_over(); }));
    is_owner_ = true;
  }
  beating_ = std::jthread([this](const std::stop_token& over) { beat(over); });
  return {};
}

void TableCopy::Carrying::beat(const std::stop_token& over) {
  auto alive = pacing_.now();
  while (copying::wait_until(pacing_, pacing_.now() + beat_interval, over)) {
    const auto saved = save();
    if (saved) {
      alive = pacing_.now();
    } else if (!copying::may_pass(saved.error())) {
      return fail(saved.error());
    } else if (is_reading_ && pacing_.now() - alive >= options_.patience) {
      return fail(saved.error());
    }
  }
}

Result<void> TableCopy::Carrying::save() {
  const std::scoped_lock saving(states_mutex_);
  CopyState state;
  {
    const std::scoped_lock lock(mutex_);
    state = state_;
  }
  return states_.save(state);
}

Result<void> TableCopy::Carrying::lose(const std::string& loss) {
  {
    const std::scoped_lock lock(mutex_);
    state_.stage = CopyState::Stage::lost;
    state_.loss = loss;
    is_over_ = true;
  }
  return endurance_.keep_trying({}, [&] { return save(); });
}

Result<void> TableCopy::Carrying::note_mended() {
  {
    const std::scoped_lock lock(mutex_);
    // What was compared before a loss says nothing of it.
    if (state_.loss.empty() || is_over_) return {};
    state_.stage = CopyState::Stage::copied;
    state_.loss.clear();
  }
  return endurance_.keep_trying({}, [&] { return save(); });
}

bool TableCopy::Carrying::has_lost() const {
  const std::scoped_lock lock(mutex_);
  return !state_.loss.empty();
}

void TableCopy::Carrying::fail(const Error& error) {
  {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = error;
  }
  halt_.request_stop();
  if (Following* const following = this->following()) following->end(error);
}

// ---- beginning ----

Result<void> TableCopy::Carrying::begin() {
  if (!there_) {
    TableDefinition definition = plan_.definition;
    definition.table.stream_specification.reset();
    auto made = endurance_.keep_trying(
        halted(), [&] { return create_defined_table(destination_, definition); });
    if (!made && made.error().code() == ErrorCode::resource_in_use) {
      // One that was made by a call whose answer was lost is as good.
      if (!destination_.capabilities().tags) definition.table.tags.reset();
      made = create_table_and_wait(destination_, definition.table);
    }
    there_ = TRY(std::move(made));
    notes_ = not_kept(definition, *there_);
  }
  CopyState state{.source = copying::identity_of(table_)};
  state.segments.resize(options_.segments);
  if (options_.follows) TRY(enable_stream());
  if (source_.capabilities().snapshots) {
    // Without one, each page is of a moment of its own.
    if (auto snapshot = Snapshot::begin(source_, options_.table)) {
      snapshot_ = std::make_shared<const Snapshot>(std::move(*snapshot));
    }
  }
  if (options_.follows) {
    TRY(endurance_.keep_trying(halted(), [&] { return begin_following(state); }));
  }
  return keep(std::move(state));
}

Result<void> TableCopy::Carrying::begin_to_mend() {
  CopyState state;
  {
    const std::scoped_lock lock(mutex_);
    state = state_;
  }
  TRY(enable_stream());
  TRY(endurance_.keep_trying(halted(), [&] { return begin_following(state); }));
  return keep(std::move(state));
}

Result<void> TableCopy::Carrying::keep(CopyState state) {
  const std::scoped_lock saving(states_mutex_);
  TRY(endurance_.keep_trying(halted(), [&] { return states_.begin(state); }));
  const std::scoped_lock lock(mutex_);
  state_ = std::move(state);
  return {};
}

Result<void> TableCopy::Carrying::enable_stream() {
  const auto& specification = table_.stream_specification;
  if (specification && specification->stream_enabled.value_or(false)) return {};
  table_ = TRY(update_and_wait(
      source_,
      {.table_name = options_.table,
       .stream_specification = StreamSpecification{.stream_enabled = true,
                                                   .stream_view_type = StreamViewType::new_image}},
      pacing_, halted()));
  return {};
}

// Where the source tells what its answers reflect, from there on; else from the tip. Either way
// before anything is read.
Result<void> TableCopy::Carrying::begin_following(CopyState& state) {
  state.stream_arn = table_.latest_stream_arn.value_or("");
  std::optional<StreamPoint> point;
  if (snapshot_) point = snapshot_->point();
  if (!point && source_.capabilities().positions) {
    point = TRY(source_.scan({.table_name = options_.table,
                              .select = Select::count,
                              .limit = 1,
                              .consistent_read = true,
                              .want_stream_point = true}))
                .stream_point;
  }
  if (point && point->stream_arn != state.stream_arn) {
    return Error::resource_not_found("The stream " + state.stream_arn +
                                     " is not the table's any more");
  }
  auto following = make_following(state.stream_arn);
  state.stream = TRY(following->begin(point ? std::optional(point->position) : std::nullopt));
  const std::scoped_lock lock(mutex_);
  following_ = std::move(following);
  return {};
}

Following* TableCopy::Carrying::following() const {
  const std::scoped_lock lock(mutex_);
  return following_.get();
}

std::unique_ptr<Following> TableCopy::Carrying::make_following(const std::string& stream_arn) {
  Following::Options options{.table = options_.table,
                             .stream_arn = stream_arn,
                             .settle = options_.settle,
                             .clock = options_.clock,
                             .keys = replicas::TableKeys(table_)};
  options.save = [this](const copying::StreamChange& change) {
    const std::scoped_lock lock(states_mutex_);
    return states_.save(change);
  };
  return std::make_unique<Following>(source_, destination_, following_writer_, std::move(options));
}

// ---- copying ----

Result<CopySummary> TableCopy::Carrying::copy(const std::stop_token& stop) {
  const std::stop_callback halt(stop, [this] { halt_.request_stop(); });
  const auto done = [&]() -> Result<void> {
    TRY(take_over());
    if (!goes_on_) {
      TRY(begin());
    } else if (plan_.step == CopyPlan::Step::mend && options_.follows) {
      TRY(begin_to_mend());
    } else if (options_.follows) {
      auto following = make_following(state_.stream_arn);
      following->resume(state_.stream);
      const std::scoped_lock lock(mutex_);
      following_ = std::move(following);
    }
    if (goes_on_ && state_.stage != CopyState::Stage::copying) return {};
    TRY(read_all());
    return halted().stop_requested() ? save() : finish();
  }();
  const std::scoped_lock lock(mutex_);
  if (failure_) return *failure_;
  const bool stopped = stop.stop_requested() && state_.stage == CopyState::Stage::copying;
  if (!stopped) TRY(done);
  return CopySummary{
      .stopped = stopped, .items = state_.items, .bytes = state_.bytes, .notes = notes_};
}

Result<void> TableCopy::Carrying::read_all() {
  is_reading_ = true;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < state_.segments.size(); ++i) {
      threads.emplace_back([this, i] {
        const auto read = read_segment(i);
        // Told to stop, it gives up what it was trying again, too.
        if (!read && !halted().stop_requested()) fail(read.error());
      });
    }
  }
  is_reading_ = false;
  snapshot_.reset();
  const std::scoped_lock lock(mutex_);
  if (failure_) return *failure_;
  return {};
}

Result<void> TableCopy::Carrying::read_segment(std::size_t index) {
  ScanRequest request{.table_name = options_.table, .consistent_read = true};
  {
    const std::scoped_lock lock(mutex_);
    if (state_.segments[index].is_read) return {};
    request.exclusive_start_key = state_.segments[index].behind;
    if (state_.segments.size() > 1) {
      request.segment = static_cast<std::int32_t>(index);
      request.total_segments = static_cast<std::int32_t>(state_.segments.size());
    }
  }
  if (options_.items_per_second) {
    // Pages of a quarter of a second, so that the rate is even and little is done twice.
    const double page = *options_.items_per_second / options_.segments / 4;
    request.limit = static_cast<std::int32_t>(std::clamp(page, 1.0, 10'000.0));
  }
  while (!halted().stop_requested()) {
    auto page = TRY(read_page(request));
    std::vector<WriteRequest> writes;
    if (page.items) {
      writes.reserve(page.items->size());
      for (Item& item : *page.items) writes.push_back({.put = std::move(item)});
    }
    const std::size_t count = writes.size();
    const auto written = TRY(writer_.write(std::move(writes), 1, halted()));
    if (written.stopped) return {};
    request.exclusive_start_key = std::move(page.last_evaluated_key);
    const bool is_read = !request.exclusive_start_key;
    {
      const std::scoped_lock lock(mutex_);
      state_.segments[index] = {.behind = request.exclusive_start_key, .is_read = is_read};
      state_.items += count;
      state_.bytes += written.bytes;
    }
    tell_progress();
    if (is_read) return {};
  }
  return {};
}

Result<ScanResult> TableCopy::Carrying::read_page(ScanRequest request) {
  const auto current = [this] {
    const std::scoped_lock lock(snapshot_mutex_);
    return snapshot_;
  };
  if (const auto snapshot = current()) {
    request.snapshot = snapshot->use();
    auto page = endurance_.keep_trying(halted(), [&] { return source_.scan(request); });
    if (page || page.error().code() != ErrorCode::snapshot_expired) return page;
    // After 15 minutes, or with a server that was started anew. What was kept of the stream before
    // the first page is applied over what is read from here on, too.
    const std::scoped_lock lock(snapshot_mutex_);
    if (snapshot_ == snapshot) snapshot_.reset();
    request.snapshot = {};
  }
  return endurance_.keep_trying(halted(), [&] { return source_.scan(request); });
}

void TableCopy::Carrying::tell_progress() {
  if (!options_.on_progress) return;
  const std::scoped_lock telling(telling_);
  CopyProgress progress{.items_total = plan_.items_total, .items_per_second = rate_.per_second()};
  {
    const std::scoped_lock lock(mutex_);
    progress.items = state_.items;
    progress.bytes = state_.bytes;
  }
  options_.on_progress(progress);
}

// ---- ending ----

Result<void> TableCopy::Carrying::switch_on() {
  const auto& wanted = plan_.definition.table.stream_specification;
  const auto table = TRY(destination_.describe_table({.table_name = options_.table})).table;
  const bool has_stream =
      table.stream_specification && table.stream_specification->stream_enabled.value_or(false);
  if (wanted && !has_stream && destination_.capabilities().streams) {
    TRY(update_and_wait(destination_,
                        {.table_name = options_.table, .stream_specification = wanted}, pacing_,
                        halted()));
  }
  if (TRY(time_to_live_of(destination_, options_.table))) return {};
  return set_time_to_live(destination_, plan_.definition);
}

Result<void> TableCopy::Carrying::finish() {
  TRY(endurance_.keep_trying(halted(), [&] { return switch_on(); }));
  if (options_.follows) {
    {
      const std::scoped_lock lock(mutex_);
      state_.stage =
          state_.loss.empty() ? CopyState::Stage::copied : CopyState::Stage::lost;  // to be mended
    }
    return endurance_.keep_trying(halted(), [&] { return save(); });
  }
  beating_ = {};
  const std::scoped_lock saving(states_mutex_);
  TRY(endurance_.keep_trying(halted(), [&] { return states_.forget(); }));
  is_owner_ = false;
  const std::scoped_lock lock(mutex_);
  state_.stage = CopyState::Stage::copied;
  return {};
}

// ---- following ----

Result<FollowSummary> TableCopy::Carrying::follow(const std::stop_token& stop, FollowUntil until) {
  Following* const following = this->following();
  const bool is_copied = [this] {
    const std::scoped_lock lock(mutex_);
    return state_.stage != CopyState::Stage::copying;
  }();
  if (following == nullptr || !is_copied) {
    return Error(ErrorCode::invalid_argument,
                 "The table " + options_.table + " is followed behind a copy that is complete");
  }
  auto summary = TRY(following->run(stop, until));
  if (summary.ending == FollowEnding::lost) TRY(lose(summary.loss));
  if (has_lost()) summary.current_until.reset();
  return summary;
}

FollowFigures TableCopy::Carrying::figures() const {
  const Following* const following = this->following();
  FollowFigures figures = following != nullptr ? following->figures() : FollowFigures{};
  figures.has_lost = has_lost();
  return figures;
}

Result<CompareSummary> TableCopy::Carrying::compare(CompareRequest request) {
  Following* const following = this->following();
  if (following == nullptr) {
    return Error(ErrorCode::invalid_argument,
                 "The table " + options_.table + " is not followed: compare_tables() compares it");
  }
  request.table = options_.table;
  request.clock = options_.clock;
  copying::Comparing comparing(source_, destination_, request, following, pacing_);
  auto summary = TRY(comparing.run());
  if (request.repairs && !summary.stopped) TRY(note_mended());
  return summary;
}

}  // namespace dynakeep
