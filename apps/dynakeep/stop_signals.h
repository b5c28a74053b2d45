#pragma once

#include <atomic>
#include <csignal>
#include <semaphore>
#include <stop_token>
#include <thread>

namespace dynakeep::app {

// As long as it lives, SIGINT, SIGTERM and SIGHUP ask to stop instead of ending the program; one
// that comes more than a second later ends it. Within that second more of them are the same wish:
// timeout(1), npm and others pass on what a terminal sends to all. To be made before other threads
// are, which would take the signals.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Asked to stop by a signal, or by request_stop().
  std::stop_token token() const { return stop_.get_token(); }
  void request_stop() { stop_.request_stop(); }

 private:
  void wait();

  std::stop_source stop_;
  sigset_t signals_{};
  std::atomic<bool> is_over_ = false;
  std::binary_semaphore over_{0};
  std::thread waiting_;
};

}  // namespace dynakeep::app
