// A consumer whose server is reached through something that answers in its place, or damages what
// it answers: what cannot be read is asked for again, and nothing is lost.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dynakeep/engine_admin.h"
#include "dynakeep/stores/stream_consumer.h"
#include "faults/world.h"
#include "remote/remote_database.h"
#include "server/request_handler.h"
#include "streams/stepping.h"
#include "transport/transport.h"

namespace dynakeep::faults {
namespace {

using namespace std::chrono_literals;

enum class Answered { html, bad_gateway, cut_json, wrong_checksum };
std::string name_of(const testing::TestParamInfo<Answered>& param) {
  switch (param.param) {
    case Answered::html:
      return "WithAPage";
    case Answered::bad_gateway:
      return "WithAPageAnd502";
    case Answered::cut_json:
      return "WithHalfOfTheJson";
    case Answered::wrong_checksum:
      return "WithAnotherChecksum";
  }
  return "";
}

// Whether this answer to the operation is to be damaged.
using Breaks = std::function<bool(std::string_view operation)>;

// What a load balancer, or a proxy with a page to log in at, makes of answers.
class DamagingTransport final : public transport::Transport {
 public:
  DamagingTransport(const server::RequestHandler& handler, Answered how, Breaks breaks)
      : handler_(handler), how_(how), breaks_(std::move(breaks)) {}

  Result<http::HttpResponse> send(const transport::Origin&, const http::HttpRequest& request,
                                  transport::Deadline) override {
    http::HttpResponse response = handler_.answer(request);
    const std::string_view target = request.headers.find("X-Amz-Target").value_or("");
    if (!breaks_(target.substr(target.find('.') + 1))) return response;
    if (how_ == Answered::cut_json) {
      response.body.resize(response.body.size() / 2);
      return response;
    }
    return http::HttpResponse{.status = how_ == Answered::html ? 200 : 502,
                              .body = "<html><body>Please log in</body></html>"};
  }

 private:
  const server::RequestHandler& handler_;
  const Answered how_;
  const Breaks breaks_;
};

class UnreadableAnswers : public testing::TestWithParam<Answered> {
 protected:
  UnreadableAnswers() {
    create_table(*engine);
    arn =
        engine
            ->update_table({.table_name = "Table",
                            .stream_specification =
                                StreamSpecification{.stream_enabled = true,
                                                    .stream_view_type = StreamViewType::new_image}})
            .value()
            .table_description.latest_stream_arn.value();
    const Breaks breaks = [this](std::string_view operation) {
      const auto found = to_break.find(operation);
      return found != to_break.end() && found->second.fetch_sub(1) > 0;
    };
    // To call again is the consumer's affair here.
    if (GetParam() == Answered::wrong_checksum) {
      server = serve(*engine);
      auto started = support::FaultProxy::start(
          server->port(), [breaks](const support::ProxiedRequest& request) {
            return support::FaultPlan{.fault = breaks(request.operation)
                                                   ? support::Fault::wrong_checksum
                                                   : support::Fault::none};
          });
      EXPECT_TRUE(started) << started.error();
      proxy = std::move(*started);
      RemoteOptions options = remote_options(proxy->endpoint());
      options.attempts_max = 1;
      remote = connect(options);
    } else {
      handler = std::make_unique<server::RequestHandler>(*engine, server::RequestHandlerOptions{});
      remote = std::make_unique<remote::RemoteDatabase>(remote::RemoteParts{
          .credentials = remote_options("").credentials,
          .transport = std::make_unique<DamagingTransport>(*handler, GetParam(), breaks),
          .retry = {.attempts_max = 1}});
    }
  }

  // Three changes, a roll of the shard, and three more.
  void change_and_roll() {
    for (int i = 0; i < 6; ++i) {
      ASSERT_TRUE(
          engine->put_item({.table_name = "Table", .item = Item{{"id", "a"}, {"n", ++changes}}}));
      if (i == 2) {
        ASSERT_TRUE(engine->admin()->roll_shards({.stream_arn = arn}));
      }
    }
  }
  void break_next(std::string_view operation, int answers) {
    to_break.find(operation)->second = answers;
  }
  void go_on(std::chrono::seconds span) {
    const auto gone_on = streams::go_on(*consumer, clock, span);
    ASSERT_TRUE(gone_on) << gone_on.error();
    ASSERT_TRUE(*gone_on);
  }

  std::unique_ptr<Database> engine = open_in_memory();
  std::unique_ptr<server::RequestHandler> handler;
  std::unique_ptr<Server> server;
  std::unique_ptr<support::FaultProxy> proxy;
  std::unique_ptr<Database> remote;
  std::map<std::string, std::atomic<int>, std::less<>> to_break;  // answers to an operation
  std::string arn;
  int changes = 0;
  ManualClock clock{
      std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now())};
  std::mt19937_64 random{1};
  std::unique_ptr<StreamCheckpoints> checkpoints = make_in_memory_stream_checkpoints();
  std::vector<int> handled;
  std::map<StreamEvent::Kind, int> events;
  std::unique_ptr<StreamConsumer> consumer;
};

// The acceptance scenario F3.
TEST_P(UnreadableAnswers, F3AreAskedForAgain) {
  const std::vector<std::string> operations = {"DescribeStream", "GetShardIterator", "GetRecords"};
  for (const std::string& operation : operations) to_break[operation] = 0;
  consumer = StreamConsumer::open(
                 *remote, *checkpoints,
                 {.stream_arn = arn,
                  .group = "g",
                  .on_gap =
                      [](const StreamGap& gap) {
                        ADD_FAILURE() << "A gap though nothing was lost: " << to_text(gap.kind);
                        return StreamGapAnswer::go_on;
                      },
                  .on_event = [this](const StreamEvent& event) { ++events[event.kind]; },
                  .clock = &clock,
                  .now = [this] { return streams::moment_of(clock); },
                  .random = [this] { return random(); }},
                 [this](const StreamBatch& batch) {
                   for (const ChangeRecord& record : batch.records) {
                     const Number& number = record.dynamodb.new_image->at("n").as_number();
                     handled.push_back(static_cast<int>(number.to_int64().value()));
                   }
                   return StreamOutcome::ok();
                 })
                 .value();
  ASSERT_TRUE(consumer->start());
  std::vector<int> wanted;
  const auto expect_all = [&] {
    while (wanted.size() < static_cast<std::size_t>(changes)) {
      wanted.push_back(static_cast<int>(wanted.size()) + 1);
    }
    EXPECT_EQ(handled, wanted);
  };
  for (const std::string& operation : operations) {
    SCOPED_TRACE(operation);
    const std::uint64_t errors_before = consumer->figures().errors;
    break_next(operation, 3);
    change_and_roll();
    go_on(3min);
    expect_all();
    EXPECT_LE(to_break[operation], 0);
    EXPECT_GE(consumer->figures().errors, errors_before + 3);
  }
  // All of them, for longer than a minute.
  for (const std::string& operation : operations) break_next(operation, 1'000'000);
  change_and_roll();
  go_on(3min);
  EXPECT_EQ(handled, wanted);
  EXPECT_GE(events[StreamEvent::Kind::degraded], 1);
  for (const std::string& operation : operations) break_next(operation, 0);
  go_on(1min);
  expect_all();
  EXPECT_EQ(events[StreamEvent::Kind::recovered], 1);
}

INSTANTIATE_TEST_SUITE_P(, UnreadableAnswers,
                         testing::Values(Answered::html, Answered::bad_gateway, Answered::cut_json,
                                         Answered::wrong_checksum),
                         name_of);

}  // namespace
}  // namespace dynakeep::faults
