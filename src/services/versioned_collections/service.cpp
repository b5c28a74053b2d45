#include "http/service.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dynakeep/services/versioned_collections.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/change_feed.h"
#include "services/versioned_collections/openapi.h"
#include "services/versioned_collections/request_body.h"
#include "services/versioned_collections/route.h"

// From an HTTP request to a handler and back: what all routes have in common.
namespace dynakeep::services::collections {
namespace {

constexpr std::string_view every_method = "GET,HEAD,PUT,PATCH,POST,DELETE";
constexpr std::string_view exposed_headers =
    "ETag, Location, Link, X-Version, X-Revision, X-Next-Cursor, Retry-After";

// Asked by a browser before a script of another origin may send a key. Needs none itself.
http::HttpResponse preflight(const http::HttpRequest& request) {
  http::HttpResponse answer = empty_answer(204);
  answer.headers.add("Access-Control-Allow-Methods", every_method);
  if (const auto wanted = request.headers.find("access-control-request-headers")) {
    answer.headers.add("Access-Control-Allow-Headers", *wanted);
  }
  answer.headers.add("Vary", "Access-Control-Request-Headers");
  return answer;
}

void allow_other_origins(http::HttpResponse& answer) {
  answer.headers.add("Access-Control-Allow-Origin", "*");
  answer.headers.add("Access-Control-Expose-Headers", exposed_headers);
}

http::HttpResponse method_not_allowed(const std::vector<std::string_view>& methods) {
  std::string allowed;
  for (const std::string_view method : methods) {
    allowed.append(method).append(method == "GET" ? ", HEAD, " : ", ");
  }
  allowed += "OPTIONS";
  http::HttpResponse answer = empty_answer(405);
  answer.headers.add("Allow", allowed);
  return answer;
}

// Whether the key is good for the route and for whose data its path names.
bool may(const ApiKey& key, const Route& route, const ResourcePath& path) {
  if (route.permission && !key.may(*route.permission)) return false;
  const bool of_a_user = route.pattern.find("{user}") != std::string_view::npos;
  return !of_a_user || key.may_reach(slug(path.user));
}

// What happened, without what must not be in a log: keys, queries (in which some put their key) and
// bodies.
void note(const http::HttpRequest& request, const std::string& id, const ApiKey* key,
          const http::HttpResponse& answer, std::chrono::steady_clock::duration took) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took);
  base::log(LogLevel::info, "collections request",
            {{"request", id},
             {"method", request.method},
             {"path", std::string(request.path())},
             {"application", key != nullptr ? key->application : ""},
             {"key", key != nullptr ? key->name() : ""},
             {"status", std::to_string(answer.status)},
             {"microseconds", std::to_string(microseconds.count())}});
  if (!base::is_logged(LogLevel::debug)) return;
  const http::Headers& headers = request.headers;
  base::log(LogLevel::debug, "more of a collections request",
            {{"request", id},
             {"client", request.client_address},
             {"user_agent", std::string(headers.find("user-agent").value_or(""))},
             {"body_bytes", std::to_string(request.body.size())},
             {"answer_bytes", answer.source ? "streamed" : std::to_string(answer.body.size())}});
}

class CollectionsService final : public http::HttpService {
 public:
  CollectionsService(VersionedCollections& store, std::shared_ptr<ApiKeys> keys,
                     const VersionedCollectionsServiceOptions& options)
      : store_(store),
        keys_(std::move(keys)),
        options_(options),
        feed_(ChangeFeed::start([&store](const ResourcePath& collection, Millis since) {
          return read_changes(store, collection, since, 1000);
        })) {}

  std::vector<std::string> paths() const override {
    if (options_.serve_root) return {"/"};
    if (!options_.serve_health) return {"/api"};
    return {"/api", "/healthz", "/readyz"};
  }

  http::HttpResponse answer(const http::HttpRequest& request) override {
    const auto began = std::chrono::steady_clock::now();
    std::shared_ptr<const ApiKey> key;
    const std::string id = next_id();
    http::HttpResponse answer = respond(request, id, key);
    allow_other_origins(answer);
    if (base::is_logged(LogLevel::info)) {
      note(request, id, key.get(), answer, std::chrono::steady_clock::now() - began);
    }
    return answer;
  }

  http::HttpResponse answer_no_request(int status) const override {
    http::HttpResponse answer =
        status == 413 ? text_answer(status, "request entity too large") : empty_answer(status);
    allow_other_origins(answer);
    return answer;
  }

 private:
  http::HttpResponse respond(const http::HttpRequest& request, const std::string& id,
                             std::shared_ptr<const ApiKey>& key) {
    if (request.method == "OPTIONS") return preflight(request);
    if (request.method == "GET" || request.method == "HEAD") {
      if (request.path() == "/api/openapi.json") return openapi_answer(request);
      if (options_.serve_health && request.path() == "/healthz") {
        return json_answer(200, R"({"status":"ok"})");
      }
      if (options_.serve_health && request.path() == "/readyz") return readiness();
    }
    const auto secret = request.headers.find("x-api-key");
    if (secret && !secret->empty()) key = keys_->find(*secret);
    if (!key) return empty_answer(401);

    auto matched = match(request.method, request.path());
    if (!matched) return text_answer(400, "Error: Failed to decode the path");
    if (matched->route == nullptr) {
      return matched->allowed.empty() ? empty_answer(404) : method_not_allowed(matched->allowed);
    }
    const Route& route = *matched->route;
    Call call{.request = request,
              .route = route,
              .store = store_,
              .feed = *feed_,
              .options = options_,
              .key = *key,
              .id = id,
              .path = {.application = key->application,
                       .user = std::move(matched->user),
                       .collection = std::move(matched->collection),
                       .entry = std::move(matched->entry)},
              .version = std::move(matched->version),
              .query = http::QueryString(request.query())};
    if (!may(*key, route, call.path)) {
      return refusal(call, 403, "forbidden", "The key is not good for this");
    }
    ParsedBody body =
        parse_body(request, route.body_type,
                   route.body_bytes_max != 0 ? route.body_bytes_max : options_.body_bytes_max);
    if (body.status != 0) {
      if (route.errors == ErrorForm::text) return text_answer(body.status, body.message);
      return refusal(call, body.status, "invalid", body.message);
    }
    call.body = std::move(body.document);
    http::HttpResponse answer = route.handle(call);
    // (A batch of which some came to nothing, and a restore that failed half-way, have written too;
    // one reading too many is the worst that comes of it.)
    if (request.method != "GET" && request.method != "HEAD" && !call.path.collection.empty()) {
      feed_->changed(call.path);
    }
    return answer;
  }

  http::HttpResponse readiness() {
    const auto ready = store_.tables_are_ready();
    if (ready && *ready) return json_answer(200, R"({"status":"ready"})");
    return json_answer(503, R"({"status":"not ready"})");
  }

  // Told apart from those of other runs.
  std::string next_id() {
    return first_id_ + "-" + std::to_string(requests_.fetch_add(1, std::memory_order_relaxed));
  }

  VersionedCollections& store_;
  const std::shared_ptr<ApiKeys> keys_;
  const VersionedCollectionsServiceOptions options_;
  const std::unique_ptr<ChangeFeed> feed_;
  const std::string first_id_ = std::to_string(std::random_device()());
  std::atomic<std::uint64_t> requests_{0};
};

}  // namespace
}  // namespace dynakeep::services::collections

namespace dynakeep {

std::shared_ptr<Service> serve_versioned_collections(
    VersionedCollections& store, std::shared_ptr<ApiKeys> keys,
    const VersionedCollectionsServiceOptions& options) {
  return std::make_shared<services::collections::CollectionsService>(store, std::move(keys),
                                                                     options);
}

}  // namespace dynakeep
