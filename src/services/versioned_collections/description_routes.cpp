#include <array>
#include <optional>
#include <string>

#include "http/entity_tag.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/openapi.h"
#include "services/versioned_collections/route.h"

// What the service tells of itself.
namespace dynakeep::services::collections {
namespace {

// By which a client knows what it may ask for; dynamodb-mini answers with nothing.
http::HttpResponse capabilities(Call& call) {
  const bool linear = call.store.options().write_mode == WriteMode::linear;
  return tagged_answer(call, std::string(R"({"history":1,"restore":1,"purge":1,"preconditions":)") +
                                 (linear ? "1" : "0") + R"(,"paging":1,"batch":1,"watch":1})");
}

constexpr auto rows = std::to_array<Route>({
    {.method = "GET",
     .pattern = "/api/capabilities",
     .errors = ErrorForm::json,
     .handle = capabilities},
});

}  // namespace

std::span<const Route> description_routes() { return rows; }

http::HttpResponse openapi_answer(const http::HttpRequest& request) {
  static const http::EntityTag tag = http::weak_tag_of(openapi_json);
  const auto field = request.headers.find("if-none-match");
  const auto condition = field ? http::parse_tag_condition(*field) : std::nullopt;
  if (condition && condition->names_weakly(tag)) return not_modified(tag);
  http::HttpResponse answer = json_answer(200, std::string(openapi_json));
  answer.headers.add("ETag", http::to_field(tag));
  // Another release has another.
  answer.headers.add("Cache-Control", "public, max-age=300");
  return answer;
}

}  // namespace dynakeep::services::collections
