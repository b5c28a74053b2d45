#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dynakeep/clock.h"
#include "dynakeep/json_document.h"
#include "dynakeep/server.h"
#include "dynakeep/services/dismissals.h"
#include "dynakeep/stores/dismissals.h"
#include "support/http_client.h"
#include "support/remote_databases.h"

// The dismissals service behind a real server, and what tests of it share.
namespace dynakeep::contract {

using support::HttpAnswer;
using DismissalHeaders = support::HttpClient::Headers;

enum class DismissalStorage { memory, embedded, remote };

// Served alone, as `dynakeep serve --dismissals-port` does. The clock stands still unless a test
// moves it.
class DismissalsOverHttp : public testing::Test {
 protected:
  DismissalsOverHttp() : DismissalsOverHttp(DismissalStorage::memory) {}
  explicit DismissalsOverHttp(DismissalStorage storage);

  // Starts the service anew, over the same items.
  void serve(DismissalsServiceOptions options = {});

  HttpAnswer send(std::string_view method, std::string_view target, DismissalHeaders headers = {},
                  std::string_view body = {});
  HttpAnswer get(std::string_view target, DismissalHeaders headers = {}) {
    return send("GET", target, std::move(headers));
  }
  HttpAnswer remove(std::string_view target, DismissalHeaders headers = {}) {
    return send("DELETE", target, std::move(headers));
  }
  HttpAnswer post(std::string_view target, DismissalHeaders headers = {}) {
    return send("POST", target, std::move(headers));
  }
  HttpAnswer post_json(std::string_view target, std::string_view body,
                       DismissalHeaders headers = {});
  // POST /v1/users/u/items of these ids.
  HttpAnswer batch(const std::vector<std::string>& ids);
  // As they are, on a connection of their own.
  HttpAnswer bytes(std::string_view request);

  void tick(std::chrono::milliseconds by = std::chrono::seconds(1)) { clock_.advance(by); }

  Dismissals& store() { return *store_; }
  Database& database() { return *opened_.database; }
  std::uint16_t port() const { return server_->port(); }
  Server& server() { return *server_; }

  ManualClock clock_{Time{std::chrono::sys_days{std::chrono::year{2024} / 1 / 15}} +
                     std::chrono::hours(10)};

 private:
  support::OwnedDatabase opened_;
  std::unique_ptr<Dismissals> store_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<support::HttpClient> client_;
};

// The same, with every storage.
class DismissalsOnEveryStorage : public DismissalsOverHttp,
                                 public testing::WithParamInterface<DismissalStorage> {
 protected:
  DismissalsOnEveryStorage() : DismissalsOverHttp(GetParam()) {}
};

std::string storage_name(const testing::TestParamInfo<DismissalStorage>& storage);

// {"error":{"message":"…","code":400}} and {"statusCode":400,"message":"…"}, as text.
std::string shape_a(std::string_view message, int code = 400);
std::string shape_b(std::string_view message, int status);

// The `data` of an answer, or a failure if it has none.
JsonDocument data_of(const HttpAnswer& answer);
// data[name], or the members of that name of all in the array, joined by commas.
std::string member(const HttpAnswer& answer, std::string_view name);

}  // namespace dynakeep::contract

#define ON_EVERY_DISMISSAL_STORAGE(suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                     \
      Storages, suite,                                                                          \
      testing::Values(contract::DismissalStorage::memory, contract::DismissalStorage::embedded, \
                      contract::DismissalStorage::remote),                                      \
      contract::storage_name)
