#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dynakeep/result.h"
#include "spec/run.h"

namespace dynakeep::spec {

// Keeps a subject and whatever must live as long as it.
struct OwnedSubject {
  Subject subject = {};
  std::shared_ptr<void> owner = {};
};

// The ways to our own engine, each in memory and fresh: "embedded" (decode, Database, encode),
// "handler" (HTTP messages through the server's request handler) and "socket" (a server on a port
// that the system chose); and the same three steps as "embedded" with the remote body in the
// engine's place, whose requests go to the server's handler ("remote_in_process") or over a socket
// ("remote").
const std::vector<std::string>& our_subjects();
Result<OwnedSubject> open_ours(const std::string& way);

// Whatever answers on http://HOST:PORT: over a plain connection, and through the remote body.
Result<OwnedSubject> connect_to(const std::string& url);
Result<OwnedSubject> connect_remotely_to(const std::string& url);

}  // namespace dynakeep::spec
