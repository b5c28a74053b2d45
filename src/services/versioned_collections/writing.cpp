#include "services/versioned_collections/writing.h"

#include <string>
#include <utility>

#include "http/percent_encoding.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/conditions.h"
#include "services/versioned_collections/representation.h"

namespace dynakeep::services::collections {
namespace {

// RFC 7240. Who may only write is not shown what a write left as it was.
bool prefers_representation(const Call& call) {
  if (!call.key.may(ApiPermission::read)) return false;
  const auto field = call.request.headers.find("prefer");
  return field && field->find("return=representation") != field->npos;
}

}  // namespace

std::string location_of(const ResourcePath& path) {
  std::string location = "/api/user/";
  http::append_percent_encoded(location, path.user);
  location += "/collection/";
  http::append_percent_encoded(location, path.collection);
  if (path.is_entry()) {
    location += "/entry/";
    http::append_percent_encoded(location, path.entry);
  }
  return location;
}

http::HttpResponse written_answer(const Call& call, int status, const ResourceVersion& state,
                                  bool located) {
  http::HttpResponse answer = empty_answer(status);
  if (prefers_representation(call)) {
    std::string body;
    append_resource(body, state);
    answer = json_answer(status, std::move(body));
    answer.headers.add("Preference-Applied", "return=representation");
  }
  if (status == 201 || located) answer.headers.add("Location", location_of(state.path));
  put_state(answer, state);
  return answer;
}

http::HttpResponse remove_resource(Call& call) {
  WriteOptions options;
  if (auto refused = read_write_options(call, of_changes, options)) return std::move(*refused);
  const auto removed = call.store.remove(call.path, options);
  if (!removed) return refusal(call, removed.error());
  return written_answer(call, 200, *removed);
}

}  // namespace dynakeep::services::collections
