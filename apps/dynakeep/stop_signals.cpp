#include "stop_signals.h"

namespace dynakeep::app {

namespace {

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
  sigset_t impatient = signals_;
  sigdelset(&impatient, waking);
  pthread_sigmask(SIG_UNBLOCK, &impatient, nullptr);
  over_.acquire();  // whatever comes until then ends the program
}

}  // namespace dynakeep::app
