#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pacing.h"
#include "dynakeep/clients/versioned_collections.h"
#include "dynakeep/clock.h"
#include "http/message.h"
#include "transport/attempts.h"
#include "transport/transport.h"

// From a call to an answer of status 2xx, with as many attempts as it takes. Knows what may be sent
// twice and what a status means, and nothing of collections.
namespace dynakeep::clients {

// Where a client's requests go, and what all copies of it share.
struct Endpoint {
  transport::Origin origin = {};
  std::string base_path = {};  // "/api"
  std::unique_ptr<transport::Transport> transport = {};
  transport::RetryOptions retry = {};
  std::string user_agent = {};
  const Clock* clock = &system_clock();  // for a Retry-After that is a date
  base::Pacing* pacing = &base::system_pacing();
  transport::RetryBudget budget = {};
};

// The path that requests go to: that of `api` relative to the URL (RFC 3986, 5.2), which is how
// dynamodb-mini's client has it. "/prefix/x?y" gives "/prefix/api".
std::string base_path_of(std::string_view target);

struct Call {
  std::string method = "GET";
  std::string path = {};   // below the base path, percent-encoded: "/user/u/collection"
  std::string query = {};  // without '?'
  std::string body = {};   // empty: none
  std::string_view content_type = "application/json";
  std::vector<std::pair<std::string_view, std::string>> headers = {};

  bool is_write = false;
  bool may_repeat = false;           // doing it twice is doing it once
  std::vector<int> also_taken = {};  // statuses beside 2xx that are an answer
  std::optional<std::chrono::milliseconds> timeout = {};
  std::chrono::milliseconds held{0};  // how long the server may take on purpose
};

// Appends "name=value", percent-encoded.
void add_parameter(Call& call, std::string_view name, std::string_view value);

class Exchange {
 public:
  // invalid_argument: a key that cannot be in a header.
  static Result<Exchange> create(std::shared_ptr<Endpoint> endpoint, std::string api_key);

  // The answer, of status 2xx or one that is taken. Errors are those of CollectionsClient.
  Result<http::HttpResponse> send(const Call& call) const;

  // The error that an answer of another status is.
  Error failure(const Call& call, const http::HttpResponse& answer) const;
  // An error about the call, with its request line before the message.
  Error error(ErrorCode code, const Call& call, std::string_view what) const;

  const std::shared_ptr<Endpoint>& endpoint() const { return endpoint_; }

 private:
  Exchange(std::shared_ptr<Endpoint> endpoint, std::string api_key)
      : endpoint_(std::move(endpoint)), api_key_(std::move(api_key)) {}

  http::HttpRequest request_of(const Call& call) const;
  std::string line_of(const Call& call) const;
  std::string without_key(std::string text) const;
  std::optional<std::chrono::milliseconds> retry_after(const http::HttpResponse& answer) const;

  std::shared_ptr<Endpoint> endpoint_;
  std::string api_key_;
};

}  // namespace dynakeep::clients
