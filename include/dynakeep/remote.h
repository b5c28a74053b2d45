#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "dynakeep/credentials.h"
#include "dynakeep/database.h"

namespace dynakeep {

// How a remote database is reached. Everything may be left out: it is then found where AWS's own
// clients find it ("Settings reference", AWS SDKs and Tools Reference Guide).
struct RemoteOptions {
  // "http://127.0.0.1:8000", "https://dynamodb.eu-west-1.amazonaws.com". Empty:
  // AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, the profile's endpoint_url, else Amazon's endpoint
  // of the region.
  std::string endpoint = {};
  // Empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's region; with an endpoint that is not
  // Amazon's, else "us-east-1".
  std::string region = {};
  std::string profile = {};  // empty: AWS_PROFILE, else "default"
  // Null: default_credentials(). With an http:// endpoint on this machine, where nobody checks
  // them, invented ones do if there are none.
  std::shared_ptr<CredentialsProvider> credentials = {};

  // How long a call may take, with all its attempts; and each of them, its connection included.
  std::chrono::milliseconds total_timeout{30'000};
  std::chrono::milliseconds attempt_timeout{10'000};
  std::chrono::milliseconds connect_timeout{3'000};
  // First attempt included. None: AWS_MAX_ATTEMPTS, the profile's max_attempts, else 3.
  std::optional<unsigned> attempts_max = {};
  // The n-th retry waits a random part of this, doubled n - 1 times, up to 20 s.
  std::chrono::milliseconds retry_base_delay{50};

  std::size_t connections_max = 256;               // in use at once; further calls wait for one
  std::chrono::milliseconds idle_timeout{20'000};  // how long an unused connection is kept
  std::size_t answer_bytes_max = std::size_t{64} << 20;  // past it: limit_exceeded

  // A PEM file of the authorities to trust. Empty: AWS_CA_BUNDLE, the profile's ca_bundle, else the
  // system's store.
  std::string ca_bundle = {};
  // "http://host:port", with "user:password@" before the host if need be; "none" for none. Empty:
  // HTTP_PROXY, HTTPS_PROXY and ALL_PROXY but for the hosts in NO_PROXY, the same names in lower
  // case first; this machine is then reached without.
  std::string proxy = {};

  // Ask the endpoint what it can do (Database::capabilities()) when connecting. Amazon's own is
  // known and not asked. Without, nothing is sent before the first call, and all is taken to be
  // there.
  bool ask_capabilities = true;

  const Clock* clock = &system_clock();  // dates of signatures; must outlive the database
};

// A database at an endpoint that speaks DynamoDB's protocol: Amazon DynamoDB, ScyllaDB Alternator,
// DynamoDB Local, another Dynakeep. No thread, no global state; connections are opened by the calls
// that need them and kept for the next.
//
// Calls retry by AWS's standard mode: on throttling, faults of the service and lost connections, at
// most attempts_max times within total_timeout, with jittered exponential waits and a budget shared
// by all calls, or as long as the service asks for. Where a signature is refused because the
// clocks differ, it is made again by the service's clock; where credentials have expired, others
// are asked for.
//
// An answer is lost if the connection ends or the time runs out after the request was sent, and by
// a fault of the service (500) that does not say whether anything was done. What is sent again
// then:
//
//   reads                                        yes
//   PutItem, DeleteItem                          yes, unless they return the old item
//   UpdateItem                                   if its expression consists of SET path = :value,
//                                                SET path = if_not_exists(path, :value), REMOVE
//                                                path and DELETE path :value, with no [n] in any
//                                                path, and it does not return old attributes
//   BatchWriteItem                               yes
//   TransactWriteItems                           yes, by its client_request_token, which is made up
//                                                for the call if it has none
//   operations on tables and tags                yes
//
// Any other write fails at once. Whatever error such a call ends with, now or after more attempts,
// says that it may have been carried out: Error::outcome_unknown(). That includes a condition that
// fails after an answer was lost, since the write itself may have made it fail. Without
// outcome_unknown() nothing was done. A request that the network held back may still arrive after
// the call has returned, also after one that was sent again and answered; where a later write must
// not be undone by it, give both a condition.
//
// invalid_argument, with one line that says what to do: an endpoint, proxy, region, profile or file
// that makes no sense; access_denied: no credentials; unavailable and timed_out: nobody answers
// there.
//
// Destroying the database closes its connections. No operation may be running then.
Result<std::unique_ptr<Database>> connect_remote(const RemoteOptions& options = {});

}  // namespace dynakeep
