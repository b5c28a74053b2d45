#include "services/versioned_collections/request_body.h"

#include <string>

#include <gtest/gtest.h>

namespace dynakeep::services::collections {
namespace {

ParsedBody parsed(const std::string& body, BodyType type, const char* content_type) {
  http::HttpRequest request{.body = body};
  if (content_type != nullptr) request.headers.add("Content-Type", content_type);
  return parse_body(request, type, 100);
}

TEST(CollectionsRequestBody, ThatIsNotJsonCountsAsAnEmptyObject) {
  for (const char* const type : {"text/plain", "application/vnd.api+json", "json", ""}) {
    const ParsedBody body = parsed("{bad", BodyType::json, type);
    EXPECT_EQ(body.status, 0) << type;
    EXPECT_EQ(body.document, JsonDocument::object()) << type;
  }
  EXPECT_EQ(parsed("{bad", BodyType::json, nullptr).status, 0);
  EXPECT_EQ(parsed("", BodyType::json, "application/json").document, JsonDocument::object());
}

TEST(CollectionsRequestBody, OfAPatchIsAnyValueAndNeverTakenForAnother) {
  const char* const patch = "application/merge-patch+json";
  EXPECT_EQ(parsed("null", BodyType::merge_patch, patch).document, JsonDocument());
  EXPECT_EQ(parsed("[1]", BodyType::merge_patch, patch).document.to_text(), "[1]");
  EXPECT_EQ(parsed("", BodyType::merge_patch, patch).status, 400);
  EXPECT_EQ(parsed("{}", BodyType::merge_patch, "application/json").status, 415);
  EXPECT_EQ(parsed("", BodyType::merge_patch, nullptr).status, 415);
}

TEST(CollectionsRequestBody, IsRefusedPastItsLimitAndNotAtIt) {
  const std::string at_limit = "[\"" + std::string(96, 'a') + "\"]";
  EXPECT_EQ(parsed(at_limit, BodyType::json, "application/json").status, 0);
  EXPECT_EQ(parsed(at_limit + " ", BodyType::json, "application/json").status, 413);
  EXPECT_EQ(parsed(at_limit + " ", BodyType::json, "text/plain").status, 0);
}

}  // namespace
}  // namespace dynakeep::services::collections
