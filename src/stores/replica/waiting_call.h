#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"

namespace dynakeep::replicas {

// Waits for records of one shard in calls that the server holds until there are some, on a thread
// of its own: for databases that hold such calls, but cannot tell of records otherwise.
class WaitingCall {
 public:
  // `wake` is called once, from that thread, as soon as there may be something behind the iterator.
  // `database` and `clock` must outlive it.
  WaitingCall(Database& database, std::string shard_iterator, const Clock& clock,
              std::function<void()> wake);
  // Waits for the call that is under way: as long as one is held.
  ~WaitingCall() = default;
  WaitingCall(const WaitingCall&) = delete;
  WaitingCall& operator=(const WaitingCall&) = delete;

  // It ends after that call. For those who end several.
  void request_stop() { thread_.request_stop(); }
  // The calls were not held, or failed: whoever was woken does better to ask now and then.
  bool has_failed() const { return has_failed_; }
  // The server has said that there was nothing then; the least there is: it has said nothing yet.
  Time nothing_until() const { return nothing_until_; }

 private:
  void wait(const std::stop_token& stop);

  Database& database_;
  const Clock& clock_;
  std::string iterator_;
  const std::function<void()> wake_;
  std::atomic<Time> nothing_until_ = Time::min();
  std::atomic<bool> has_failed_ = false;
  std::jthread thread_;
};

}  // namespace dynakeep::replicas
