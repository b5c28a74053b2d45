#include "services/versioned_collections/entry_content.h"

namespace dynakeep::services::collections {
namespace {

bool is_empty(const JsonDocument* member) {
  if (member == nullptr) return true;
  switch (member->kind()) {
    case JsonDocument::Kind::string:
      return member->text().empty();
    case JsonDocument::Kind::array:
      return member->elements().empty();
    case JsonDocument::Kind::object:
      return member->members().empty();
    default:
      return true;
  }
}

Error invalid(const char* what) { return {ErrorCode::invalid_argument, what}; }

}  // namespace

Result<ResourceChange> entry_content(const JsonDocument& body) {
  const JsonDocument* const name = body.find("name");
  const JsonDocument* const value = body.find("value");
  if (is_empty(name) && is_empty(value)) return invalid("Entry name or value required");
  if (!is_empty(value) && value->is_string()) return invalid("Invalid entry payload");
  if (name != nullptr && !name->is_null() && !name->is_string()) {
    return invalid("Invalid entry name");
  }
  ResourceChange content{.sets_name = name != nullptr, .sets_value = value != nullptr};
  if (!is_empty(name)) content.name = name->text();
  // An empty string is the only one that comes so far.
  if (value != nullptr && !value->is_null() && !value->is_string()) {
    content.value = value->to_text();
  }
  return content;
}

}  // namespace dynakeep::services::collections
