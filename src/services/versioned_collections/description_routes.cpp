#include <array>
#include <string>

#include "services/versioned_collections/answer.h"
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

}  // namespace dynakeep::services::collections
