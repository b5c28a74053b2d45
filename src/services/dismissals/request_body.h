#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dynakeep/json_document.h"
#include "http/message.h"
#include "services/dismissals/operations.h"

namespace dynakeep::services::dismissals {

// What a POST or DELETE brought. Text and forms are documents, too: a string, and an object of
// strings, or arrays of them where a name is repeated.
struct RequestBody {
  std::optional<JsonDocument> document = {};  // none: neither a body nor a type
  bool is_json = false;
};

// By the type that it says: JSON, a form, or plain text. The answer to give instead: of another
// type (415), past the limit (413, and the connection ends), or not JSON (400), which what holds a
// member "__proto__" or a "constructor" with "prototype" is not.
std::variant<RequestBody, http::HttpResponse> read_body(const http::HttpRequest& request,
                                                        std::size_t bytes_max);

struct IdListRules {
  std::string member = "items";  // of the body's one array
  std::string noun = "item ID";  // of its elements, in messages
  std::size_t ids_max = 50;
  bool refuse_unknown_members = true;
  std::vector<std::string> others = {};  // members that may be there
};

// The ids of {"items":["a","b"]}, or the reasons why it is no such body.
struct IdList {
  std::vector<std::string> ids = {};
  std::vector<std::string> faults = {};
};
IdList ids_in(const RequestBody& body, const IdListRules& rules);

}  // namespace dynakeep::services::dismissals
