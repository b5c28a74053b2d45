#pragma once

#include <memory>

#include "dynakeep/credentials.h"
#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"

namespace dynakeep::support {

// The embedded engine in memory, served on a port that the system chose.
struct RemoteServer {
  explicit RemoteServer(ServerOptions options = {}) {
    options.port = 0;
    engine = open_embedded({.in_memory = true}).value();
    server = Server::start(*engine, options).value();
  }

  // How to reach it, whatever this machine's environment says.
  RemoteOptions reach() const {
    return {
        .endpoint = server->endpoint(),
        .region = "us-east-1",
        .credentials = fixed_credentials({.access_key_id = "key", .secret_access_key = "secret"}),
        .proxy = "none"};
  }
  std::unique_ptr<Database> connect() const { return connect_remote(reach()).value(); }

  std::unique_ptr<Database> engine;
  std::unique_ptr<Server> server;
};

// A table of that name with the partition key "key" of type S.
inline CreateTableRequest simple_table(std::string name) {
  return {.table_name = std::move(name),
          .attribute_definitions = std::vector<AttributeDefinition>{{"key", ScalarType::string}},
          .key_schema = KeySchema{{"key", KeyType::hash}},
          .billing_mode = BillingMode::pay_per_request};
}

}  // namespace dynakeep::support
