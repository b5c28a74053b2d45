#pragma once

#include <functional>
#include <memory>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "dynakeep/result.h"
#include "transport/transport.h"

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

// What stands between a database and its engine, and may answer in its place. What it changes of a
// request need not fit the signature.
using EngineFront =
    std::function<std::unique_ptr<transport::Transport>(std::unique_ptr<transport::Transport>)>;

// As open_remote_in_process, but what it returns opens databases of one and the same engine, as
// with an endpoint, each behind a front of its own.
std::function<Result<OwnedDatabase>()> remotes_behind(const EngineFront& front);

// Over a socket to a server on a loopback port that the system chose.
Result<OwnedDatabase> open_remote_over_a_socket(const Clock& clock = system_clock());

}  // namespace dynakeep::support
