#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dynakeep/clock.h"
#include "dynakeep/database.h"
#include "http/message.h"
#include "http/signature.h"
#include "server/held_records.h"
#include "wire/operations.h"

namespace dynakeep::server {

struct RequestHandlerOptions {
  http::SecretKeys secrets = {};     // if none, any complete signature is good
  std::string region = "us-east-1";  // in the health line
  const Clock* clock = &system_clock();
  std::uint64_t request_id_seed = 0;
  bool serve_admin = false;  // EngineAdmin's operations too, if the database has them
};

// The DynamoDB endpoint without its sockets: a request in, an answer out, by way of a Database.
// Does what DynamoDB's front end does, in its order, the first that fits:
//  - GET / and GET /health: a line of health; other methods than POST: 404;
//  - OPTIONS with an Origin: what a browser wants to know before it posts;
//  - a content type that is not JSON: 404;
//  - a body that is not JSON: SerializationException;
//  - X-Amz-Target names no operation: UnknownOperationException;
//  - the signature: see http/signature.h;
//  - an empty body: SerializationException;
// and then the operation of wire's table. A GetRecords that is to wait has a late answer. Every
// answer has its x-amzn-RequestId, and the
// x-amz-crc32 of its body. Thread-safe.
class RequestHandler {
 public:
  RequestHandler(Database& database, RequestHandlerOptions options);

  http::HttpResponse answer(const http::HttpRequest& request) const;

  // Instead of an answer whose writes could not be made durable.
  http::HttpResponse not_durable(const http::HttpResponse& held, const Error& error) const;

 private:
  http::HttpResponse answer_post(const http::HttpRequest& request) const;
  std::shared_ptr<http::LateAnswer> hold(const wire::Operation& operation,
                                         const http::HttpRequest& request,
                                         const wire::FindHeader& find_header,
                                         std::string_view content_type) const;
  http::HttpResponse respond(wire::Reply reply, std::string_view content_type) const;
  http::HttpResponse respond(int status, std::string_view content_type, std::string body) const;
  http::HttpResponse refuse(std::string_view content_type, const Error& error) const;
  std::string next_request_id() const;

  Database& database_;
  const RequestHandlerOptions options_;
  mutable std::atomic<std::uint64_t> requests_ = 0;
  mutable HeldRequests held_;
};

}  // namespace dynakeep::server
