#include "services/versioned_collections/collections_service.h"

#include <algorithm>
#include <utility>

#include "http/message.h"
#include "services/versioned_collections/described_answers.h"

namespace dynakeep::contract {
namespace {

bool has(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) {
    return http::equal_ignoring_case(header.first, name);
  });
}

constexpr ApiPermission every_permission[] = {ApiPermission::read, ApiPermission::write,
                                              ApiPermission::remove, ApiPermission::history,
                                              ApiPermission::purge};

ApiPermissions all_permissions() {
  ApiPermissions all;
  for (const ApiPermission permission : every_permission) all.add(permission);
  return all;
}

}  // namespace

std::vector<Kind> service_kinds() {
  std::vector<Kind> some;
  for (const Kind& kind : kinds()) {
    if (kind.name == "embedded_in_memory" || kind.name == "remote_in_process") some.push_back(kind);
  }
  return some;
}

JsonDocument json_of(std::string_view text) {
  auto parsed = JsonDocument::parse(text);
  if (parsed) return std::move(*parsed);
  ADD_FAILURE() << parsed.error() << ": " << text;
  return {};
}

JsonDocument json_of(const HttpAnswer& answer) {
  EXPECT_EQ(answer.header("content-type"), "application/json; charset=utf-8");
  return json_of(answer.body);
}

std::string text_at(const JsonDocument& document, std::initializer_list<std::string_view> names) {
  const JsonDocument* at = &document;
  for (const std::string_view name : names) {
    at = at->find(name);
    if (at == nullptr) return {};
  }
  return at->is_string() ? at->text() : at->to_text();
}

std::vector<std::string> names_of(const HttpAnswer& answer) {
  std::vector<std::string> names;
  const JsonDocument array = json_of(answer);
  for (const JsonDocument& each : array.elements()) names.push_back(text_at(each, {"name"}));
  return names;
}

void CollectionsService::SetUp() {
  opened_ = must(GetParam().open());
  database_ = std::make_unique<StoppableDatabase>(*opened_.database);
  std::vector<ApiKeyRecord> records = {
      {.key = "my-api-key", .scope = {.application = "test-app"}},
      {.key = "second-key", .scope = {.application = "test-app", .label = "ci"}},
      {.key = "other-key", .scope = {.application = "other-app"}},
      {.key = "reader", .scope = {.application = "test-app", .permissions = {ApiPermission::read}}},
      {.key = "no-history",
       .scope = {.application = "test-app",
                 .permissions = {ApiPermission::read, ApiPermission::write,
                                 ApiPermission::remove}}},
      {.key = "writer",
       .scope = {.application = "test-app",
                 .permissions = {ApiPermission::read, ApiPermission::write}}},
      {.key = "of-two", .scope = {.application = "test-app", .users = {"user-1", "team-*"}}},
      {.key = "purger", .scope = {.application = "test-app", .permissions = all_permissions()}},
      {.key = "other-purger",
       .scope = {.application = "other-app", .permissions = all_permissions()}},
      {.key = "of-user-2",
       .scope = {.application = "test-app", .permissions = all_permissions(), .users = {"user-2"}}},
  };
  for (const ApiPermission permission : every_permission) {
    ApiPermissions others;
    for (const ApiPermission other : every_permission) {
      if (other != permission) others.add(other);
    }
    const std::string name(to_string(permission));
    records.push_back(
        {.key = "only-" + name, .scope = {.application = "test-app", .permissions = {permission}}});
    records.push_back(
        {.key = "all-but-" + name, .scope = {.application = "test-app", .permissions = others}});
  }
  keys_ = must(ApiKeys::of(records));
  serve();
}

void CollectionsService::serve(VersionedCollectionsServiceOptions options) {
  serve_store({.name_policy = NamePolicy::slug}, options);
}

void CollectionsService::serve_store(VersionedCollectionsOptions store_options,
                                     VersionedCollectionsServiceOptions options) {
  client_.reset();
  server_.reset();
  store_options.clock = &clock_;
  store_ = must(VersionedCollections::create(*database_, std::move(store_options)));
  must(store_->prepare_tables());
  options.serve_root = true;
  server_ = must(
      Server::start(*database_, {.port = 0,
                                 .threads = 2,
                                 .services = {serve_versioned_collections(*store_, keys_, options)},
                                 .serve_protocol = false}));
  client_ = std::make_unique<support::HttpClient>("127.0.0.1", server_->port());
}

HttpAnswer CollectionsService::send(std::string_view method, std::string_view target,
                                    Headers headers, std::string_view body) {
  if (!has(headers, "x-api-key")) headers.emplace_back("x-api-key", "my-api-key");
  if (!body.empty() && !has(headers, "content-type")) {
    headers.emplace_back("Content-Type", "application/json;charset=utf-8");
  }
  return send_bare(method, target, headers, body);
}

HttpAnswer CollectionsService::send_bare(std::string_view method, std::string_view target,
                                         const Headers& headers, std::string_view body) {
  tick();
  HttpAnswer answer = must(client_->request(method, target, headers, body));
  expect_described(method, target, headers, body, answer);
  return answer;
}

std::string CollectionsService::collection(std::string_view name, std::string_view user) {
  std::string body =
      JsonDocument::object({{"name", JsonDocument::string(std::string(name))}}).to_text();
  const HttpAnswer created = post("/api/user/" + std::string(user) + "/collection", body);
  EXPECT_EQ(created.status, 201) << created.body;
  return created.header("location");
}

std::string CollectionsService::entry(const std::string& collection, std::string_view body) {
  const HttpAnswer created = post(collection + "/entry", body);
  EXPECT_EQ(created.status, 201) << created.body;
  return created.header("location");
}

Millis CollectionsService::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(clock_.now()).time_since_epoch().count();
}

}  // namespace dynakeep::contract
