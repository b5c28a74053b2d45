#include "stop_signals.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace dynakeep::app {

namespace {

constexpr auto same_wish = std::chrono::seconds(1);
constexpr int waking = SIGUSR1;  // of the thread that waits, when there is nothing to wait for

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, waking}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  waiting_ = std::thread([this] { wait(); });
}

StopSignals::~StopSignals() {
  is_over_ = true;
  over_.release();
  pthread_kill(waiting_.native_handle(), waking);
  waiting_.join();
  sigdelset(&signals_, waking);
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

void StopSignals::wait() {
  int signal = waking;
  while (signal == waking && !is_over_) sigwait(&signals_, &signal);
  if (is_over_) return;
  stop_.request_stop();
  const auto alone = std::chrono::steady_clock::now() + same_wish;
  while (!is_over_) {
    const auto left =
        std::max(std::chrono::nanoseconds(0), std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                  alone - std::chrono::steady_clock::now()));
    const timespec span{.tv_sec = 0,
                        .tv_nsec = std::min<long>(static_cast<long>(left.count()), 999'999'999)};
    // However late it is: what had come by then is still the same wish.
    if (sigtimedwait(&signals_, nullptr, &span) < 0 && left == left.zero()) break;
  }
  sigset_t impatient = signals_;
  sigdelset(&impatient, waking);
  pthread_sigmask(SIG_UNBLOCK, &impatient, nullptr);
  over_.acquire();  // whatever comes until then ends the program
}

}  // namespace dynakeep::app
