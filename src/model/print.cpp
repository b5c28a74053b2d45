#include <ostream>
#include <string>

#include "dynakeep/credentials.h"
#include "dynakeep/item.h"
#include "model/encoded_item.h"
#include "model/item_text.h"

namespace dynakeep {

std::ostream& operator<<(std::ostream& out, const AttributeValue& value) {
  std::string bytes;
  model::append_value(bytes, value);
  std::string text;
  model::append_json_text(text, model::ValueView(bytes));
  return out << text;
}

std::ostream& operator<<(std::ostream& out, const Item& item) {
  // Nothing but the engine's answer says what is wrong with a refused item; printed it looks empty.
  const std::string bytes = model::encode(item.attributes());
  std::string text;
  model::append_json_text(text, model::view_item(bytes));
  return out << text;
}

std::ostream& operator<<(std::ostream& out, const Credentials& credentials) {
  return out << "credentials of "
             << (credentials.access_key_id.empty() ? "nobody" : credentials.access_key_id);
}

}  // namespace dynakeep
