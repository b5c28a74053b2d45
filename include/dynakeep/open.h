#pragma once

#include <memory>
#include <string_view>

#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"

namespace dynakeep {

// What a connection string leaves open, for either body.
struct OpenOptions {
  EmbeddedOptions embedded = {};
  RemoteOptions remote = {};
};

// Opens the database that a connection string names, so that a program changes bodies by a setting:
//
//   embedded:PATH         the embedded engine, its data in the folder PATH
//   memory:               the embedded engine, nothing on disk
//   http://HOST:PORT      a DynamoDB endpoint
//   https://HOST[:PORT]   the same, over TLS
//   dynamodb://REGION     Amazon DynamoDB in that region, such as eu-west-1, or where
//                         AWS_ENDPOINT_URL_DYNAMODB and the like point to; without REGION, in the
//                         region that the environment or the profile names
//
// invalid_argument, in one line: none of these; no folder; what is no region; a path, query or user
// in an address (credentials come from RemoteOptions or from where AWS keeps them, never from a
// string that ends up in logs; the line does not repeat them). Else as
// open_embedded and connect_remote.
Result<std::unique_ptr<Database>> open(std::string_view connection_string,
                                       const OpenOptions& options = {});

}  // namespace dynakeep
