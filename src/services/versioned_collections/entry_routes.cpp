#include <array>
#include <optional>
#include <string>
#include <utility>

#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/conditions.h"
#include "services/versioned_collections/entry_content.h"
#include "services/versioned_collections/parameters.h"
#include "services/versioned_collections/reading.h"
#include "services/versioned_collections/route.h"
#include "services/versioned_collections/writing.h"

// Entries, in dynamodb-mini's interface; and the merge patch, which it does not have.
namespace dynakeep::services::collections {
namespace {

http::HttpResponse list(Call& call) { return read_list(call, ListOf::entries); }

http::HttpResponse read(Call& call) { return read_resource(call); }

http::HttpResponse create(Call& call) {
  const auto content = entry_content(call.body);
  if (!content) return refusal(call, content.error());
  WriteOptions options;
  if (auto refused = read_write_options(call, of_creates, options)) return std::move(*refused);
  if (is_set(call, "ifAbsent")) {
    if (auto refused = refuse_get_or_create(call)) return std::move(*refused);
    const auto obtained = call.store.get_or_create_entry(call.path, *content, options);
    if (!obtained) return refusal(call, obtained.error());
    return written_answer(call, obtained->created ? 201 : 200, obtained->resource, true);
  }
  const auto created = call.store.create_entry(call.path, *content, options);
  if (!created) return refusal(call, created.error());
  return written_answer(call, 201, *created);
}

http::HttpResponse update(Call& call) {
  // An invalid body is told of before what it is for is looked up.
  const auto content = entry_content(call.body);
  if (!content) return refusal(call, content.error());
  WriteOptions options;
  if (auto refused = read_write_options(call, of_changes_or_creates, options)) {
    return std::move(*refused);
  }
  const auto updated = call.store.update(call.path, *content, options);
  if (!updated) return refusal(call, updated.error());
  return written_answer(call, options.if_absent ? 201 : 200, *updated);
}

http::HttpResponse patch(Call& call) {
  WriteOptions options;
  if (auto refused = read_write_options(call, of_changes, options)) return std::move(*refused);
  const auto patched = call.store.merge_patch(call.path, call.body.to_text(), options);
  if (!patched) return refusal(call, patched.error());
  return written_answer(call, 200, *patched);
}

constexpr std::string_view of_collection = "/api/user/{user}/collection/{c}/entry";
constexpr std::string_view of_entry = "/api/user/{user}/collection/{c}/entry/{e}";

constexpr auto rows = std::to_array<Route>({
    {.method = "GET", .pattern = of_collection, .permission = ApiPermission::read, .handle = list},
    {.method = "POST",
     .pattern = of_collection,
     .permission = ApiPermission::write,
     .handle = create},
    {.method = "GET", .pattern = of_entry, .permission = ApiPermission::read, .handle = read},
    {.method = "PUT", .pattern = of_entry, .permission = ApiPermission::write, .handle = update},
    {.method = "PATCH",
     .pattern = of_entry,
     .permission = ApiPermission::write,
     .errors = ErrorForm::json,
     .handle = patch,
     .body_type = BodyType::merge_patch},
    {.method = "DELETE",
     .pattern = of_entry,
     .permission = ApiPermission::remove,
     .handle = remove_resource},
});

}  // namespace

std::span<const Route> entry_routes() { return rows; }

}  // namespace dynakeep::services::collections
