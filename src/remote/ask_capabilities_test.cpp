#include "remote/ask_capabilities.h"

#include <algorithm>
#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/error_json.h"

namespace dynakeep::remote {
namespace {

using testing::HasSubstr;

http::HttpResponse refusal(ErrorCode code, std::string message = "m") {
  const Error error(code, std::move(message));
  return {.status = wire::status_of(error), .body = wire::encode_error(error)};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// An engine that has no table, and answers as engines do.
struct Engine {
  std::string server = {};  // header; none if empty
  std::size_t actions_max = 100;
  bool empty_values = true;
  bool tags = true;
  // In place of the answer to an operation.
  std::function<std::optional<Result<http::HttpResponse>>(std::string_view operation)> instead = {};
};

class EngineTransport final : public transport::Transport {
 public:
  EngineTransport(Engine engine, std::set<std::string>& asked)
      : engine_(std::move(engine)), asked_(asked) {}

  Result<http::HttpResponse> send(const transport::Origin&, const http::HttpRequest& request,
                                  transport::Deadline) override {
    const std::string_view target = *request.headers.find("x-amz-target");
    const std::string_view operation = target.substr(target.find('.') + 1);
    asked_.emplace(operation);
    if (engine_.instead) {
      if (auto answer = engine_.instead(operation)) return *answer;
    }
    auto response = answer(operation, request.body);
    if (!engine_.server.empty()) response.headers.add("Server", engine_.server);
    return response;
  }

 private:
  http::HttpResponse answer(std::string_view operation, std::string_view body) const {
    if (operation == "ListTables") return {.body = R"({"TableNames":[]})"};
    if (operation == "TransactGetItems") {
      if (engine_.actions_max == 0) return refusal(ErrorCode::unknown_operation);
      if (count_of(body, "\"Get\"") > engine_.actions_max) return refusal(ErrorCode::validation);
    }
    if (operation == "BatchWriteItem" && !engine_.empty_values &&
        body.find(R"({"S":""})") != std::string_view::npos) {
      return refusal(ErrorCode::validation);
    }
    if (operation == "ListTagsOfResource" && !engine_.tags) {
      return refusal(ErrorCode::unknown_operation);
    }
    return refusal(ErrorCode::resource_not_found);
  }

  const Engine engine_;
  std::set<std::string>& asked_;
};

struct Asked {
  Result<Capabilities> capabilities;
  std::set<std::string> operations = {};
};

Asked ask(Engine engine) {
  std::set<std::string> operations;
  RemoteDatabase database(
      {.endpoint = {.host = "engine", .port = 8000},
       .credentials = fixed_credentials({.access_key_id = "a", .secret_access_key = "b"}),
       .transport = std::make_unique<EngineTransport>(std::move(engine), operations),
       .retry = {.attempts_max = 1}});
  auto capabilities = ask_capabilities(database);
  return {.capabilities = std::move(capabilities), .operations = std::move(operations)};
}

TEST(AskCapabilities, FindsAllOfThemInAnEngineThatHasThem) {
  EXPECT_EQ(ask({.server = "Dynakeep"}).capabilities.value(), Capabilities{});
}

TEST(AskCapabilities, FindsWhatAnEngineOfOursAnnounces) {
  const auto announces = [](std::string_view features) {
    return ask({.server = "Dynakeep",
                .instead =
                    [features](std::string_view operation) {
                      std::optional<Result<http::HttpResponse>> answer;
                      if (operation != "ListStreams") return answer;
                      http::HttpResponse response{.body = R"({"Streams":[]})"};
                      response.headers.add("X-Engine-Features", features);
                      answer = std::move(response);
                      return answer;
                    }})
        .capabilities.value();
  };
  EXPECT_EQ(announces("long-poll, positions, snapshots"),
            (Capabilities{.long_poll = true, .positions = true, .snapshots = true}));
  // Of later versions, and in another order.
  EXPECT_EQ(announces("time-travel,snapshots"), Capabilities{.snapshots = true});
  EXPECT_EQ(announces(""), Capabilities{});
}

TEST(AskCapabilities, FindsWhatAnEngineLacks) {
  const Capabilities local = ask({.server = "Jetty(8.1.12.v20130726)",
                                  .actions_max = 10,
                                  .empty_values = false,
                                  .tags = false})
                                 .capabilities.value();
  EXPECT_EQ(local, (Capabilities{.engine = "DynamoDB Local",
                                 .transactions = true,
                                 .transaction_actions_max = 10,
                                 .empty_values = false,
                                 .tags = false}));
  const Capabilities alternator =
      ask({.server = "Seastar httpd", .actions_max = 0}).capabilities.value();
  EXPECT_EQ(alternator, (Capabilities{.engine = "ScyllaDB Alternator",
                                      .transactions = false,
                                      .transaction_actions_max = 0}));
  EXPECT_EQ(ask({.actions_max = 25}).capabilities.value().transaction_actions_max, 25U);
}

TEST(AskCapabilities, CallsAnEngineWhatItSaysItIs) {
  EXPECT_EQ(ask({.server = "Dynoxide/1.2.1"}).capabilities.value().engine, "Dynoxide/1.2.1");
  EXPECT_EQ(ask({}).capabilities.value().engine, "unknown");
}

TEST(AskCapabilities, AsksOnlyWhatCanChangeNothing) {
  // The writes are to a table with a random name.
  EXPECT_EQ(ask({}).operations,
            (std::set<std::string>{"BatchWriteItem", "ListStreams", "ListTables",
                                   "ListTagsOfResource", "TransactGetItems", "UpdateTimeToLive"}));
}

TEST(AskCapabilities, TakesWhatTheCredentialsMayNotDoToBeThere) {
  const auto answered = ask({.instead = [](std::string_view) {
    return Result<http::HttpResponse>(refusal(ErrorCode::access_denied, "not authorized"));
  }});
  EXPECT_EQ(answered.capabilities.value(), Capabilities{.engine = "unknown"});
}

TEST(AskCapabilities, FailsWithoutCredentials) {
  class None final : public CredentialsProvider {
    Result<Credentials> credentials() override { return Error(ErrorCode::access_denied, "none"); }
  };
  std::set<std::string> operations;
  RemoteDatabase database({.credentials = std::make_shared<None>(),
                           .transport = std::make_unique<EngineTransport>(Engine{}, operations)});
  EXPECT_EQ(ask_capabilities(database).error().message(), "none");
  EXPECT_TRUE(operations.empty());
}

TEST(AskCapabilities, SaysInOneLineWhyAnEndpointIsNotADatabase) {
  const auto answering = [](http::HttpResponse response) {
    return ask({.instead = [response](std::string_view) {
      return std::optional<Result<http::HttpResponse>>(response);
    }});
  };
  const auto website = answering({.status = 404, .body = "<html>\n\t<title>404</title>"});
  ASSERT_FALSE(website.capabilities);
  EXPECT_EQ(website.capabilities.error().message(),
            "http://engine:8000 refuses to list tables: HTTP status 404 without a DynamoDB error: "
            "<html>");
  EXPECT_EQ(answering(refusal(ErrorCode::unrecognized_client, "unknown\nkey"))
                .capabilities.error()
                .message(),
            "http://engine:8000 refuses to list tables: unknown");
  EXPECT_EQ(answering(refusal(ErrorCode::unknown_operation, "")).capabilities.error().message(),
            "http://engine:8000 refuses to list tables: UnknownOperationException");
}

TEST(AskCapabilities, EndsWhenTheEndpointGoesAway) {
  for (const std::string_view last :
       {"ListTables", "TransactGetItems", "BatchWriteItem", "ListTagsOfResource"}) {
    const auto answered = ask({.instead = [last](std::string_view operation) {
      return operation == last ? std::optional<Result<http::HttpResponse>>(Error(
                                     ErrorCode::unavailable, "engine:8000: connection refused"))
                               : std::nullopt;
    }});
    ASSERT_FALSE(answered.capabilities) << last;
    EXPECT_EQ(answered.capabilities.error().code(), ErrorCode::unavailable);
    EXPECT_EQ(answered.capabilities.error().message(), "engine:8000: connection refused");
  }
}

}  // namespace
}  // namespace dynakeep::remote
