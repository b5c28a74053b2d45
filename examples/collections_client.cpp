// Posts of a user on a server of versioned collections: kept, changed and brought back over HTTP.

#include <iostream>

#include "dynakeep/clients/versioned_collections.h"
#include "dynakeep/open.h"
#include "dynakeep/server.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/services/versioned_collections.h"

using namespace dynakeep;

Result<void> use(const CollectionsClient& store) {
  const RemoteCollection posts = TRY(store.create("user-1", {.name = "posts"}));
  RemoteEntry post = TRY(posts.add({.name = "hello", .value = R"({"stars":1})"}));

  // Only if nobody was quicker; the post knows the version that it is at.
  TRY(post.update({.value = R"({"stars":2})"},
                  {.if_match = post.tag(), .actor = "nina", .comment = "well liked"}));
  const auto stale = posts.entry(post.id()).update({.value = R"({"stars":9})"},
                                                   {.if_match = StateTag{.version = 1}});
  if (!stale) std::cout << "refused: " << server_answer(stale.error())->status << '\n';

  for (const VersionRecord& version : TRY(post.history()).versions) {
    std::cout << version.revision.value_or(0) << ' ' << *version.value;
    std::cout << (version.comment.empty() ? "" : ": " + version.comment) << '\n';
  }
  TRY(post.destroy());
  TRY(post.restore(VersionReference::revision(1)));
  const RemoteEntry found = TRY(posts.fetch_entry("hello"));
  std::cout << found.name() << " is back at revision " << found.revision().value_or(0) << '\n';
  return {};
}

// A server in this program, for the example; `dynakeep serve --collections` is one of its own.
Result<void> run() {
  const auto database = TRY(open("memory:"));
  const auto store = TRY(VersionedCollections::create(*database));
  TRY(store->prepare_tables());
  const auto keys = TRY(ApiKeys::of({{.key = "my-api-key", .scope = {.application = "my-app"}}}));
  const auto server = TRY(Server::start(
      *database, {.port = 0, .services = {serve_versioned_collections(*store, keys)}}));
  return use(TRY(
      CollectionsClient::create({.base_url = "http://127.0.0.1:" + std::to_string(server->port()),
                                 .api_key = "my-api-key"})));
}

int main() {
  const auto done = run();
  if (!done) std::cerr << done.error() << '\n';
  return done ? 0 : 1;
}
