// The same database for every DynamoDB client: a server in the program.

#include "dynakeep/server.h"

#include <iostream>

#include "dynakeep/embedded.h"

using namespace dynakeep;

int main() {
  const auto database = open_embedded({.in_memory = true});
  if (!database) {
    std::cerr << database.error() << '\n';
    return 1;
  }
  const auto server = Server::start(**database, {.port = 0});
  if (!server) {
    std::cerr << server.error() << '\n';
    return 1;
  }
  std::cout << "aws dynamodb list-tables --endpoint-url http://127.0.0.1:" << (*server)->port()
            << '\n';
}
