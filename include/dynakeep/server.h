#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dynakeep/database.h"
#include "dynakeep/service.h"

namespace dynakeep {

// Access key id -> secret access key.
using AccessKeys = std::map<std::string, std::string, std::less<>>;

// Reads `[{"access_key_id": "...", "secret_access_key": "..."}, …]`. invalid_argument, with one
// line that says what is wrong, if the file cannot be read, is no such list, or names a key twice
// or none at all. A file that other users of the machine may read is taken, with a logged warning.
Result<AccessKeys> load_access_keys(const std::string& path);

struct ServerOptions {
  std::string address = "127.0.0.1";  // to listen on: numeric, or a name of this machine
  std::uint16_t port = 8000;          // 0: the system chooses
  unsigned threads = 0;               // 0: one for each core

  // Without keys any well-formed signature is good. With keys every request must be signed with
  // one of them, in header or presigned form, for the service "dynamodb" in any region.
  AccessKeys access_keys = {};
  // Without keys the protocol is served on loopback addresses only, unless this says that all may
  // come.
  bool allow_unauthenticated = false;

  std::string region = "us-east-1";  // in the line that GET / answers

  // Served beside the protocol, each under its own paths; two may not take the same. They decide
  // themselves whom they let in: the access keys above are the protocol's.
  std::vector<std::shared_ptr<Service>> services = {};
  // Whether DynamoDB's protocol is served at all, under every path that no service takes.
  bool serve_protocol = true;

  // Whether the operations of engine_admin.h are served, to whoever may send others. For tests:
  // they make items expire and records disappear.
  bool serve_admin = false;

  // Of one request. Past them the answer is 431, 413.
  std::size_t header_bytes_max = std::size_t{64} << 10;
  std::size_t body_bytes_max = std::size_t{16} << 20;
  // Of all connections. Past them the answer is 503.
  std::size_t connections_max = 10'000;
  std::size_t buffered_bytes_max = std::size_t{256} << 20;  // half-received, or not yet taken

  // How long a client may keep the server waiting before its connection is closed.
  std::chrono::milliseconds idle_timeout{75'000};    // between requests
  std::chrono::milliseconds header_timeout{10'000};  // for a request's head, from its first byte
  std::chrono::milliseconds body_timeout{60'000};    // for its body, from there
  std::chrono::milliseconds write_timeout{30'000};   // for some of an answer to be taken

  // How long stop() lets clients finish what they have begun.
  std::chrono::milliseconds drain_timeout{10'000};

  const Clock* clock = &system_clock();  // dates of signatures; must outlive the server
};

// Any Database, served over HTTP on the DynamoDB wire protocol (2012-08-10), for every AWS SDK and
// tool. Answers to writes, and to reads that saw them, are sent when the database says that they
// are durable.
//
// Memory is bounded whatever clients do: each connection at rest takes less than a kilobyte; what
// connections hold beyond that comes out of `buffered_bytes_max`.
class Server {
 public:
  // Listens and serves until stop(). The database must outlive the server.
  // invalid_argument: no such address, or one that is open to other machines without keys; two
  // services of one path;
  // resource_in_use: the port is taken; unavailable: no threads or file descriptors left.
  static Result<std::unique_ptr<Server>> start(Database& database, const ServerOptions& options);

  // stop(), if that was not called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  // "http://127.0.0.1:8000": where clients find it.
  std::string endpoint() const;
  // Of this moment.
  std::size_t connection_count() const;

  // Takes no more connections or requests, lets what has begun finish within `drain_timeout`, and
  // ends. Not to be called by two threads at once.
  void stop();

 private:
  struct Running;
  explicit Server(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
};

}  // namespace dynakeep
