#include "services/versioned_collections/described_answers.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "dynakeep/json_document.h"
#include "http/media_type.h"
#include "http/message.h"
#include "services/versioned_collections/openapi.h"
#include "services/versioned_collections/route.h"

namespace dynakeep::contract {
namespace {

namespace collections = services::collections;

// Longer bodies show nothing that short ones do not.
constexpr std::size_t recorded_bytes_max = 20'000;

const JsonDocument& description() {
  static const JsonDocument document = JsonDocument::parse(collections::openapi_json).value();
  return document;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// The path as the description has it.
std::optional<std::string> described_path(std::string_view method, std::string_view path) {
  if (description().find("paths")->find(path) != nullptr) return std::string(path);
  const auto match = collections::match(method, path);
  if (!match || match->route == nullptr) return std::nullopt;
  return std::string(match->route->pattern);
}

const JsonDocument* response_of(const JsonDocument& operation, int status) {
  const JsonDocument* const response = operation.find("responses")->find(std::to_string(status));
  const JsonDocument* const reference = response == nullptr ? nullptr : response->find("$ref");
  if (reference == nullptr) return response;
  const std::string& text = reference->text();
  return description()
      .find("components")
      ->find("responses")
      ->find(std::string_view(text).substr(text.rfind('/') + 1));
}

std::string type_of(std::string_view content_type) {
  const auto media = http::parse_media_type(content_type);
  return media ? media->type : std::string();
}

void record(const std::string& file, JsonDocument exchange) {
  std::ofstream(file, std::ios::app) << exchange.to_text() << '\n';
}

}  // namespace

void expect_described(std::string_view method, std::string_view target,
                      const support::HttpClient::Headers& headers, std::string_view body,
                      const support::HttpAnswer& answer) {
  // OpenAPI knows no bodies of these.
  if (!body.empty() && (method == "GET" || method == "HEAD" || method == "DELETE")) return;
  const bool is_head = method == "HEAD";
  if (is_head) method = "GET";
  const auto path = described_path(method, target.substr(0, target.find('?')));
  if (!path) return;
  const JsonDocument* const operation =
      description().find("paths")->find(*path)->find(lower(method));
  if (operation == nullptr) return;  // 405, which no operation has
  const std::string what = std::string(method) + " " + *path + " " + std::to_string(answer.status);
  const JsonDocument* const response = response_of(*operation, answer.status);
  if (response == nullptr) {
    ADD_FAILURE() << "not in openapi.json: " << what;
    return;
  }
  const std::string type = type_of(answer.header("content-type"));
  if (!type.empty()) {
    const JsonDocument* const content = response->find("content");
    EXPECT_TRUE(content != nullptr && content->find(type) != nullptr)
        << "not in openapi.json: " << what << " with a body of " << type;
  }

  const char* const file = std::getenv("DYNAKEEP_EXCHANGES");
  if (file == nullptr || is_head || answer.body.size() + body.size() > recorded_bytes_max ||
      !base::is_utf8(body) || !base::is_utf8(answer.body)) {
    return;
  }
  std::string request_type;
  for (const auto& [name, value] : headers) {
    if (http::equal_ignoring_case(name, "content-type")) request_type = type_of(value);
  }
  record(file, JsonDocument::object({
                   {"method", JsonDocument::string(lower(method))},
                   {"path", JsonDocument::string(*path)},
                   {"requestType", JsonDocument::string(request_type)},
                   {"request", JsonDocument::string(std::string(body))},
                   {"status", JsonDocument::number(answer.status)},
                   {"type", JsonDocument::string(type)},
                   {"answer", JsonDocument::string(answer.body)},
               }));
}

}  // namespace dynakeep::contract
