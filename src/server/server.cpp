#include "dynakeep/server.h"

#include <random>
#include <thread>
#include <utility>

#include "base/log.h"
#include "http/service.h"
#include "server/listener.h"
#include "server/request_handler.h"
#include "server/router.h"

namespace dynakeep {

namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

}  // namespace

// In the order of use: the listener, last, ends first.
struct Server::Running {
  Running(Database& database, const ServerOptions& options)
      : handler(database, {.secrets = options.access_keys,
                           .region = options.region,
                           .clock = options.clock,
                           .request_id_seed = random_seed(),
                           .serve_admin = options.serve_admin}),
        services(options.services),
        drain_timeout(options.drain_timeout) {}

  Result<void> mount(bool serve_protocol) {
    for (const auto& service : services) {
      // There is no other kind: see http/service.h.
      auto& mounted = static_cast<http::HttpService&>(*service);
      for (const std::string& path : mounted.paths()) {
        if (path == "/") root = &mounted;
        TRY(router.mount(path, [&mounted](const http::HttpRequest& request) {
          return mounted.answer(request);
        }));
      }
    }
    if (!serve_protocol) return {};
    return router.mount(
        "/", [this](const http::HttpRequest& request) { return handler.answer(request); });
  }

  server::RequestHandler handler;
  std::vector<std::shared_ptr<Service>> services;
  server::Router router;
  http::HttpService* root = nullptr;  // the service that takes every path no other does
  std::chrono::milliseconds drain_timeout;
  std::unique_ptr<server::Listener> listener;
};

Result<std::unique_ptr<Server>> Server::start(Database& database, const ServerOptions& options) {
  auto running = std::make_unique<Running>(database, options);
  Running* it = running.get();
  TRY(running->mount(options.serve_protocol));

  server::Application application{
      .answer = [it](const http::HttpRequest& request) { return it->router.answer(request); },
      .when_durable =
          [&database](std::uint64_t position, std::function<void(const Result<void>&)> done) {
            database.when_durable(position, std::move(done));
          },
      .not_durable = [it](const http::HttpResponse& held,
                          const Error& error) { return it->handler.not_durable(held, error); }};

  if (it->root != nullptr) {
    application.refusal = [it](int status) { return it->root->answer_no_request(status); };
  }

  server::ListenerOptions listening;
  listening.address = options.address;
  listening.port = options.port;
  listening.threads =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  listening.connections_max = options.connections_max;
  listening.memory_bytes_max = options.buffered_bytes_max;
  listening.loopback_only =
      options.serve_protocol && options.access_keys.empty() && !options.allow_unauthenticated;
  listening.worker.limits = {.header_bytes_max = options.header_bytes_max,
                             .body_bytes_max = options.body_bytes_max};
  listening.worker.patience = {.idle = options.idle_timeout,
                               .header = options.header_timeout,
                               .body = options.body_timeout,
                               .write = options.write_timeout};
  listening.worker.clock = options.clock;

  running->listener = TRY(server::Listener::start(std::move(application), std::move(listening)));
  base::log(LogLevel::info, "listening",
            {{"address", running->listener->bound_address()},
             {"access_keys", std::to_string(options.access_keys.size())}});
  return std::unique_ptr<Server>(new Server(std::move(running)));
}

Server::Server(std::unique_ptr<Running> running) : running_(std::move(running)) {}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return running_->listener->port(); }

std::string Server::endpoint() const { return "http://" + running_->listener->bound_address(); }

std::size_t Server::connection_count() const { return running_->listener->connection_count(); }

void Server::stop() { running_->listener->stop(running_->drain_timeout); }

}  // namespace dynakeep
