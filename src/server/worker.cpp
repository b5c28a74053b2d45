#include "server/worker.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace dynakeep::server {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kept_parsers_max = 16;

std::chrono::milliseconds tick_for(const Patience& patience) {
  const auto shortest =
      std::min({patience.idle, patience.header, patience.body, patience.write, patience.linger});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, 5ms, 1'000ms);
}

}  // namespace

// The way back from databases and body sources, which may call after the worker is gone.
struct Worker::Link {
  std::mutex mutex;
  Worker* worker = nullptr;  // guarded by mutex
};

Result<std::unique_ptr<Worker>> Worker::create(const Application& application, MemoryBudget& budget,
                                               WorkerOptions options) {
  auto loop = TRY(EventLoop::create());
  return std::unique_ptr<Worker>(
      new Worker(std::move(loop), application, budget, std::move(options)));
}

Worker::Worker(std::unique_ptr<EventLoop> loop, const Application& application,
               MemoryBudget& budget, WorkerOptions options)
    : loop_(std::move(loop)),
      application_(application),
      budget_(budget),
      options_(std::move(options)),
      tick_(tick_for(options_.patience)),
      now_(options_.now()),
      next_tick_(now_ + tick_),
      read_buffer_(std::make_unique<std::array<char, read_bytes_max>>()),
      link_(std::make_shared<Link>()) {
  link_->worker = this;
}

Worker::~Worker() {
  const std::lock_guard lock(link_->mutex);
  link_->worker = nullptr;
}

void Worker::adopt(FileDescriptor socket) {
  count_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t id = next_id_++;
  auto connection = std::make_unique<Connection>(std::move(socket), id, *this);
  Connection& adopted = *connection;
  connections_.emplace(id, std::move(connection));
  if (draining_) adopted.begin_drain();
}

void Worker::adopt_from_elsewhere(FileDescriptor socket) {
  count_.fetch_add(1, std::memory_order_relaxed);
  // Shared only because a std::function must be copyable.
  auto handed_over = std::make_shared<FileDescriptor>(std::move(socket));
  loop_->post([this, handed_over] {
    count_.fetch_sub(1, std::memory_order_relaxed);
    adopt(std::move(*handed_over));
  });
}

void Worker::turn(std::chrono::milliseconds at_most) {
  auto timeout = at_most;
  if (!connections_.empty()) {
    const auto until_tick = std::chrono::ceil<std::chrono::milliseconds>(next_tick_ - now_);
    timeout = std::clamp(until_tick, 0ms, at_most);
  }
  if (!alarms_.empty()) {
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(alarms_.begin()->first - now_);
    timeout = std::clamp(until, 0ms, timeout);
  }
  loop_->wait(timeout);
  now_ = options_.now();
  loop_->dispatch();
  if (now_ >= next_tick_) {
    check_deadlines();
    next_tick_ = now_ + tick_;
  }
  ring_alarms();
  ask_disk();
  forgotten_.clear();
}

void Worker::check_deadlines() {
  const bool over = draining_ && now_ >= drain_deadline_;
  // Closing takes a connection out of the map.
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = *(next++)->second;
    if (over) {
      connection.close();
    } else {
      connection.check_deadline(now_);
    }
  }
}

void Worker::begin_drain(std::chrono::milliseconds within) {
  if (draining_) return;
  draining_ = true;
  now_ = options_.now();
  drain_deadline_ = now_ + within;
  next_tick_ = std::min(next_tick_, drain_deadline_);
  for (auto next = connections_.begin(); next != connections_.end();) {
    (next++)->second->begin_drain();
  }
}

std::string_view Worker::date_line() {
  const auto second = std::chrono::floor<std::chrono::seconds>(options_.clock->now());
  if (second == date_second_ && !date_line_.empty()) return date_line_;
  static constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed",
                                                               "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  date_second_ = second;
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{second - day};
  const auto two_digits = [](auto value) {
    std::string text = std::to_string(value);
    return text.size() < 2 ? "0" + text : text;
  };
  date_line_ = "Date: ";
  date_line_ += weekdays[std::chrono::weekday{day}.c_encoding()];
  date_line_ += ", " + two_digits(static_cast<unsigned>(date.day())) + " ";
  date_line_ += months[static_cast<unsigned>(date.month()) - 1];
  date_line_ += " " + std::to_string(static_cast<int>(date.year())) + " ";
  date_line_ += two_digits(clock.hours().count()) + ":" + two_digits(clock.minutes().count()) +
                ":" + two_digits(clock.seconds().count()) + " GMT\r\n";
  return date_line_;
}

std::unique_ptr<RequestParser> Worker::take_parser() {
  if (parsers_.empty()) return std::make_unique<RequestParser>(options_.limits);
  auto parser = std::move(parsers_.back());
  parsers_.pop_back();
  return parser;
}

void Worker::give_back(std::unique_ptr<RequestParser> parser) {
  if (parsers_.size() >= kept_parsers_max) return;
  if (parser->state() != RequestParser::State::head) parser->next();
  parsers_.push_back(std::move(parser));
}

void Worker::wait_for_disk(const Connection& connection, std::uint64_t position) {
  to_ask_.push_back({.connection_id = connection.id(), .position = position});
}

// Asked once a turn, for all that its requests wrote: they share one sync.
void Worker::ask_disk() {
  if (is_asking_ || to_ask_.empty()) return;
  is_asking_ = true;
  asked_.swap(to_ask_);
  asked_position_ = 0;
  for (const Waiter& waiter : asked_) asked_position_ = std::max(asked_position_, waiter.position);
  application_.when_durable(asked_position_, [link = link_](const Result<void>& outcome) {
    const std::lock_guard lock(link->mutex);
    Worker* worker = link->worker;
    if (worker == nullptr) return;
    worker->loop_->post([worker, outcome] { worker->disk_answered(outcome); });
  });
}

void Worker::disk_answered(const Result<void>& outcome) {
  is_asking_ = false;
  std::uint64_t previous = 0;
  for (const Waiter& waiter : asked_) {
    // Pipelined writes of one connection are released together.
    if (std::exchange(previous, waiter.connection_id) == waiter.connection_id) continue;
    const auto found = connections_.find(waiter.connection_id);
    if (found != connections_.end()) found->second->release(asked_position_, outcome);
  }
  asked_.clear();
}

std::function<void()> Worker::call_back(const Connection& connection,
                                        void (Connection::*method)()) {
  return [link = link_, id = connection.id(), method] {
    const std::lock_guard lock(link->mutex);
    Worker* worker = link->worker;
    if (worker == nullptr) return;
    worker->loop_->post([worker, id, method] {
      const auto found = worker->connections_.find(id);
      if (found != worker->connections_.end()) ((*found->second).*method)();
    });
  };
}

std::function<void()> Worker::waker(const Connection& connection) {
  return call_back(connection, &Connection::source_ready);
}

std::function<void()> Worker::late_waker(const Connection& connection) {
  return call_back(connection, &Connection::late_ready);
}

void Worker::set_alarm(const Connection& connection, Instant when) {
  alarms_.emplace(when, connection.id());
}

void Worker::cancel_alarm(const Connection& connection, Instant when) {
  const auto found = alarms_.find({when, connection.id()});
  if (found != alarms_.end()) alarms_.erase(found);
}

void Worker::ring_alarms() {
  while (!alarms_.empty() && alarms_.begin()->first <= now_) {
    const std::uint64_t id = alarms_.begin()->second;
    alarms_.erase(alarms_.begin());
    const auto found = connections_.find(id);
    if (found != connections_.end()) found->second->late_due(now_);
  }
}

void Worker::forget(Connection& connection) {
  const auto found = connections_.find(connection.id());
  forgotten_.push_back(std::move(found->second));
  connections_.erase(found);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace dynakeep::server
