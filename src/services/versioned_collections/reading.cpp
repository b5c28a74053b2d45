#include "services/versioned_collections/reading.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/entity_tag.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/list_body.h"
#include "services/versioned_collections/parameters.h"
#include "services/versioned_collections/representation.h"

namespace dynakeep::services::collections {
namespace {

http::HttpResponse history_forbidden(const Call& call) {
  return refusal(call, 403, "forbidden", "The key is not good for history");
}

// [{…},{…}], with a weak tag of what it says.
http::HttpResponse array_answer(const Call& call, const std::vector<ResourceVersion>& items,
                                View view) {
  std::string body = "[";
  for (const ResourceVersion& item : items) {
    if (body.size() > 1) body += ',';
    append_resource(body, item, view);
  }
  body += ']';
  const http::EntityTag tag = http::weak_tag_of(body);
  if (is_known(call, tag)) return not_modified(tag);
  http::HttpResponse answer = json_answer(200, std::move(body));
  answer.headers.add("ETag", http::to_field(tag));
  return answer;
}

Result<ResourcePage> page_of(const Call& call, ListOf list, const PageOptions& page,
                             const ReadOptions& options) {
  const auto& [application, user, collection, entry] = call.path;
  if (list == ListOf::entries) return call.store.list_entries_page(call.path, page, options);
  if (list == ListOf::collections) {
    return call.store.list_collections_page(application, user, page, options);
  }
  return call.store.list_collections_page(application, std::nullopt, page, options);
}

Result<std::unique_ptr<ResourceStream>> stream_of(const Call& call, ListOf list,
                                                  const ReadOptions& options) {
  const auto& [application, user, collection, entry] = call.path;
  if (list == ListOf::entries) return call.store.stream_entries(call.path, options);
  if (list == ListOf::collections) return call.store.stream_collections(application, user, options);
  return call.store.stream_collections(application, std::nullopt, options);
}

void tell_incomplete(http::HttpResponse& answer) { answer.headers.add("X-Incomplete", "true"); }

http::HttpResponse page_answer(const Call& call, ListOf list, const PageOptions& page,
                               const ReadParameters& parameters) {
  const auto listed = page_of(call, list, page, parameters.options);
  if (!listed) return refusal(call, listed.error());
  http::HttpResponse answer = array_answer(call, listed->items, parameters.view);
  if (!listed->next_cursor.empty()) {
    answer.headers.add("Link", next_link(call, listed->next_cursor));
    answer.headers.add("X-Next-Cursor", listed->next_cursor);
  }
  if (listed->incomplete) tell_incomplete(answer);
  return answer;
}

// Its tag is there before its body: it is of which versions are shown, and in which view.
http::HttpResponse list_answer(const Call& call, ListOf list, const ReadParameters& parameters) {
  auto stream = stream_of(call, list, parameters.options);
  if (!stream) return refusal(call, stream.error());
  const http::EntityTag tag{.text = (*stream)->fingerprint().substr(0, 32) +
                                    (parameters.view == View::full ? "-full" : ""),
                            .weak = true};
  if (is_known(call, tag)) return not_modified(tag);
  const bool incomplete = (*stream)->incomplete();
  auto body = std::make_shared<ListBody>(std::move(*stream), parameters.view, call.id);
  const auto whole = body->begin();
  if (!whole) return refusal(call, whole.error());
  http::HttpResponse answer = json_answer(200, *whole ? body->take() : std::string());
  if (!*whole) answer.source = std::move(body);
  answer.headers.add("ETag", http::to_field(tag));
  if (incomplete) tell_incomplete(answer);
  return answer;
}

}  // namespace

http::HttpResponse read_resource(const Call& call) {
  const auto parameters = read_parameters(call);
  if (!parameters) return refusal(call, parameters.error());
  if (parameters->asks_for_history() && !call.key.may(ApiPermission::history)) {
    return history_forbidden(call);
  }
  if (parameters->options.filter == VersionFilter::all) {
    const auto versions = call.store.all_versions(call.path, parameters->options.at);
    if (!versions) return refusal(call, versions.error());
    return array_answer(call, *versions, parameters->view);
  }
  const auto state = call.store.get(call.path, parameters->options);
  if (!state) return refusal(call, state.error());
  const http::EntityTag tag = tag_of(state->tag());
  if (is_known(call, tag)) return not_modified(tag);
  std::string body = "[";
  append_resource(body, *state, parameters->view);
  body += ']';
  http::HttpResponse answer = json_answer(200, std::move(body));
  put_state(answer, *state);
  return answer;
}

http::HttpResponse read_list(const Call& call, ListOf list) {
  auto parameters = read_parameters(call);
  if (!parameters) return refusal(call, parameters.error());
  const auto limit = limit_parameter(call);
  if (!limit) return refusal(call, limit.error());
  if (parameters->asks_for_history() && !call.key.may(ApiPermission::history)) {
    return history_forbidden(call);
  }
  if (list != ListOf::all_collections) {
    if (const auto name = call.query.only("name")) parameters->options.name = *name;
  }
  if (!*limit) return list_answer(call, list, *parameters);
  const PageOptions page{.limit = **limit,
                         .cursor = std::string(call.query.only("cursor").value_or(""))};
  return page_answer(call, list, page, *parameters);
}

}  // namespace dynakeep::services::collections
