#include "dynakeep/json.h"

#include "base/base64.h"
#include "base/json_string.h"
#include "dynakeep/stream_requests.h"
#include "dynakeep/table_requests.h"
#include "model/encoded_item.h"
#include "model/encoded_number.h"
#include "model/item_text.h"
#include "wire/json_reader.h"
#include "wire/message_json.h"
#include "wire/value_json.h"

namespace dynakeep {

using model::MapView;
using model::ValueTag;
using model::ValueView;

namespace {

std::string encoded_value(const AttributeValue& value) {
  std::string encoded;
  model::append_value(encoded, value);
  return encoded;
}

void append_plain(std::string& out, ValueView value);

void append_plain(std::string& out, MapView map) {
  out.push_back('{');
  bool first = true;
  for (auto entry = map.begin(); !entry.done(); entry.next()) {
    if (!first) out.push_back(',');
    first = false;
    base::append_json_string(out, entry.name());
    out.push_back(':');
    append_plain(out, entry.value());
  }
  out.push_back('}');
}

void append_base64_string(std::string& out, std::string_view bytes) {
  out.push_back('"');
  base::append_base64(out, bytes);
  out.push_back('"');
}

void append_plain_set(std::string& out, ValueView value) {
  out.push_back('[');
  bool first = true;
  for (auto each = value.set().begin(); !each.done(); each.next()) {
    if (!first) out.push_back(',');
    first = false;
    if (value.is(ValueTag::string_set)) {
      base::append_json_string(out, each.member());
    } else if (value.is(ValueTag::number_set)) {
      model::append_number_text(out, each.member());
    } else {
      append_base64_string(out, each.member());
    }
  }
  out.push_back(']');
}

void append_plain(std::string& out, ValueView value) {
  switch (value.tag()) {
    case ValueTag::string:
      return base::append_json_string(out, value.payload());
    case ValueTag::number:
      return model::append_number_text(out, value.payload());
    case ValueTag::binary:
      return append_base64_string(out, value.payload());
    case ValueTag::boolean:
      out += value.boolean() ? "true" : "false";
      return;
    case ValueTag::null:
      out += "null";
      return;
    case ValueTag::list: {
      out.push_back('[');
      bool first = true;
      for (auto each = value.list().begin(); !each.done(); each.next()) {
        if (!first) out.push_back(',');
        first = false;
        append_plain(out, each.value());
      }
      out.push_back(']');
      return;
    }
    case ValueTag::map:
      return append_plain(out, value.map());
    case ValueTag::string_set:
    case ValueTag::number_set:
    case ValueTag::binary_set:
      return append_plain_set(out, value);
  }
}

// The encoding, or what stood in its way as an error.
Result<std::string> checked(std::string encoded, const wire::ValueProblem& problem) {
  if (!problem.wrong_type.empty()) return Error(ErrorCode::serialization, problem.wrong_type);
  if (problem.refusal) return Error::validation(problem.refusal->message);
  return encoded;
}

Error not_json() { return {ErrorCode::serialization, "The text is not JSON"}; }

// The attributes of an item, or nothing of one that was refused.
MapView attributes_of(const Item& item, std::string& scratch) {
  if (ItemAccess::refusal(item) && item.empty()) return {};
  return model::view_item(ItemAccess::encoded(item, scratch));
}

}  // namespace

std::string to_dynamodb_json(const Item& item) {
  std::string out;
  std::string scratch;
  model::append_json_text(out, attributes_of(item, scratch));
  return out;
}

std::string to_dynamodb_json(const AttributeValue& value) {
  std::string out;
  const std::string encoded = encoded_value(value);
  model::append_json_text(out, ValueView(encoded));
  return out;
}

std::string to_dynamodb_json(const CreateTableRequest& request) {
  return wire::encode_message(request).value();  // it holds no item, which alone could be refused
}

std::string to_dynamodb_json(const ChangeRecord& record) {
  if (auto encoded = wire::encode_message(record)) return std::move(*encoded);
  // Like an item by itself, one that cannot be is shown as none.
  ChangeRecord shown = record;
  const auto drop_refused = [](Item& item) {
    if (ItemAccess::refusal(item)) item = Item();
  };
  drop_refused(shown.dynamodb.keys);
  if (shown.dynamodb.new_image) drop_refused(*shown.dynamodb.new_image);
  if (shown.dynamodb.old_image) drop_refused(*shown.dynamodb.old_image);
  return wire::encode_message(shown).value();
}

Result<CreateTableRequest> create_table_from_dynamodb_json(std::string_view json) {
  auto decoded = wire::decode_message<CreateTableRequest>(json);
  if (!decoded && decoded.error().message().empty()) return not_json();
  return decoded;
}

Result<Item> item_from_dynamodb_json(std::string_view json) {
  const wire::ParsedJson parsed(json);
  if (!parsed.is_valid()) return not_json();
  if (parsed.root().type() != wire::JsonType::object) {
    return Error(ErrorCode::serialization, "An item is a JSON object");
  }
  wire::ValueProblem problem;
  std::string encoded = wire::decode_attributes(parsed.root(), problem);
  return ItemAccess::from_encoded(TRY(checked(std::move(encoded), problem)));
}

Result<AttributeValue> value_from_dynamodb_json(std::string_view json) {
  const wire::ParsedJson parsed(json);
  if (!parsed.is_valid()) return not_json();
  wire::ValueProblem problem;
  std::string encoded = wire::decode_value(parsed.root(), problem);
  encoded = TRY(checked(std::move(encoded), problem));
  return ValueView(encoded).decode();
}

Result<ChangeRecord> change_record_from_dynamodb_json(std::string_view json) {
  auto record = wire::decode_message<ChangeRecord>(json);
  if (!record) return record.error().message().empty() ? not_json() : record.error();
  const StreamRecord& change = record->dynamodb;
  for (const Item* item : {&change.keys, change.new_image ? &*change.new_image : nullptr,
                           change.old_image ? &*change.old_image : nullptr}) {
    if (item == nullptr) continue;
    if (const auto& refusal = ItemAccess::refusal(*item))
      return Error::validation(refusal->message);
  }
  if (change.keys.empty() || change.sequence_number.empty()) {
    return Error(ErrorCode::serialization, "A record has Keys and a SequenceNumber");
  }
  return record;
}

std::string to_json(const Item& item) {
  std::string out;
  std::string scratch;
  append_plain(out, attributes_of(item, scratch));
  return out;
}

std::string to_json(const AttributeValue& value) {
  std::string out;
  const std::string encoded = encoded_value(value);
  append_plain(out, ValueView(encoded));
  return out;
}

Result<Item> item_from_json(std::string_view json) {
  AttributeValue value = TRY(wire::read_plain_json(json, wire::PlainJson::item));
  if (!value.is_map()) return Error(ErrorCode::serialization, "An item is a JSON object");
  return Item(std::move(value.as_map()));
}

Result<AttributeValue> value_from_json(std::string_view json) {
  return wire::read_plain_json(json, wire::PlainJson::value);
}

}  // namespace dynakeep
