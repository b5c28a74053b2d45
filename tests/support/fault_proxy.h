#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/result.h"

namespace dynakeep::support {

// What can happen to one request on its way to a server and back.
enum class Fault : std::uint8_t {
  none,               // there and back
  close_after,        // there and back; then the connection is closed without a word
  cut_before,         // taken from the client, nothing of it forwarded, connection closed
  cut_in_request,     // a part of it forwarded, both connections closed
  cut_before_answer,  // carried out by the server, connection closed instead of the answer
  cut_in_answer,      // carried out, a part of the answer, connection closed
  delay_request,  // held back for a pause before it is forwarded, be the client still there or not
  delay_answer,   // its answer held back for a pause
  send_twice,     // forwarded twice, the second after the first; the first's answer
  send_twice_answer_second,
  wrong_checksum,       // a byte of the answer's body changed, x-amz-crc32 left as it was
  internal_error,       // 500 InternalServerError from the proxy
  unavailable,          // 503 without JSON, as load balancers answer
  throttled,            // 400 ThrottlingException
  throughput_exceeded,  // 400 ProvisionedThroughputExceededException
  refuse_connections,   // as cut_before, and new connections are refused for a pause
};

inline constexpr std::size_t fault_count = 16;

std::string_view name_of(Fault fault);

struct FaultPlan {
  Fault fault = Fault::none;
  // Of cut_in_request and cut_in_answer: which part of the message's bytes gets through, though at
  // least one byte does and one does not.
  double share = 0.5;
  // The proxy's own error comes only after the server has carried out the request.
  bool carried_out = false;
  // A connection that is cut ends by a reset instead of in order.
  bool reset = false;
  std::chrono::milliseconds pause{0};
};

// A request as it came to the proxy.
struct ProxiedRequest {
  std::uint64_t number = 0;         // of all requests, from 0
  std::string_view operation = {};  // "PutItem"; empty without X-Amz-Target
  std::string_view message = {};    // all of its bytes
};

// Decides what happens to a request. Never called by two threads at once.
using FaultPlanner = std::function<FaultPlan(const ProxiedRequest& request)>;

// How often, in a thousand requests, each fault happens; the rest gets through. By chance, from the
// seed and the number of the request alone. Shares and resets are drawn as well; pauses are up to
// `pause_max`. Of the proxy's own 500 and 503, half come after the request was carried out;
// throttling never does, since it says that nothing was done.
FaultPlanner faults_by_chance(std::uint64_t seed,
                              std::vector<std::pair<Fault, unsigned>> per_thousand,
                              std::chrono::milliseconds pause_max = std::chrono::milliseconds(20));

// What a proxy has done so far.
struct FaultCounts {
  std::uint64_t connections = 0;
  std::uint64_t requests = 0;
  std::uint64_t at_once_max = 0;  // requests under way at one time, at the most
  // Requests that found no server, or whose answer the server cut short.
  std::uint64_t server_failures = 0;
  std::array<std::uint64_t, fault_count> by_fault = {};

  std::uint64_t of(Fault fault) const { return by_fault[static_cast<std::size_t>(fault)]; }
  // The requests that something happened to.
  std::uint64_t faults() const { return requests - of(Fault::none); }

  friend std::ostream& operator<<(std::ostream& out, const FaultCounts& counts);
};

// Stands between clients and a server, on a loopback port of its own, and lets happen what a
// network, load balancers and a server in trouble make happen. Any client and server that speak
// HTTP/1.1 with Content-Length or chunks will do; neither TLS nor "Expect: 100-continue".
// Each connection of a client has a thread and a connection to the server of its own.
class FaultProxy {
 public:
  // unavailable: no port or thread to be had.
  static Result<std::unique_ptr<FaultProxy>> start(std::uint16_t server_port, FaultPlanner planner);

  // stop(), if that was not called.
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const;
  std::string endpoint() const;  // "http://127.0.0.1:PORT"
  FaultCounts counts() const;

  // Closes all connections and ends. What is held back by then is not forwarded any more; what was
  // forwarded may still be under way in the server.
  void stop();

 private:
  struct Running;
  explicit FaultProxy(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
};

}  // namespace dynakeep::support
