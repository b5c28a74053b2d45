#pragma once

#include <cstddef>
#include <memory>

#include "dynakeep/service.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/stores/versioned_collections.h"

namespace dynakeep {

struct VersionedCollectionsServiceOptions {
  // Of a request's body, gzip and the like undone. More is 413. A batch may have 4 MiB whatever
  // this says; the server's own body_bytes_max stands above both.
  std::size_t body_bytes_max = 102'400;
  // Whether changes without If-Match are refused (428). dynamodb-mini's client cannot write then.
  bool require_if_match = false;
  // Takes every path that no other service takes, so that GET / answers as dynamodb-mini's does.
  // Not beside DynamoDB's protocol (ServerOptions::serve_protocol), which is served there. False:
  // only /api, and the two of `serve_health`.
  bool serve_root = false;
  // GET /healthz: 200 as soon as it is served. GET /readyz: 200 while both tables are active, else
  // 503. Neither asks for a key.
  bool serve_health = true;
};

// Versioned collections over HTTP, below /api: dynamodb-mini's interface (0.2.4), so that its
// JavaScript client works unchanged, and ours beside it for what it does not have.
// docs/stores/versioned-collections.md lists the routes; GET /api/openapi.json describes them, to
// anybody.
//
// Every request needs the header `x-api-key` with one of `keys`, which says whose data it sees and
// what it may do: 401 without, 403 for what it may not. What one application keeps, the keys of
// another never reach. Scripts of any origin may ask (CORS).
//
// Lists are made while the client takes them: of one that is longer than 1 MiB the service holds
// what ResourceStream does, and two of its pieces. They are sorted by version also then. What
// VersionedCollectionsOptions::list_bytes_max bounds is what is read to find out what there is:
// past it the answer is 502, before anything was sent. The tag of a list is weak and follows from
// which versions it shows.
//
// One line of the log for each request, with the name of its key: never the key itself, a query or
// a body.
//
// The store must outlive the service.
std::shared_ptr<Service> serve_versioned_collections(
    VersionedCollections& store, std::shared_ptr<ApiKeys> keys,
    const VersionedCollectionsServiceOptions& options = {});

}  // namespace dynakeep
