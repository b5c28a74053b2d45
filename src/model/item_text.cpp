#include "model/item_text.h"

#include "base/base64.h"
#include "base/json_string.h"
#include "model/encoded_number.h"

namespace dynakeep::model {

namespace {

using base::append_base64;
using base::append_json_string;

// Three kinds of set differ in how a member is spelled, and in nothing else.
template <typename AppendMember>
void append_set(std::string& out, SetView set, AppendMember append_member) {
  bool first = true;
  for (auto it = set.begin(); !it.done(); it.next()) {
    if (!first) out.push_back(',');
    first = false;
    append_member(it.member());
  }
}

}  // namespace

void append_json_text(std::string& out, ValueView value) {
  const auto number_text = [&](std::string_view encoded) {
    out.push_back('"');
    append_number_text(out, encoded);
    out.push_back('"');
  };
  const auto base64_text = [&](std::string_view bytes) {
    out.push_back('"');
    append_base64(out, bytes);
    out.push_back('"');
  };

  switch (value.tag()) {
    case ValueTag::string:
      out.append(R"({"S":)");
      append_json_string(out, value.payload());
      out.push_back('}');
      return;
    case ValueTag::number:
      out.append(R"({"N":)");
      number_text(value.payload());
      out.push_back('}');
      return;
    case ValueTag::binary:
      out.append(R"({"B":)");
      base64_text(value.payload());
      out.push_back('}');
      return;
    case ValueTag::boolean:
      out.append(value.boolean() ? R"({"BOOL":true})" : R"({"BOOL":false})");
      return;
    case ValueTag::null:
      out.append(R"({"NULL":true})");
      return;
    case ValueTag::list: {
      out.append(R"({"L":[)");
      bool first = true;
      for (auto it = value.list().begin(); !it.done(); it.next()) {
        if (!first) out.push_back(',');
        first = false;
        append_json_text(out, it.value());
      }
      out.append("]}");
      return;
    }
    case ValueTag::map:
      out.append(R"({"M":)");
      append_json_text(out, value.map());
      out.push_back('}');
      return;
    case ValueTag::string_set:
      out.append(R"({"SS":[)");
      append_set(out, value.set(), [&](std::string_view text) { append_json_string(out, text); });
      out.append("]}");
      return;
    case ValueTag::number_set:
      out.append(R"({"NS":[)");
      append_set(out, value.set(), number_text);
      out.append("]}");
      return;
    case ValueTag::binary_set:
      out.append(R"({"BS":[)");
      append_set(out, value.set(), base64_text);
      out.append("]}");
      return;
  }
}

void append_json_text(std::string& out, MapView attributes) {
  out.push_back('{');
  bool first = true;
  for (auto it = attributes.begin(); !it.done(); it.next()) {
    if (!first) out.push_back(',');
    first = false;
    append_json_string(out, it.name());
    out.push_back(':');
    append_json_text(out, it.value());
  }
  out.push_back('}');
}

}  // namespace dynakeep::model
