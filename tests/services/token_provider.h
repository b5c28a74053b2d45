#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "contract/database_contract.h"
#include "dynakeep/server.h"
#include "http/service.h"

namespace dynakeep::contract {

// An OpenID provider on a loopback port, that is really asked.
class TokenProvider {
 public:
  // The server wants a database, and serves nothing of it.
  explicit TokenProvider(Database& unused) {
    server_ = must(Server::start(
        unused, {.port = 0, .threads = 1, .services = {service_}, .serve_protocol = false}));
    service_->endpoint = server_->endpoint();
  }

  std::string endpoint() const { return service_->endpoint; }
  std::string well_known_url() const { return endpoint() + "/.well-known/openid-configuration"; }
  void stop() { server_.reset(); }

  void set_keys(const std::vector<std::string>& jwks) {
    std::string all;
    for (const std::string& jwk : jwks) all.append(all.empty() ? "" : ",").append(jwk);
    const std::lock_guard lock(service_->mutex);
    service_->keys = R"({"keys":[)" + all + "]}";
  }
  // How often the keys were asked for.
  int fetches() const {
    const std::lock_guard lock(service_->mutex);
    return service_->fetches;
  }

 private:
  struct Answers final : http::HttpService {
    std::vector<std::string> paths() const override { return {"/"}; }
    http::HttpResponse answer(const http::HttpRequest& request) override {
      const std::lock_guard lock(mutex);
      if (request.target == "/.well-known/openid-configuration") {
        return {.body = R"({"jwks_uri":")" + endpoint + R"(/keys"})"};
      }
      if (request.target != "/keys") return {.status = 404};
      ++fetches;
      return {.body = keys};
    }

    mutable std::mutex mutex;
    std::string endpoint = {};
    std::string keys = R"({"keys":[]})";
    int fetches = 0;
  };

  std::shared_ptr<Answers> service_ = std::make_shared<Answers>();
  std::unique_ptr<Server> server_;
};

}  // namespace dynakeep::contract
