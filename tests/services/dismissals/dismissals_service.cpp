#include "services/dismissals/dismissals_service.h"

#include <utility>

#include "contract/database_contract.h"
#include "dynakeep/embedded.h"

namespace dynakeep::contract {

namespace {

support::OwnedDatabase open_embedded_in_memory(const Clock& clock) {
  support::OwnedDatabase opened;
  opened.database = must(open_embedded({.in_memory = true, .clock = &clock}));
  return opened;
}

}  // namespace

DismissalsOverHttp::DismissalsOverHttp(DismissalStorage storage) {
  // Also what the server has to be given, if it serves nothing of it.
  opened_ = storage == DismissalStorage::remote ? must(support::open_remote_over_a_socket(clock_))
                                                : open_embedded_in_memory(clock_);
  if (storage == DismissalStorage::memory) {
    store_ = must(in_memory_dismissals({.clock = &clock_}));
  } else {
    auto table =
        must(dismissal_table(*opened_.database, {.table = "dismissible-items", .clock = &clock_}));
    must(table->create_table());
    store_ = std::move(table);
  }
  serve();
}

void DismissalsOverHttp::serve(DismissalsServiceOptions options) {
  client_.reset();
  server_.reset();
  options.serve_root = true;
  options.clock = &clock_;
  server_ =
      must(Server::start(*opened_.database, {.port = 0,
                                             .threads = 2,
                                             .services = {must(serve_dismissals(*store_, options))},
                                             .serve_protocol = false}));
  client_ = std::make_unique<support::HttpClient>("127.0.0.1", server_->port());
}

HttpAnswer DismissalsOverHttp::send(std::string_view method, std::string_view target,
                                    DismissalHeaders headers, std::string_view body) {
  return must(client_->request(method, target, headers, body));
}

HttpAnswer DismissalsOverHttp::post_json(std::string_view target, std::string_view body,
                                         DismissalHeaders headers) {
  headers.emplace_back("Content-Type", "application/json");
  return send("POST", target, std::move(headers), body);
}

HttpAnswer DismissalsOverHttp::batch(const std::vector<std::string>& ids) {
  std::vector<JsonDocument> elements;
  for (const std::string& id : ids) elements.push_back(JsonDocument::string(id));
  return post_json("/v1/users/u/items",
                   JsonDocument::object({{"items", JsonDocument::array(elements)}}).to_text());
}

HttpAnswer DismissalsOverHttp::bytes(std::string_view request) {
  support::HttpClient client("127.0.0.1", server_->port());
  return must(client.bytes(request));
}

std::string storage_name(const testing::TestParamInfo<DismissalStorage>& storage) {
  switch (storage.param) {
    case DismissalStorage::memory:
      return "memory";
    case DismissalStorage::embedded:
      return "embedded";
    case DismissalStorage::remote:
      return "remote";
  }
  return "unknown";
}

std::string shape_a(std::string_view message, int code) {
  return JsonDocument::object(
             {{"error",
               JsonDocument::object({{"message", JsonDocument::string(std::string(message))},
                                     {"code", JsonDocument::number(code)}})}})
      .to_text();
}

std::string shape_b(std::string_view message, int status) {
  return JsonDocument::object({{"statusCode", JsonDocument::number(status)},
                               {"message", JsonDocument::string(std::string(message))}})
      .to_text();
}

JsonDocument data_of(const HttpAnswer& answer) {
  EXPECT_EQ(answer.header("content-type"), "application/json; charset=utf-8");
  const auto document = JsonDocument::parse(answer.body);
  const JsonDocument* data = document ? document->find("data") : nullptr;
  if (data != nullptr) return *data;
  ADD_FAILURE() << "no data in " << answer.status << " " << answer.body;
  return {};
}

std::string member(const HttpAnswer& answer, std::string_view name) {
  const JsonDocument data = data_of(answer);
  const auto text_of = [name](const JsonDocument& object) {
    const JsonDocument* value = object.find(name);
    return value == nullptr ? std::string() : value->text();
  };
  if (!data.is_array()) return text_of(data);
  std::string all;
  for (const JsonDocument& element : data.elements()) {
    all += (&element == data.elements().data() ? "" : ",") + text_of(element);
  }
  return all;
}

}  // namespace dynakeep::contract
