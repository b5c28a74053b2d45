#include "spec/subjects.h"

#include <cstdlib>

#include "dynakeep/clock.h"
#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"
#include "http/message.h"
#include "server/request_handler.h"
#include "support/http_client.h"
#include "support/remote_databases.h"

namespace dynakeep::spec {

namespace {

// Members die from the last to the first: whoever uses a thing before the thing.
struct Opened {
  ManualClock clock;
  std::unique_ptr<Database> database = {};
  std::unique_ptr<server::RequestHandler> handler = {};
  std::unique_ptr<Server> server = {};
  std::unique_ptr<support::HttpClient> client = {};
};

Result<std::shared_ptr<Opened>> open_engine() {
  auto opened = std::make_shared<Opened>();
  opened->database = TRY(open_embedded({.in_memory = true, .clock = &opened->clock}));
  return opened;
}

Result<wire::Reply> post(support::HttpClient& client, std::string_view operation,
                         std::string_view body) {
  auto answer = TRY(client.operation(operation, body));
  return wire::Reply{.status = answer.status, .body = std::move(answer.body)};
}

// Decodes the request, calls the database, and encodes its answer.
Subject subject_of(std::string name, Database& database) {
  Subject subject{.name = std::move(name)};
  subject.send = [&database](std::string_view called,
                             std::string_view body) -> Result<wire::Reply> {
    const auto* operation = wire::find_operation(called);
    if (operation == nullptr) return wire::error_reply(Error(ErrorCode::unknown_operation, ""));
    return wire::answer(*operation, database, body);
  };
  return subject;
}

Result<OwnedSubject> open_embedded_subject() {
  auto opened = TRY(open_engine());
  auto subject = subject_of("embedded", *opened->database);
  subject.clock = &opened->clock;
  return OwnedSubject{.subject = std::move(subject), .owner = std::move(opened)};
}

// The remote body, and the clock of both its sides.
struct OpenedRemote {
  ManualClock clock;
  support::OwnedDatabase remote = {};
};

template <typename Open>
Result<OwnedSubject> open_remote(const std::string& name, Open open) {
  auto opened = std::make_shared<OpenedRemote>();
  opened->remote = TRY(open(opened->clock));
  auto subject = subject_of(name, *opened->remote.database);
  subject.clock = &opened->clock;
  subject.remote = true;
  return OwnedSubject{.subject = std::move(subject), .owner = std::move(opened)};
}

Result<OwnedSubject> open_handler() {
  auto opened = TRY(open_engine());
  opened->handler = std::make_unique<server::RequestHandler>(
      *opened->database, server::RequestHandlerOptions{.clock = &opened->clock});
  Subject subject{.name = "handler", .clock = &opened->clock};
  subject.send = [handler = opened->handler.get()](std::string_view operation,
                                                   std::string_view body) -> Result<wire::Reply> {
    http::HttpRequest request{.method = "POST", .target = "/", .body = std::string(body)};
    for (const auto& [name, value] : support::operation_headers(operation)) {
      request.headers.add(name, value);
    }
    auto response = handler->answer(request);
    return wire::Reply{.status = response.status, .body = std::move(response.body)};
  };
  return OwnedSubject{.subject = std::move(subject), .owner = std::move(opened)};
}

Result<OwnedSubject> open_socket() {
  auto opened = TRY(open_engine());
  opened->server =
      TRY(Server::start(*opened->database, {.port = 0, .threads = 1, .clock = &opened->clock}));
  opened->client = std::make_unique<support::HttpClient>("127.0.0.1", opened->server->port());
  Subject subject{.name = "socket", .clock = &opened->clock};
  subject.send = [client = opened->client.get()](std::string_view operation,
                                                 std::string_view body) {
    return post(*client, operation, body);
  };
  return OwnedSubject{.subject = std::move(subject), .owner = std::move(opened)};
}

}  // namespace

const std::vector<std::string>& our_subjects() {
  static const std::vector<std::string> all{"embedded", "handler", "socket", "remote_in_process",
                                            "remote"};
  return all;
}

Result<OwnedSubject> open_ours(const std::string& way) {
  if (way == "embedded") return open_embedded_subject();
  if (way == "handler") return open_handler();
  if (way == "socket") return open_socket();
  if (way == "remote_in_process") return open_remote(way, support::open_remote_in_process);
  if (way == "remote") return open_remote(way, support::open_remote_over_a_socket);
  return Error(ErrorCode::invalid_argument, "there is no way '" + way + "' to the engine");
}

Result<OwnedSubject> connect_to(const std::string& url) {
  constexpr std::string_view scheme = "http://";
  const auto colon = url.rfind(':');
  if (url.rfind(scheme, 0) != 0 || colon < scheme.size()) {
    return Error(ErrorCode::invalid_argument, "not http://HOST:PORT: " + url);
  }
  const auto host = url.substr(scheme.size(), colon - scheme.size());
  const auto port = std::strtoul(url.c_str() + colon + 1, nullptr, 10);
  auto client = std::make_shared<support::HttpClient>(host, static_cast<std::uint16_t>(port));
  Subject subject{.name = url, .ours = false, .lasting = true};
  subject.send = [client = client.get()](std::string_view operation, std::string_view body) {
    return post(*client, operation, body);
  };
  return OwnedSubject{.subject = std::move(subject), .owner = std::move(client)};
}

Result<OwnedSubject> connect_remotely_to(const std::string& url) {
  std::shared_ptr<Database> database = TRY(connect_remote({.endpoint = url, .proxy = "none"}));
  auto subject = subject_of(url, *database);
  if (!database->capabilities().transactions) {
    subject.lacks.insert({"TransactGetItems", "TransactWriteItems"});
  }
  if (!database->capabilities().tags) {
    subject.lacks.insert({"TagResource", "UntagResource", "ListTagsOfResource"});
  }
  subject.ours = false;
  subject.remote = true;
  subject.lasting = true;
  return OwnedSubject{.subject = std::move(subject), .owner = std::move(database)};
}

}  // namespace dynakeep::spec
