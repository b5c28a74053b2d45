#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/database_contract.h"
#include "contract/kinds.h"
#include "dynakeep/clock.h"
#include "dynakeep/json_document.h"
#include "dynakeep/server.h"
#include "dynakeep/services/api_keys.h"
#include "dynakeep/services/versioned_collections.h"
#include "dynakeep/stores/versioned_collections.h"
#include "services/stoppable_database.h"
#include "support/http_client.h"

// The service behind a real server, on several kinds of Database, and what tests of it share.
namespace dynakeep::contract {

using support::HttpAnswer;
using Headers = support::HttpClient::Headers;

std::vector<Kind> service_kinds();

// The JSON of an answer's body, or of any text; null, and a failure, if it is none.
JsonDocument json_of(const HttpAnswer& answer);
JsonDocument json_of(std::string_view text);
// document["meta"]["version"], as text: strings without quotes, all else as JSON; "" for what is
// not there.
std::string text_at(const JsonDocument& document, std::initializer_list<std::string_view> names);
// The names of the resources in an array.
std::vector<std::string> names_of(const HttpAnswer& answer);

// The keys: "my-api-key" and "second-key" of test-app, "other-key" of other-app, "reader" (read
// alone), "writer" (reading and writing), "no-history" (all but history), "of-two" (user-1 and
// team-* alone), "purger" and, of other-app, "other-purger" (all), "of-user-2" (all, of
// that user); and for each permission "only-read" and "all-but-read".
class CollectionsService : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;

  // Starts over with the same tables; of users' names the slug counts, unless the store's options
  // say otherwise.
  void serve(VersionedCollectionsServiceOptions options = {});
  void serve_store(VersionedCollectionsOptions store_options,
                   VersionedCollectionsServiceOptions options = {});

  // With x-api-key: my-api-key, unless the headers have one; and Content-Type: application/json, if
  // there is a body and the headers have none. Each request is a second later than the one before.
  HttpAnswer send(std::string_view method, std::string_view target, Headers headers = {},
                  std::string_view body = {});
  // As it is, without a key.
  HttpAnswer send_bare(std::string_view method, std::string_view target,
                       const Headers& headers = {}, std::string_view body = {});
  HttpAnswer get(std::string_view target, Headers headers = {}) {
    return send("GET", target, std::move(headers));
  }
  HttpAnswer post(std::string_view target, std::string_view body, Headers headers = {}) {
    return send("POST", target, std::move(headers), body);
  }
  HttpAnswer put(std::string_view target, std::string_view body, Headers headers = {}) {
    return send("PUT", target, std::move(headers), body);
  }
  HttpAnswer remove(std::string_view target, Headers headers = {}) {
    return send("DELETE", target, std::move(headers));
  }

  // Creates one and returns its path: "/api/user/user-1/collection/…".
  std::string collection(std::string_view name = "posts", std::string_view user = "user-1");
  std::string entry(const std::string& collection, std::string_view body);

  VersionedCollections& store() { return *store_; }
  StoppableDatabase& database() { return *database_; }
  std::uint16_t port() const { return server_->port(); }
  Millis now() const;
  void tick(Millis by = 1000) { clock_.advance(std::chrono::milliseconds(by)); }
  ManualClock clock_;

 private:
  support::OwnedDatabase opened_;
  std::unique_ptr<StoppableDatabase> database_;
  std::unique_ptr<VersionedCollections> store_;
  std::shared_ptr<ApiKeys> keys_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<support::HttpClient> client_;
};

}  // namespace dynakeep::contract

#define ON_EVERY_SERVICE_KIND(suite)                                                      \
  INSTANTIATE_TEST_SUITE_P(Services, suite, testing::ValuesIn(contract::service_kinds()), \
                           contract::kind_name)
