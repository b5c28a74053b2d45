#include "server/event_loop.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/invariant.h"

namespace dynakeep::server {

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  FileDescriptor wake_up(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!epoll.is_open() || !wake_up.is_open()) {
    return Error(ErrorCode::unavailable,
                 std::string("no file descriptors left for a thread: ") + std::strerror(errno));
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(wake_up)));
}

EventLoop::EventLoop(FileDescriptor epoll, FileDescriptor wake_up)
    : epoll_(std::move(epoll)), wake_up_(std::move(wake_up)) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;  // no handler: the loop itself
  INVARIANT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_up_.get(), &event) == 0);
}

void EventLoop::watch(int fd, std::uint32_t events, EventHandler& handler) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = &handler;
  INVARIANT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void EventLoop::change(int fd, std::uint32_t events, EventHandler& handler) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = &handler;
  INVARIANT(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::unwatch(int fd) {
  INVARIANT(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr) == 0);
}

void EventLoop::wait(std::chrono::milliseconds timeout) {
  const int count = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                 static_cast<int>(timeout.count()));
  INVARIANT(count >= 0 || errno == EINTR);
  events_ready_ = count < 0 ? 0 : static_cast<std::size_t>(count);
}

void EventLoop::dispatch() {
  bool woken = false;
  for (std::size_t i = 0; i < events_ready_; ++i) {
    const epoll_event& event = events_[i];
    if (event.data.ptr == nullptr) {
      woken = true;
    } else {
      static_cast<EventHandler*>(event.data.ptr)->on_ready(event.events);
    }
  }
  events_ready_ = 0;
  if (woken) run_posted();
}

void EventLoop::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  if (posted_.size() > 1) return;  // the loop was woken for the first and has not come yet
  const std::uint64_t one = 1;
  INVARIANT(::write(wake_up_.get(), &one, sizeof one) == sizeof one);
}

void EventLoop::run_posted() {
  {
    const std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    INVARIANT(::read(wake_up_.get(), &count, sizeof count) == sizeof count);
    running_.swap(posted_);
  }
  for (auto& task : running_) task();
  running_.clear();
}

}  // namespace dynakeep::server
