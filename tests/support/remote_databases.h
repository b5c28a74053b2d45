#pragma once

#include <memory>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/result.h"

// The remote body in front of our own engine, for tests that run on every kind of Database. All
// requests are signed, and the signatures verified.
namespace dynakeep::support {

// A database, and whatever must live as long as it.
struct OwnedDatabase {
  std::shared_ptr<void> under = {};
  std::unique_ptr<Database> database = {};  // destroyed before what is under it
};

// Without sockets: its transport hands each request to the server's request handler. The engine is
// in memory; `clock`, of both sides, must outlive the database.
Result<OwnedDatabase> open_remote_in_process(const Clock& clock = system_clock());

// Over a socket to a server on a loopback port that the system chose.
Result<OwnedDatabase> open_remote_over_a_socket(const Clock& clock = system_clock());

}  // namespace dynakeep::support
