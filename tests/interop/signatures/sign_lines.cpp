// Signs requests for compare_signatures: one JSON object a line in, one line out with the
// Authorization header or, where "expires" is not 0, the presigned target.

#include <chrono>
#include <iostream>
#include <string>

#include "base/base64.h"
#include "dynakeep/json.h"
#include "http/signature.h"

namespace {

using dynakeep::Item;
using dynakeep::Result;

Result<std::string> signed_line(const std::string& line) {
  const Item task = TRY(dynakeep::item_from_json(line));
  const auto text = [&task](const char* name) { return task.at(name).as_string(); };
  const auto seconds = [&task](const char* name) {
    return std::chrono::seconds(task.at(name).as_number().to_int64().value_or(0));
  };

  dynakeep::http::HttpRequest request{.method = text("method"), .target = text("target")};
  for (const auto& header : task.at("headers").as_list()) {
    request.headers.add(header.as_list().at(0).as_string(), header.as_list().at(1).as_string());
  }
  if (!dynakeep::base::append_from_base64(request.body, text("body"))) {
    return dynakeep::Error::validation("the body is not base64");
  }

  const dynakeep::Credentials credentials{.access_key_id = text("access_key_id"),
                                          .secret_access_key = text("secret_access_key"),
                                          .session_token = text("session_token")};
  const dynakeep::http::SigningScope scope{.region = text("region"), .service = text("service")};
  const dynakeep::Time now{seconds("time")};
  if (seconds("expires").count() > 0) {
    dynakeep::http::presign(request, credentials, scope, now, seconds("expires"));
    return request.target;
  }
  dynakeep::http::sign(request, credentials, scope, now);
  return std::string(request.headers.find("Authorization").value_or("not signed"));
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto answer = signed_line(line);
    if (!answer) {
      std::cerr << "sign_lines: " << answer.error() << "\n";
      return 1;
    }
    std::cout << *answer << "\n";
  }
  return 0;
}
