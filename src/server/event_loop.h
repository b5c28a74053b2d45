#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <sys/epoll.h>

#include "base/file_descriptor.h"
#include "dynakeep/result.h"

namespace dynakeep::server {

using base::FileDescriptor;

// Who is told that a watched descriptor is ready. Events are epoll's: EPOLLIN, EPOLLOUT, …
class EventHandler {
 public:
  virtual void on_ready(std::uint32_t events) = 0;

 protected:
  ~EventHandler() = default;
};

// One thread's epoll, level-triggered: a request on a connection costs one epoll_wait at most, one
// recv and one send, where a proactor on top of epoll (Asio) needs a recv or epoll_ctl more.
//
// All but post() is for the one thread that runs it. A handler may be told of an event that was
// collected before it stopped watching: it must live to the end of the turn.
class EventLoop {
 public:
  static Result<std::unique_ptr<EventLoop>> create();

  void watch(int fd, std::uint32_t events, EventHandler& handler);
  void change(int fd, std::uint32_t events, EventHandler& handler);
  void unwatch(int fd);

  // Waits for events until the timeout is over.
  void wait(std::chrono::milliseconds timeout);
  // Hands the events on to their handlers, then runs what was posted.
  void dispatch();

  // Has `task` run on the loop's thread, soon. Thread-safe.
  void post(std::function<void()> task);

 private:
  EventLoop(FileDescriptor epoll, FileDescriptor wake_up);

  void run_posted();

  FileDescriptor epoll_;
  std::array<epoll_event, 128> events_;
  std::size_t events_ready_ = 0;
  FileDescriptor wake_up_;  // an eventfd, readable while something is posted
  std::vector<std::function<void()>> running_;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
};

}  // namespace dynakeep::server
