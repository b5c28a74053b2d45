#include "services/dismissals/request_body.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "dynakeep/stores/dismissals.h"
#include "http/media_type.h"
#include "http/query_string.h"
#include "services/dismissals/answers.h"

namespace dynakeep::services::dismissals {

namespace {

// A person reads no more of them, and each is compared with those before it.
constexpr std::size_t faults_max = 20;

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// What would change objects themselves, in a program that copies members carelessly.
bool holds_prototype(const JsonDocument& document) {
  for (const auto& [name, value] : document.members()) {
    if (name == "__proto__") return true;
    if (name == "constructor" && value.find("prototype") != nullptr) return true;
    if (holds_prototype(value)) return true;
  }
  return std::any_of(document.elements().begin(), document.elements().end(), holds_prototype);
}

JsonDocument form_document(std::string_view text) {
  const http::QueryString fields(text);
  std::map<std::string_view, std::vector<JsonDocument>> values;
  for (const auto& [name, value] : fields.parameters()) {
    values[name].push_back(JsonDocument::string(value));
  }
  std::vector<JsonDocument::Member> members;
  members.reserve(values.size());
  for (auto& [name, all] : values) {
    members.emplace_back(
        name, all.size() == 1 ? std::move(all.front()) : JsonDocument::array(std::move(all)));
  }
  return JsonDocument::object(std::move(members));
}

bool announces_body(const http::HttpRequest& request) {
  if (!request.body.empty() || request.headers.contains("transfer-encoding")) return true;
  const auto length = request.headers.find("content-length");
  return length && *length != "0";
}

http::HttpResponse unsupported(std::string_view type) {
  return unreadable(415, "Unsupported Media Type: " + utf8_of_latin1(type));
}

}  // namespace

std::variant<RequestBody, http::HttpResponse> read_body(const http::HttpRequest& request,
                                                        std::size_t bytes_max) {
  const auto field = request.headers.find("content-type");
  if (!field) {
    if (!announces_body(request)) return RequestBody{};
    return unsupported("undefined");
  }
  const auto media = http::parse_media_type(*field);
  const std::string type = media ? media->type : std::string();
  const bool is_json = type == "application/json";
  const bool is_form = type == "application/x-www-form-urlencoded";
  if (!is_json && !is_form && type != "text/plain") return unsupported(*field);
  if (request.body.size() > bytes_max) {
    auto too_large = unreadable(413, "Request body is too large");
    too_large.close = true;
    return too_large;
  }
  if (is_form) return RequestBody{.document = form_document(request.body)};
  if (!is_json) return RequestBody{.document = JsonDocument::string(request.body)};
  std::string_view text = request.body;
  if (text.empty()) {
    return unreadable(400, "Body cannot be empty when content-type is set to 'application/json'");
  }
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  auto document = JsonDocument::parse(text);
  if (!document || holds_prototype(*document)) {
    return unreadable(400, "Body is not valid JSON but content-type is set to 'application/json'");
  }
  return RequestBody{.document = std::move(*document), .is_json = true};
}

IdList ids_in(const RequestBody& body, const IdListRules& rules) {
  IdList list;
  const auto fault = [&list](std::string message) {
    auto& faults = list.faults;
    if (faults.size() == faults_max) return;
    if (std::find(faults.begin(), faults.end(), message) == faults.end()) {
      faults.push_back(std::move(message));
    }
  };
  if (!body.document || !body.document->is_object()) {
    fault("the body must be an object");
    return list;
  }
  for (const auto& [name, value] : body.document->members()) {
    const bool known = name == rules.member || std::find(rules.others.begin(), rules.others.end(),
                                                         name) != rules.others.end();
    if (!known && rules.refuse_unknown_members) fault("property " + name + " should not exist");
  }
  const JsonDocument* ids = body.document->find(rules.member);
  if (ids == nullptr || !ids->is_array()) {
    fault(rules.member + " must be an array");
    return list;
  }
  const std::size_t count = ids->elements().size();
  if (count == 0) fault(rules.member + " array must contain at least 1 item");
  if (count > rules.ids_max) {
    fault(rules.member + " array must contain at most " + std::to_string(rules.ids_max) + " items");
    return list;
  }
  for (const JsonDocument& element : ids->elements()) {
    if (!element.is_string()) {
      fault("each " + rules.noun + " must be a string");
      continue;
    }
    const std::string& id = element.text();
    const auto wrong = fault_of_dismissal_id(id);
    if (!wrong) {
      list.ids.push_back(id);
    } else if (id.empty()) {
      fault("each " + rules.noun + " must not be empty");
    } else if (*wrong == DismissalIdFault::too_long) {
      fault("each " + rules.noun + " must be at most 64 characters");
    } else {
      fault("each " + rules.noun +
            " must contain only alphanumeric characters, dashes, and underscores");
    }
  }
  return list;
}

}  // namespace dynakeep::services::dismissals
