#pragma once

#include <string>

#include "dynakeep/json_document.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/services/versioned_collections.h"
#include "dynakeep/stores/versioned_collections.h"
#include "http/message.h"
#include "http/query_string.h"

namespace dynakeep::services::collections {

class ChangeFeed;
struct Route;

// One request as a handler gets it: let in, its path taken apart, its body parsed. Lives as long as
// the handler runs; what is streamed afterwards keeps copies.
struct Call {
  const http::HttpRequest& request;
  const Route& route;
  VersionedCollections& store;
  ChangeFeed& feed;
  const VersionedCollectionsServiceOptions& options;
  const ApiKey& key;
  std::string id = {};  // of the request, for logs and answers to failures

  // With the key's application; the rest percent-decoded, as far as the route's pattern has it.
  ResourcePath path = {};
  std::string version = {};  // {v} of the pattern, percent-decoded
  http::QueryString query = {};
  JsonDocument body = JsonDocument::object();  // an object or an array; {} if there is none
};

}  // namespace dynakeep::services::collections
