#include "services/versioned_collections/openapi.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "dynakeep/json_document.h"
#include "services/versioned_collections/route.h"

namespace dynakeep::services::collections {
namespace {

using Operations = std::set<std::pair<std::string, std::string>>;  // method, path

// Answered by the service itself, before it asks for a key.
const Operations without_a_key = {
    {"GET", "/api/openapi.json"}, {"GET", "/healthz"}, {"GET", "/readyz"}};

JsonDocument description() { return JsonDocument::parse(openapi_json).value(); }

Operations described() {
  Operations operations;
  const JsonDocument document = description();
  for (const auto& [path, item] : document.find("paths")->members()) {
    for (const auto& [name, operation] : item.members()) {
      if (name == "parameters") continue;
      std::string method = name;
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      operations.emplace(method, path);
    }
  }
  return operations;
}

TEST(CollectionsDescription, HasEveryRouteAndNoOther) {
  Operations routes = without_a_key;
  for (const auto& rows : all_routes()) {
    for (const Route& route : rows) routes.emplace(route.method, route.pattern);
  }
  EXPECT_EQ(described(), routes);
}

TEST(CollectionsDescription, NamesThePermissionOfEachRoute) {
  const JsonDocument document = description();
  const JsonDocument* const paths = document.find("paths");
  for (const auto& rows : all_routes()) {
    for (const Route& route : rows) {
      std::string method(route.method);
      std::transform(method.begin(), method.end(), method.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      const JsonDocument* const operation = paths->find(route.pattern)->find(method);
      const JsonDocument* const text = operation->find("description");
      const std::string said = text == nullptr ? "" : text->text();
      const std::string sentence =
          route.permission ? "Permission: `" + std::string(to_string(*route.permission)) + "`."
                           : std::string();
      EXPECT_EQ(said.find("Permission: ") != said.npos, route.permission.has_value());
      EXPECT_NE(said.find(sentence), said.npos) << route.method << " " << route.pattern;
    }
  }
}

TEST(CollectionsDescription, AsksForAKeyWhereTheServiceDoes) {
  const JsonDocument document = description();
  EXPECT_EQ(document.find("security")->to_text(), R"([{"apiKey":[]}])");
  for (const auto& [path, item] : document.find("paths")->members()) {
    for (const auto& [name, operation] : item.members()) {
      if (name == "parameters") continue;
      const bool needs_none = without_a_key.contains({"GET", path});
      EXPECT_EQ(operation.find("security") != nullptr, needs_none) << path;
      EXPECT_EQ(operation.find("responses")->find("401") == nullptr, needs_none) << path;
    }
  }
}

}  // namespace
}  // namespace dynakeep::services::collections
