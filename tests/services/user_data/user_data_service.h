#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "dynakeep/services/user_data.h"
#include "dynakeep/stores/user_data.h"
#include "services/versioned_collections/collections_service.h"

// The user data service behind a real server, and what tests of it share.
namespace dynakeep::contract {

inline const std::string user_path = "/v1/users/user-1/data";

class UserDataOverHttp : public testing::Test {
 protected:
  void open(const Kind& kind) {
    opened_ = must(kind.open());
    database_ = std::make_unique<StoppableDatabase>(*opened_.database);
  }
  void serve(UserDataOptions options, UserDataServiceOptions service = {}) {
    client_.reset();
    server_.reset();
    options.table.name = "Users";
    options.clock = &clock_;
    options.wait = [](std::chrono::milliseconds) {};
    store_ = must(UserDataStore::create(*database_, std::move(options)));
    server_ = must(Server::start(*database_, {.port = 0,
                                              .threads = 2,
                                              .services = {must(serve_user_data(*store_, service))},
                                              .serve_protocol = false}));
    client_ = std::make_unique<support::HttpClient>("127.0.0.1", server_->port());
  }

  HttpAnswer send(std::string_view method, std::string_view target, Headers headers = {},
                  std::string_view body = {}) {
    clock_.advance(std::chrono::seconds(1));
    return must(client_->request(method, target, headers, body));
  }
  HttpAnswer get(std::string_view target = user_path, Headers headers = {}) {
    return send("GET", target, std::move(headers));
  }
  HttpAnswer put(std::string_view body, Headers headers = {}, std::string_view target = user_path) {
    headers.emplace_back("Content-Type", "application/json; charset=utf-8");
    return send("PUT", target, std::move(headers), body);
  }
  HttpAnswer patch(std::string_view body, Headers headers = {},
                   std::string_view target = user_path) {
    headers.emplace_back("Content-Type", "application/merge-patch+json");
    return send("PATCH", target, std::move(headers), body);
  }
  void expect_refusal(const HttpAnswer& answer, int status, const std::string& message) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(text_at(json_of(answer), {"error", "message"}), testing::HasSubstr(message));
    EXPECT_EQ(text_at(json_of(answer), {"error", "code"}), std::to_string(status));
  }

  ManualClock clock_;
  support::OwnedDatabase opened_;
  std::unique_ptr<StoppableDatabase> database_;
  std::unique_ptr<UserDataStore> store_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<support::HttpClient> client_;
};

}  // namespace dynakeep::contract
