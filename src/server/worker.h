#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "server/application.h"
#include "server/connection.h"
#include "server/event_loop.h"
#include "server/memory_budget.h"
#include "server/request_parser.h"

namespace dynakeep::server {

// How long a client may keep us waiting.
struct Patience {
  std::chrono::milliseconds idle{75'000};  // between requests
  std::chrono::milliseconds header{
      10'000};  // from the first byte of a request to the end of its head
  std::chrono::milliseconds body{60'000};   // from there to the end of its body
  std::chrono::milliseconds write{30'000};  // for some of an answer to be taken
  std::chrono::milliseconds linger{2'000};  // for a refused client to stop sending
};

struct WorkerOptions {
  RequestLimits limits = {};
  Patience patience = {};
  // Injected so that tests need not wait.
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
  const Clock* clock = &system_clock();  // of the Date header; must outlive the worker
};

// One I/O thread's share of the connections. Its thread calls turn() until is_drained(); all is for
// that thread, but what says otherwise. The application and the budget must outlive it.
class Worker {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  static Result<std::unique_ptr<Worker>> create(const Application& application,
                                                MemoryBudget& budget, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  EventLoop& loop() { return *loop_; }

  // Serves a connected, non-blocking stream socket.
  void adopt(FileDescriptor socket);
  // The same from another thread. Counted in connection_count() at once.
  void adopt_from_elsewhere(FileDescriptor socket);

  // How many there are, or are about to be. Thread-safe.
  std::size_t connection_count() const { return count_.load(std::memory_order_relaxed); }

  // Waits for events, at most so long, and handles them and what has timed out.
  void turn(std::chrono::milliseconds at_most);

  // Finishes what clients have begun and takes nothing new; what is not done `within` is dropped.
  void begin_drain(std::chrono::milliseconds within);
  bool is_draining() const { return draining_; }
  bool is_drained() const { return draining_ && connections_.empty(); }

  // ---- for connections ----

  static constexpr std::size_t read_bytes_max = std::size_t{64} << 10;

  const Application& application() const { return application_; }
  const WorkerOptions& options() const { return options_; }
  MemoryBudget& budget() { return budget_; }
  Instant now() const { return now_; }

  std::array<char, read_bytes_max>& read_buffer() { return *read_buffer_; }
  // Where answers are put together before they are sent.
  std::string& gathered() { return gathered_; }
  // "Date: …\r\n", with the time of this second.
  std::string_view date_line();

  std::unique_ptr<RequestParser> take_parser();
  void give_back(std::unique_ptr<RequestParser> parser);

  // Has release() called once `position` is on disk.
  void wait_for_disk(const Connection& connection, std::uint64_t position);
  // Has source_ready() called, soon after the function is, from any thread and at any time.
  std::function<void()> waker(const Connection& connection);
  // The same for late_ready().
  std::function<void()> late_waker(const Connection& connection);
  // Has late_due() called at that time, unless it is cancelled before.
  void set_alarm(const Connection& connection, Instant when);
  void cancel_alarm(const Connection& connection, Instant when);
  // The connection lives to the end of the turn.
  void forget(Connection& connection);

 private:
  struct Waiter {
    std::uint64_t connection_id;
    std::uint64_t position;
  };
  struct Link;

  Worker(std::unique_ptr<EventLoop> loop, const Application& application, MemoryBudget& budget,
         WorkerOptions options);

  void ask_disk();
  void disk_answered(const Result<void>& outcome);
  void check_deadlines();
  void ring_alarms();
  std::function<void()> call_back(const Connection& connection, void (Connection::*method)());

  std::unique_ptr<EventLoop> loop_;
  const Application& application_;
  MemoryBudget& budget_;
  const WorkerOptions options_;
  const std::chrono::milliseconds tick_;

  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> forgotten_;  // freed at the end of the turn
  std::uint64_t next_id_ = 1;
  std::atomic<std::size_t> count_ = 0;

  Instant now_;
  Instant next_tick_;
  bool draining_ = false;
  Instant drain_deadline_ = {};

  std::multiset<std::pair<Instant, std::uint64_t>> alarms_;  // with ids of connections

  std::unique_ptr<std::array<char, read_bytes_max>> read_buffer_;
  std::string gathered_;
  std::vector<std::unique_ptr<RequestParser>> parsers_;
  std::string date_line_;
  std::chrono::sys_seconds date_second_ = {};

  // At most one question to the database is open; who comes meanwhile goes with the next.
  std::vector<Waiter> asked_;
  std::vector<Waiter> to_ask_;
  std::uint64_t asked_position_ = 0;
  bool is_asking_ = false;
  std::shared_ptr<Link> link_;  // shared with callbacks of others, which may come late
};

}  // namespace dynakeep::server
