#include "support/remote_databases.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "dynakeep/credentials.h"
#include "dynakeep/embedded.h"
#include "dynakeep/remote.h"
#include "dynakeep/server.h"
#include "remote/ask_capabilities.h"
#include "remote/remote_database.h"
#include "server/request_handler.h"

namespace dynakeep::support {

namespace {

constexpr auto access_key_id = "AKIDEXAMPLE";
constexpr auto secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::shared_ptr<CredentialsProvider> signer() {
  return fixed_credentials(
      {.access_key_id = access_key_id, .secret_access_key = secret_access_key});
}

// What is under a remote database. Members die from the last to the first.
struct Engine {
  std::unique_ptr<Database> database = {};
  std::unique_ptr<server::RequestHandler> handler = {};
  std::unique_ptr<Server> server = {};
};

Result<std::shared_ptr<Engine>> open_engine(const Clock& clock) {
  auto engine = std::make_shared<Engine>();
  engine->database = TRY(open_embedded({.in_memory = true, .clock = &clock}));
  return engine;
}

class HandlerTransport final : public transport::Transport {
 public:
  explicit HandlerTransport(const server::RequestHandler& handler) : handler_(handler) {}

  Result<http::HttpResponse> send(const transport::Origin& to, const http::HttpRequest& request,
                                  transport::Deadline deadline) override {
    static_cast<void>(to);
    static_cast<void>(deadline);
    http::HttpResponse response = handler_.answer(request);
    if (response.late == nullptr) return response;
    return wait_for(*response.late);
  }

 private:
  // What a connection does with it, on this thread.
  static http::HttpResponse wait_for(http::LateAnswer& late) {
    struct Bell {
      std::mutex mutex;
      std::condition_variable changed;
      bool rung = false;
    };
    const auto bell = std::make_shared<Bell>();
    const auto until = std::chrono::steady_clock::now() + late.patience();
    for (;;) {
      auto answer = late.take([bell] {
        const std::lock_guard lock(bell->mutex);
        bell->rung = true;
        bell->changed.notify_all();
      });
      if (answer) return std::move(*answer);
      std::unique_lock lock(bell->mutex);
      if (!bell->changed.wait_until(lock, until, [&] { return bell->rung; })) late.finish();
      bell->rung = false;
    }
  }

  const server::RequestHandler& handler_;
};

Result<OwnedDatabase> remote_on(std::shared_ptr<Engine> engine,
                                std::unique_ptr<transport::Transport> transport,
                                const Clock& clock) {
  auto database = std::make_unique<remote::RemoteDatabase>(remote::RemoteParts{
      .credentials = signer(), .transport = std::move(transport), .clock = &clock});
  database->set_capabilities(TRY(remote::ask_capabilities(*database)));
  return OwnedDatabase{.under = std::move(engine), .database = std::move(database)};
}

}  // namespace

Result<OwnedDatabase> open_remote_in_process(const Clock& clock) {
  auto engine = TRY(open_engine(clock));
  engine->handler = std::make_unique<server::RequestHandler>(
      *engine->database,
      server::RequestHandlerOptions{
          .secrets = {{access_key_id, secret_access_key}}, .clock = &clock, .serve_admin = true});
  auto transport = std::make_unique<HandlerTransport>(*engine->handler);
  return remote_on(std::move(engine), std::move(transport), clock);
}

std::function<Result<OwnedDatabase>()> remotes_behind(const EngineFront& front) {
  const auto engine = std::make_shared<std::shared_ptr<Engine>>();  // once one is opened
  return [front, engine]() -> Result<OwnedDatabase> {
    if (!*engine) {
      auto opened = TRY(open_engine(system_clock()));
      opened->handler = std::make_unique<server::RequestHandler>(*opened->database,
                                                                 server::RequestHandlerOptions{});
      *engine = std::move(opened);
    }
    return remote_on(*engine, front(std::make_unique<HandlerTransport>(*(*engine)->handler)),
                     system_clock());
  };
}

Result<OwnedDatabase> open_remote_over_a_socket(const Clock& clock) {
  auto engine = TRY(open_engine(clock));
  engine->server =
      TRY(Server::start(*engine->database, {.port = 0,
                                            .threads = 2,
                                            .access_keys = {{access_key_id, secret_access_key}},
                                            .serve_admin = true,
                                            .clock = &clock}));
  auto database = TRY(connect_remote({.endpoint = engine->server->endpoint(),
                                      .credentials = signer(),
                                      .proxy = "none",
                                      .clock = &clock}));
  return OwnedDatabase{.under = std::move(engine), .database = std::move(database)};
}

}  // namespace dynakeep::support
