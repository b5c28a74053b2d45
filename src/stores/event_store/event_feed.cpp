#include "stores/event_store/event_feed.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "dynakeep/attribute_view.h"
#include "stores/event_store/attributes.h"
#include "stores/event_store/mark_items.h"
#include "stores/streams/backoff.h"
#include "stores/support/chance.h"

namespace dynakeep::event_store {
namespace {

using namespace std::chrono_literals;

constexpr auto backoff_max = 20s;
constexpr auto look_again = 100ms;  // while paused
// For so long another may have taken the subscription over before it is known.
constexpr auto confirm_every = 1s;
// Marks below it are what readers of one batch of records or one page may need at once.
constexpr std::size_t aggregates_in_memory_min = 10'000;
constexpr std::size_t aggregates_in_memory_max = 100'000'000;
constexpr std::size_t events_at_once_max = 10'000;
// For the checks of StreamConsumer, before the table's stream is known.
constexpr const char* some_stream =
    "arn:aws:dynamodb:local:000000000000:table/Events/stream/2000-01-01T00:00:00.000";

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Result<void> check(const EventSubscriptionOptions& options, const EventTable& table) {
  if (!is_subscription_name(options.name)) {
    return wrong("name must be 1 to 128 letters, digits, underscores, dots and hyphens");
  }
  const std::set<std::string> ids(options.event_store_ids.begin(), options.event_store_ids.end());
  if (ids.size() != options.event_store_ids.size()) {
    return wrong("event_store_ids must name each event store once");
  }
  for (const std::string& id : ids) TRY(check_event_store_id(id, true));
  const bool is_legacy = table.key_prefix("X").empty();
  if (is_legacy && ids.size() != 1) {
    return wrong("event_store_ids must name the one event store of a legacy table");
  }
  if (options.time.has_value() != (options.from == EventStart::time)) {
    return wrong("time must be given to start at a time, and only then");
  }
  if (options.from == EventStart::history && options.earlier == EarlierEvents::skip) {
    return wrong("earlier events cannot be skipped where the history is read");
  }
  if (options.aggregates_in_memory < aggregates_in_memory_min ||
      options.aggregates_in_memory > aggregates_in_memory_max) {
    return wrong("aggregates_in_memory must be 10,000 to 100,000,000");
  }
  if (options.events_at_once < 1 || options.events_at_once > events_at_once_max) {
    return wrong("events_at_once must be 1 to 10,000");
  }
  if (options.retry.attempts_max == 0U) return wrong("retry.attempts_max must be at least 1");
  const bool keeps_letters = options.retry.on_poison == StreamRetry::OnPoison::dead_letter;
  if (keeps_letters && !options.dead_letter) return wrong("dead_letter must be given");
  const StreamConsumerOptions& stream = options.stream;
  const StreamConsumerOptions defaults;
  if (!stream.group.empty() || stream.from != defaults.from || !stream.shards.empty() ||
      stream.time || stream.filter || stream.dead_letter || stream.retry.attempts_max ||
      stream.retry.age_max || stream.retry.bisect ||
      stream.retry.on_poison != defaults.retry.on_poison) {
    return wrong(
        "stream: its group, from, shards, time, filter, retry and dead_letter are the "
        "subscription's own");
  }
  return {};
}

std::string text_of(const StreamGap& gap) {
  return std::string(to_text(gap.kind)) + ' ' + gap.shard_id + ' ' + gap.position.sequence_number +
         ' ' + std::to_string(gap.detected.time_since_epoch().count()) + '\n';
}

// What the stream has lost, or may have, of which `known` does not tell: the last gap that was
// reported.
std::string losses_of(const StreamProgress& progress, const std::string& known) {
  if (!progress.start || progress.start->gaps.empty()) return {};
  const std::string loss = text_of(progress.start->gaps.back());
  return known.find(loss) == std::string::npos ? loss : std::string();
}

}  // namespace

// ---- the feed ----

Result<std::unique_ptr<EventFeed>> EventFeed::open(Database& database, EventTable& table,
                                                   StreamCheckpoints& checkpoints,
                                                   EventSubscriptionOptions options,
                                                   std::unique_ptr<EventReceiver> receiver) {
  TRY(check(options, table));
  if (checkpoints.leases() != nullptr && options.marks == nullptr && !receiver->is_exact()) {
    return wrong(
        "marks must be given with the checkpoints of a table, which several workers may share: "
        "nothing else tells one that another follows under its name");
  }
  std::unique_ptr<EventFeed> feed(
      new EventFeed(database, table, checkpoints, std::move(options), std::move(receiver)));
  StreamConsumerOptions stream = feed->stream_options();
  if (stream.stream_arn.empty()) stream.stream_arn = some_stream;
  TRY(StreamConsumer::open(database, checkpoints, std::move(stream),
                           [](const StreamBatch&) { return StreamOutcome::ok(); }));
  return feed;
}

EventFeed::EventFeed(Database& database, EventTable& table, StreamCheckpoints& checkpoints,
                     EventSubscriptionOptions options, std::unique_ptr<EventReceiver> receiver)
    : database_(database),
      table_(table),
      checkpoints_(checkpoints),
      options_(std::move(options)),
      receiver_(std::move(receiver)),
      marks_(options_.aggregates_in_memory) {}

EventFeed::Moment EventFeed::now() const {
  return options_.stream.now ? options_.stream.now() : std::chrono::steady_clock::now();
}

std::uint64_t EventFeed::random() const {
  return options_.stream.random ? options_.stream.random() : stores::system_random();
}

std::mutex& EventFeed::lock_of(const AggregateKey& aggregate) {
  const std::hash<std::string> hash;
  return aggregate_locks_[hash(mark_text(aggregate)) % aggregate_locks_.size()];
}

// ---- where to begin ----

StreamConsumerOptions EventFeed::stream_options() const {
  StreamConsumerOptions stream = options_.stream;
  if (stream.stream_arn.empty()) stream.stream_arn = arn_;
  stream.group = options_.name;
  stream.time = options_.time;
  switch (options_.from) {
    case EventStart::history:
    case EventStart::latest:
      stream.from = StreamStart::Kind::latest;
      break;
    case EventStart::trim_horizon:
      stream.from = StreamStart::Kind::trim_horizon;
      break;
    case EventStart::time:
      stream.from = StreamStart::Kind::timestamp;
      break;
  }
  return stream;
}

Result<void> EventFeed::find_stream() {
  table_name_ = table_.table_definition().table_name.value_or("");
  const auto described = TRY(database_.describe_table({.table_name = table_name_}));
  const TableDescription& table = described.table;
  {
    const std::lock_guard lock(mutex_);
    figures_.history_events_expected =
        static_cast<std::uint64_t>(std::max<std::int64_t>(table.item_count, 0));
  }
  arn_ = options_.stream.stream_arn;
  if (!arn_.empty()) return {};
  const auto& stream = table.stream_specification;
  if (!stream || !stream->stream_enabled.value_or(false) || !table.latest_stream_arn) {
    const Capabilities& engine = database_.capabilities();
    if (!engine.streams) {
      return wrong("Events come from streams, which the database does not have (" + engine.engine +
                   ")");
    }
    return wrong("Table " + table_name_ + " has no stream, from which its events would come");
  }
  arn_ = *table.latest_stream_arn;
  return {};
}

Result<void> EventFeed::connect() {
  StreamConsumerOptions stream = stream_options();
  // The consumer goes on from what there is; what was lost is looked for in the table.
  stream.on_gap = [this](const StreamGap& gap) {
    const auto& told = options_.stream.on_gap;
    if (told && told(gap) == StreamGapAnswer::stop) return StreamGapAnswer::stop;
    if (options_.earlier == EarlierEvents::deliver) {
      const std::lock_guard lock(mutex_);
      losses_ += text_of(gap);
      following_.request_stop();
    }
    return StreamGapAnswer::go_on;
  };
  std::shared_ptr<StreamConsumer> consumer =
      TRY(StreamConsumer::open(database_, checkpoints_, std::move(stream),
                               [this](const StreamBatch& batch) { return take_batch(batch); }));
  const std::lock_guard lock(mutex_);
  consumer_ = std::move(consumer);
  return {};
}

Result<void> EventFeed::start() {
  {
    const std::lock_guard lock(mutex_);
    if (started_) return {};
  }
  TRY(find_stream());
  TRY(connect());
  TRY(claim());
  const auto progress = TRY(checkpoints_.load({.group = options_.name, .stream_arn = arn_}));
  const auto kept = TRY(receiver_->load_history());
  EventHistory history = kept.value_or(EventHistory{});
  if (!progress.start) {
    // Before the stream's beginning is decided: a crash between the two must not leave a history
    // that counts as read and a stream that begins behind it.
    const bool reads = options_.from == EventStart::history;
    history = {.done = !reads, .generation = history.generation, .must_clear = history.must_clear};
    if (reads || kept) TRY(save_history(history));
  } else if (!kept) {
    history.done = options_.from != EventStart::history;
  }
  TRY(consumer_->start());
  {
    const std::lock_guard lock(mutex_);
    if (options_.earlier == EarlierEvents::deliver) {
      losses_ += losses_of(progress, history.gap);
    }
    history_ = std::move(history);
  }
  TRY(read_again());
  const std::lock_guard lock(mutex_);
  started_ = true;
  return {};
}

// Reads the table again for what the stream has lost. Until that is durable, the loss is so with
// the stream's progress.
Result<void> EventFeed::read_again() {
  EventHistory again;
  {
    const std::lock_guard lock(mutex_);
    if (losses_.empty()) return {};
    again = {.gap = losses_, .generation = history_.generation, .must_clear = history_.must_clear};
  }
  TRY(save_history(again));
  const std::lock_guard lock(mutex_);
  losses_.erase(0, again.gap.size());
  history_ = std::move(again);
  has_page_ = false;
  return {};
}

Result<void> EventFeed::begin_generation() {
  if (!receiver_->can_clear()) {
    return wrong("Nothing says how what was written is removed, which a rebuilding begins with");
  }
  TRY(find_stream());
  // One that has started is refused if another has taken over since.
  if (epoch_ == 0) TRY(claim());
  const auto kept = TRY(receiver_->load_history());
  EventHistory again = kept.value_or(EventHistory{});
  again = {.gap = again.gap, .generation = again.generation + 1, .must_clear = true};
  TRY(save_history(again));
  const std::lock_guard lock(mutex_);
  history_ = std::move(again);
  has_page_ = false;
  marks_ = MarkCache(options_.aggregates_in_memory);
  failing_.clear();
  return {};
}

// ---- whose the subscription is ----

Result<void> EventFeed::claim() {
  epoch_ = TRY(receiver_->claim());
  return {};
}

Result<void> EventFeed::ours(Result<void> said) {
  if (!said && said.error().code() == ErrorCode::write_conflict) {
    const std::lock_guard lock(mutex_);
    stopped_ = said.error();
  }
  return said;
}

Result<void> EventFeed::confirm() {
  const Moment asked = now();
  auto said = ours(receiver_->confirm(epoch_));
  const std::lock_guard lock(mutex_);
  if (said) confirmed_ = std::max(confirmed_, asked);
  return said;
}

Result<void> EventFeed::still_ours() {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return *stopped_;
    if (now() - confirmed_ < confirm_every) return {};
  }
  return confirm();
}

Result<void> EventFeed::save_history(EventHistory history) {
  history.epoch = epoch_;
  return ours(receiver_->save_history(history));
}

// ---- running ----

Result<std::optional<EventFeed::Moment>> EventFeed::step() {
  bool reads_history = false;
  {
    const std::lock_guard lock(mutex_);
    if (!started_) return wrong("start() comes first");
    if (stopped_) return *stopped_;
    if (paused_) return std::optional(now() + look_again);
    reads_history = !history_.done || !losses_.empty();
  }
  if (reads_history) return read_history();
  auto next = consumer_->step();
  const std::lock_guard lock(mutex_);
  if (stopped_) return *stopped_;
  return losses_.empty() ? next : std::optional(now());
}

Result<void> EventFeed::run(const std::stop_token& stop) {
  TRY(start());
  const std::stop_callback wake(stop, [this] {
    changed_.notify_all();
    const std::lock_guard lock(mutex_);
    following_.request_stop();
  });
  while (!stop.stop_requested()) {
    const Moment current = now();
    std::optional<Moment> wait_until;
    bool reads_history = false;
    std::stop_token following;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return *stopped_;
      if (paused_) wait_until = current + look_again;
      reads_history = !history_.done || !losses_.empty();
      following_ = std::stop_source();
      following = following_.get_token();
    }
    // Only now does a request to stop reach what follows.
    if (stop.stop_requested()) break;
    if (!wait_until && !reads_history) {
      auto ended = consumer_->run(following);
      const std::lock_guard lock(mutex_);
      if (stopped_) return *stopped_;
      if (!ended || !following.stop_requested()) return ended;  // or the stream has ended
      continue;
    }
    if (!wait_until) wait_until = TRY(read_history());
    if (*wait_until <= current) continue;
    std::unique_lock lock(mutex_);
    // Not for ever: a stop that comes just before the waiting is seen then.
    changed_.wait_for(lock, std::min<std::chrono::nanoseconds>(*wait_until - current, look_again));
  }
  return checkpoint();
}

Result<void> EventFeed::checkpoint() {
  TRY(keep_marks());
  std::shared_ptr<StreamConsumer> consumer;
  {
    const std::lock_guard lock(mutex_);
    consumer = consumer_;
  }
  return consumer ? consumer->checkpoint() : Result<void>();
}

void EventFeed::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
  following_.request_stop();
}

void EventFeed::resume() {
  {
    const std::lock_guard lock(mutex_);
    paused_ = false;
  }
  changed_.notify_all();
}

EventFigures EventFeed::figures() const {
  std::shared_ptr<StreamConsumer> consumer;
  EventFigures figures;
  {
    const std::lock_guard lock(mutex_);
    consumer = consumer_;
    figures = figures_;
    figures.is_paused = paused_;
    figures.is_reading_history = started_ && !history_.done;
    figures.history_events = history_.events;
  }
  if (consumer) figures.stream = consumer->figures();
  return figures;
}

// ---- what comes ----

// Whose event it is; nothing: none of those that are followed.
std::optional<EventFeed::Arrival> EventFeed::arrival(const Item& keys) {
  const AttributeView view(keys);
  const auto key = view[aggregate_id_attribute].text();
  if (!key) return std::nullopt;
  Arrival arrival;
  bool is_ours = false;
  if (options_.event_store_ids.empty()) {
    const std::size_t separator = key->find(key_separator);
    const bool is_foreign = separator == std::string_view::npos || separator == 0;
    if (is_foreign) {
      const std::lock_guard lock(mutex_);
      ++figures_.foreign;
      return std::nullopt;
    }
    arrival.aggregate = {std::string(key->substr(0, separator)),
                         std::string(key->substr(separator + 1))};
    is_ours = true;
  }
  for (const std::string& id : options_.event_store_ids) {
    const std::string prefix = table_.key_prefix(id);
    if (!key->starts_with(prefix)) continue;
    arrival.aggregate = {id, std::string(key->substr(prefix.size()))};
    is_ours = true;
    break;
  }
  if (!is_ours) return std::nullopt;
  if (options_.aggregates && !options_.aggregates(arrival.aggregate)) return std::nullopt;
  // A fraction, which castore does not refuse, is below 1 here: it has no place among the versions,
  // and its item says what is wrong with it.
  arrival.version = view[version_attribute].integer().value_or(0);
  return arrival;
}

StreamOutcome EventFeed::take_batch(const StreamBatch& batch) {
  std::vector<Arrival> arrivals;
  arrivals.reserve(batch.records.size());
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    const ChangeRecord& record = batch.records[i];
    auto each = arrival(record.dynamodb.keys);
    if (!each) continue;
    each->place = i;
    const auto& view = record.dynamodb.stream_view_type;
    const bool shows_old =
        view == StreamViewType::old_image || view == StreamViewType::new_and_old_images;
    // ScyllaDB's Alternator tells a put as a removal, be it of nothing, and a change of nothing.
    const bool was_nothing = shows_old && !record.dynamodb.old_image;
    if (record.event_name == "REMOVE") {
      if (was_nothing) continue;
      each->kind = Arrival::Kind::removed;
    } else {
      const bool is_change = record.event_name == "MODIFY" && !was_nothing;
      each->kind = is_change ? Arrival::Kind::changed : Arrival::Kind::added;
    }
    if (record.dynamodb.new_image) each->item = &*record.dynamodb.new_image;
    if (record.dynamodb.old_image) each->before = &*record.dynamodb.old_image;
    arrivals.push_back(std::move(*each));
  }
  Progress progress;
  auto kept = confirm();
  if (kept) {
    progress = process(arrivals, false);
    kept = keep_marks();
  }
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return StreamOutcome::fatal(stopped_->message());
  }
  if (!kept) return StreamOutcome::failed(kept.error().message());
  if (!progress.error) return StreamOutcome::ok();
  const std::size_t place = arrivals[progress.done].place;
  return StreamOutcome::failed_at(batch.records[place].dynamodb.sequence_number,
                                  progress.error->message());
}

// One page, or what is left of it.
Result<std::optional<EventFeed::Moment>> EventFeed::read_history() {
  if (now() < history_due_) return std::optional(history_due_);
  const auto read = [this]() -> Result<void> {
    TRY(read_again());
    return read_page();
  }();
  const std::lock_guard lock(mutex_);
  if (stopped_) return *stopped_;
  if (read) {
    history_failures_ = 0;
    return std::optional(now());
  }
  figures_.last_error = read.error().message();
  history_due_ = now() + streams::backoff(++history_failures_, backoff_max, random());
  return std::optional(history_due_);
}

Result<void> EventFeed::read_page() {
  TRY(confirm());
  EventHistory history;
  {
    const std::lock_guard lock(mutex_);
    history = history_;
  }
  if (history.must_clear) {
    TRY(receiver_->clear());
    history.must_clear = false;
    TRY(save_history(history));
    const std::lock_guard lock(mutex_);
    history_ = history;
  }
  if (!has_page_) {
    auto page = TRY(database_.scan({.table_name = table_name_,
                                    .limit = static_cast<std::int32_t>(options_.events_at_once),
                                    .exclusive_start_key = history.after,
                                    .consistent_read = true}));
    page_ = page.items ? std::move(*page.items) : std::vector<Item>();
    page_end_ = std::move(page.last_evaluated_key);
    page_done_ = 0;
    has_page_ = true;
  }
  std::vector<Arrival> arrivals;
  for (std::size_t i = page_done_; i < page_.size(); ++i) {
    auto each = arrival(page_[i]);
    if (!each) continue;
    each->item = &page_[i];
    each->place = i;
    arrivals.push_back(std::move(*each));
  }
  Progress progress = process(arrivals, true);
  TRY(keep_marks());
  if (progress.error) {
    page_done_ = arrivals[progress.done].place;
    return *progress.error;
  }
  page_done_ = page_.size();
  history.events += page_.size();
  history.after = page_end_;
  history.done = !page_end_;
  if (history.done) TRY(receiver_->finish_history(history));
  TRY(save_history(history));
  has_page_ = false;
  page_.clear();
  const std::lock_guard lock(mutex_);
  if (history.done) ++figures_.histories;
  history_ = std::move(history);
  return {};
}

EventFeed::Progress EventFeed::process(Arrivals arrivals, bool is_from_table) {
  if (const auto known = know(arrivals); !known) return {.error = known.error()};
  std::size_t done = 0;
  while (done < arrivals.size()) {
    if (auto ours = still_ours(); !ours) return {.done = done, .error = std::move(ours).error()};
    const std::lock_guard lock(lock_of(arrivals[done].aggregate));
    Progress progress = take_first(arrivals.subspan(done), is_from_table);
    done += progress.done;
    if (progress.error) return {.done = done, .error = std::move(progress.error)};
  }
  return {.done = done};
}

// Asks at once for all the marks that will be needed and are not at hand.
Result<void> EventFeed::know(Arrivals arrivals) {
  std::set<AggregateKey> unknown;
  {
    const std::lock_guard lock(mutex_);
    for (const Arrival& each : arrivals) {
      if (marks_.find(each.aggregate) == nullptr) unknown.insert(each.aggregate);
    }
  }
  if (unknown.empty()) return {};
  const std::vector<AggregateKey> keys(unknown.begin(), unknown.end());
  const auto marks = TRY(receiver_->load(keys));
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (marks_.find(keys[i]) == nullptr) marks_.put(keys[i], marks[i]);
  }
  return {};
}

Result<std::optional<EventMark>> EventFeed::mark_of(const AggregateKey& aggregate) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto* mark = marks_.find(aggregate)) return *mark;
  }
  const auto loaded = TRY(receiver_->load({aggregate}));
  const std::lock_guard lock(mutex_);
  marks_.put(aggregate, loaded.front());
  return loaded.front();
}

void EventFeed::remember(const AggregateKey& aggregate, const EventMark& mark) {
  const std::lock_guard lock(mutex_);
  if (receiver_->is_exact()) {
    marks_.put(aggregate, mark);
  } else {
    marks_.put_to_be_kept(aggregate, mark);
  }
}

// One at a time, so that no older mark is written over a newer one.
Result<void> EventFeed::keep_marks() {
  const std::lock_guard keeping(keeping_);
  std::vector<std::pair<AggregateKey, EventMark>> marks;
  {
    const std::lock_guard lock(mutex_);
    marks = marks_.take_unkept();
  }
  if (marks.empty()) return {};
  auto kept = confirm();
  if (kept) kept = receiver_->keep(marks);
  if (kept) return kept;
  const std::lock_guard lock(mutex_);
  figures_.last_error = kept.error().message();
  marks_.not_kept(marks);
  return kept;
}

}  // namespace dynakeep::event_store
