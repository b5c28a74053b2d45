#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dynakeep/result.h"
#include "server/application.h"
#include "server/event_loop.h"
#include "server/memory_budget.h"
#include "server/worker.h"

namespace dynakeep::server {

struct ListenerOptions {
  std::string address = "127.0.0.1";  // numeric, or a name of this machine
  std::uint16_t port = 0;             // 0: the system chooses
  unsigned threads = 1;
  std::size_t connections_max = 10'000;
  std::size_t memory_bytes_max = std::size_t{256} << 20;  // see below
  bool loopback_only = false;
  WorkerOptions worker = {};
};

// A listening socket and the threads that serve its connections, each with its own event loop. A
// new connection goes to the thread that has fewest.
//
// Memory is bounded whatever clients do: a connection at rest is a few hundred bytes, and what it
// may hold beyond 4 KiB (requests half received, answers not yet taken) is leased from one budget
// of `memory_bytes_max`. To that come the request and the answer that each thread is at, and the
// kernel's socket buffers. Past `connections_max` a client is told 503 and closed.
class Listener final : private EventHandler {
 public:
  // invalid_argument: no such address, or not a loopback address and `loopback_only`;
  // resource_in_use: the port is taken; unavailable: no file descriptors or threads left.
  static Result<std::unique_ptr<Listener>> start(Application application, ListenerOptions options);

  // Stops at once, dropping what has begun, unless stop() came first.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const { return port_; }
  // "127.0.0.1:8000", "[::1]:8000"
  const std::string& bound_address() const { return bound_address_; }
  std::size_t connection_count() const;

  // Takes nothing new, finishes what clients have begun or drops it after `within`, and ends the
  // threads.
  void stop(std::chrono::milliseconds within);

 private:
  Listener(Application application, ListenerOptions options);

  Result<void> listen();
  void on_ready(std::uint32_t events) override;
  void place(FileDescriptor socket);

  const Application application_;
  const ListenerOptions options_;
  MemoryBudget budget_;

  FileDescriptor socket_;
  FileDescriptor spare_;  // given up to accept, and close, when no descriptors are left
  std::uint16_t port_ = 0;
  std::string bound_address_;

  std::vector<std::unique_ptr<Worker>> workers_;  // the first accepts
  std::vector<std::thread> threads_;
};

}  // namespace dynakeep::server
