#include <array>
#include <string>
#include <utility>

#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/conditions.h"
#include "services/versioned_collections/parameters.h"
#include "services/versioned_collections/reading.h"
#include "services/versioned_collections/route.h"
#include "services/versioned_collections/writing.h"

// Collections, in dynamodb-mini's interface.
namespace dynakeep::services::collections {
namespace {

// Empty for what is no name.
std::string name_in(const Call& call) {
  const JsonDocument* const name = call.body.find("name");
  return name != nullptr && name->is_string() ? name->text() : std::string();
}

http::HttpResponse name_required(const Call& call) {
  return refusal(call, 400, "invalid", "Collection name required");
}

// All that a client without anything to ask for can ask.
http::HttpResponse ping(Call& /*call*/) { return empty_answer(200); }

http::HttpResponse list_all(Call& call) {
  if (!call.key.users.empty()) {
    return refusal(call, 403, "forbidden", "The key is not good for all users");
  }
  return read_list(call, ListOf::all_collections);
}

http::HttpResponse list(Call& call) { return read_list(call, ListOf::collections); }

http::HttpResponse read(Call& call) { return read_resource(call); }

http::HttpResponse create(Call& call) {
  const std::string name = name_in(call);
  if (name.empty()) return name_required(call);
  WriteOptions options;
  if (auto refused = read_write_options(call, of_creates, options)) return std::move(*refused);
  const auto& [application, user, collection, entry] = call.path;
  if (is_set(call, "ifAbsent")) {
    if (auto refused = refuse_get_or_create(call)) return std::move(*refused);
    const auto obtained = call.store.get_or_create_collection(application, user, name, options);
    if (!obtained) return refusal(call, obtained.error());
    return written_answer(call, obtained->created ? 201 : 200, obtained->resource, true);
  }
  const auto created = call.store.create_collection(application, user, name, options);
  if (!created) return refusal(call, created.error());
  return written_answer(call, 201, *created);
}

http::HttpResponse rename(Call& call) {
  std::string name = name_in(call);
  if (name.empty()) return name_required(call);
  WriteOptions options;
  if (auto refused = read_write_options(call, of_changes_or_creates, options)) {
    return std::move(*refused);
  }
  const auto renamed =
      call.store.update(call.path, ResourceChange::rename(std::move(name)), options);
  if (!renamed) return refusal(call, renamed.error());
  return written_answer(call, options.if_absent ? 201 : 200, *renamed);
}

constexpr std::string_view of_user = "/api/user/{user}/collection";
constexpr std::string_view of_collection = "/api/user/{user}/collection/{c}";

constexpr auto rows = std::to_array<Route>({
    {.method = "GET", .pattern = "/", .handle = ping},
    {.method = "GET", .pattern = "/api", .handle = ping},
    {.method = "GET",
     .pattern = "/api/collection",
     .permission = ApiPermission::read,
     .handle = list_all},
    {.method = "GET", .pattern = of_user, .permission = ApiPermission::read, .handle = list},
    {.method = "POST", .pattern = of_user, .permission = ApiPermission::write, .handle = create},
    {.method = "GET", .pattern = of_collection, .permission = ApiPermission::read, .handle = read},
    {.method = "PUT",
     .pattern = of_collection,
     .permission = ApiPermission::write,
     .handle = rename},
    {.method = "DELETE",
     .pattern = of_collection,
     .permission = ApiPermission::remove,
     .handle = remove_resource},
});

}  // namespace

std::span<const Route> collection_routes() { return rows; }

}  // namespace dynakeep::services::collections
