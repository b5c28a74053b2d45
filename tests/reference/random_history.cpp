#include "reference/random_history.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace dynakeep::reference {
namespace {

const std::vector<std::string> numbers = {
    R"({"N":"0"})",
    R"({"N":"-1"})",
    R"({"N":"1"})",
    R"({"N":"1.0"})",
    R"({"N":"2"})",
    R"({"N":"10"})",
    R"({"N":"0.5"})",
    R"({"N":"-0.5"})",
    R"({"N":"1E2"})",
    R"({"N":"-10"})",
    R"({"N":"99999999999999999999999999999999999999"})",
    R"({"N":"1E-130"})",
    R"({"N":"3.25"})",
    R"({"N":"-12E99"})",
};
const std::vector<std::string> texts = {
    R"({"S":"a"})",        R"({"S":"b"})", R"({"S":"aa"})", R"({"S":"a\u0000"})",
    R"({"S":"a\u0000b"})", R"({"S":"ü"})", R"({"S":"ab"})",
};
const std::vector<std::string> binaries = {
    R"({"B":"AA=="})", R"({"B":"AAE="})", R"({"B":"AAD/"})", R"({"B":"/w=="})", R"({"B":"//8="})",
};

// What placeholders stand for; keys are filled in by the table that is written or read.
const std::map<std::string, std::string> common_names = {
    {"#plays", "plays"}, {"#info", "info"}, {"#tags", "tags"},   {"#nums", "nums"},
    {"#list", "list"},   {"#text", "text"}, {"#none", "absent"},
};

const std::vector<std::string> conditions = {
    "attribute_exists(#K)",
    "attribute_not_exists(#K)",
    "#plays > :n",
    "#plays = :n OR attribute_not_exists(#plays)",
    "contains(#tags, :s)",
    "size(#info) < :n AND NOT #plays = :m",
    "begins_with(#X, :s) OR #plays IN (:n, :m)",
    "#info.a = :n",
    "#list[0] = :n OR #list[1] <> :m",
    "attribute_type(#info, :t)",
    "#plays BETWEEN :n AND :m",
    "#X <> :s",
};

const std::vector<std::string> updates = {
    "SET #plays = :n",
    "SET #plays = if_not_exists(#plays, :n) + :m",
    "SET #plays = #plays - :n",
    "ADD #plays :n",
    "ADD #tags :ss",
    "ADD #nums :ns",
    "DELETE #tags :ss",
    "REMOVE #X",
    "SET #X = :s",
    "SET #X = :s, #plays = :n REMOVE #text",
    "SET #Y = :y",
    "SET #Y = :y, #X = :s",
    "REMOVE #X, #Y",
    "SET #info = :map",
    "SET #info.a = :n",
    "SET #info.c = #plays REMOVE #info.a",
    "SET #list = list_append(if_not_exists(#list, :l), :l)",
    "REMOVE #list[0]",
    "SET #list[1] = :s",
    "SET #text = :long",
    "SET #K = :s",
    "SET #X = :n",
};

// Of attributes that are no key of anything.
const std::vector<std::string> filters = {
    "#plays > :n",
    "attribute_exists(#info)",
    "contains(#tags, :s)",
    "#plays <> :n",
    "#info.a = :n OR #plays = :m",
    "size(#list) >= :n",
    "attribute_not_exists(#plays)",
};

const std::vector<std::string> projections = {
    "#plays", "#K, #info.a", "#list[1], #list[0], #tags", "#none", "#X, #Y, #text", "#info, #K",
};

std::string quoted(const std::string& text) { return '"' + text + '"'; }

// A JSON object of what is not empty.
std::string object(const std::vector<std::string>& members) {
  std::string out = "{";
  for (const std::string& member : members) {
    if (member.empty()) continue;
    if (out.size() > 1) out += ',';
    out += member;
  }
  return out + '}';
}

std::string list(const std::vector<std::string>& members) {
  std::string out = "[";
  for (const std::string& member : members) out += (out.size() > 1 ? "," : "") + member;
  return out + ']';
}

std::string member(const std::string& name, const std::string& json) {
  return quoted(name) + ':' + json;
}

// The placeholders in the text that begin with `mark`, each once.
std::vector<std::string> placeholders_in(const std::string& text, char mark) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) {
    std::size_t end = at + 1;
    while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end])) != 0) ++end;
    const std::string placeholder = text.substr(at, end - at);
    if (std::find(found.begin(), found.end(), placeholder) == found.end()) {
      found.push_back(placeholder);
    }
  }
  return found;
}

// The object behind `"name":` at the top level of a reply; empty if there is none.
std::string object_in(const std::string& json, const std::string& name) {
  const std::size_t at = json.find(quoted(name) + ":{");
  if (at == json.npos) return {};
  const std::size_t begin = at + name.size() + 3;
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = begin; i < json.size(); ++i) {
    if (in_text) {
      if (json[i] == '\\')
        ++i;
      else if (json[i] == '"')
        in_text = false;
    } else if (json[i] == '"') {
      in_text = true;
    } else if (json[i] == '{') {
      ++depth;
    } else if (json[i] == '}' && --depth == 0) {
      return json.substr(begin, i + 1 - begin);
    }
  }
  return {};
}

std::string key_schema(const IndexShape& shape) {
  const auto element = [](const std::string& name, const std::string& type) {
    return object({member("AttributeName", quoted(name)), member("KeyType", quoted(type))});
  };
  std::vector<std::string> elements = {element(shape.partition.name, "HASH")};
  if (shape.sort) elements.push_back(element(shape.sort->name, "RANGE"));
  return member("KeySchema", list(elements));
}

std::string index_definition(const IndexShape& shape) {
  std::vector<std::string> kept;
  for (const std::string& name : shape.non_key_attributes) kept.push_back(quoted(name));
  return object(
      {member("IndexName", quoted(shape.name)), key_schema(shape),
       member("Projection", object({member("ProjectionType", quoted(shape.projection)),
                                    kept.empty() ? "" : member("NonKeyAttributes", list(kept))}))});
}

std::string attribute_definitions(const std::vector<const IndexShape*>& shapes) {
  std::map<std::string, std::string> types;
  for (const IndexShape* shape : shapes) {
    types[shape->partition.name] = shape->partition.type;
    if (shape->sort) types[shape->sort->name] = shape->sort->type;
  }
  std::vector<std::string> definitions;
  for (const auto& [name, type] : types) {
    definitions.push_back(
        object({member("AttributeName", quoted(name)), member("AttributeType", quoted(type))}));
  }
  return member("AttributeDefinitions", list(definitions));
}

std::vector<TableShape> make_tables() {
  const KeyPool artist{"artist", "S", texts};
  const KeyPool year{"year", "N", {numbers.begin(), numbers.begin() + 8}};
  const KeyPool title{"title", "S", texts};
  const KeyPool cover{"cover", "B", binaries};
  const KeyPool genre{"genre", "S", {texts.begin(), texts.begin() + 3}};
  const KeyPool rating{"rating", "N", {numbers.begin(), numbers.begin() + 5}};
  const KeyPool mood{"mood", "S", {texts.begin(), texts.begin() + 2}};
  TableShape songs{.table = {.partition = artist, .sort = year}, .name = "Songs"};
  songs.indexes = {
      {.name = "byTitle",
       .partition = artist,
       .sort = title,
       .is_local = true,
       .projection = "KEYS_ONLY"},
      {.name = "byCover", .partition = artist, .sort = cover, .is_local = true},
      {.name = "byGenre", .partition = genre, .projection = "KEYS_ONLY"},
      {.name = "byRating", .partition = genre, .sort = rating},
      {.name = "byYear",
       .partition = title,
       .sort = year,
       .projection = "INCLUDE",
       .non_key_attributes = {"plays", "info"}},
  };
  songs.later_index = IndexShape{.name = "byMood", .partition = mood, .sort = rating};
  TableShape words{.table = {.partition = {"word", "B", binaries}, .sort = title}, .name = "Words"};
  words.indexes = {{.name = "byTitle", .partition = title, .projection = "KEYS_ONLY"}};
  words.later_index = IndexShape{.name = "byMood",
                                 .partition = mood,
                                 .projection = "INCLUDE",
                                 .non_key_attributes = {"plays"}};
  TableShape plain{.table = {.partition = {"id", "N", numbers}}, .name = "Plain"};
  return {songs, words, plain};
}

}  // namespace

RandomHistory::RandomHistory(std::uint64_t seed) : random_(seed), tables_(make_tables()) {}

TableShape& RandomHistory::any_table() {
  return tables_[std::vector<std::size_t>{0, 0, 0, 0, 1, 1, 2}[below(7)]];
}

std::string RandomHistory::number() { return one_of(numbers); }
std::string RandomHistory::text() { return one_of(texts); }

std::string RandomHistory::other_value() {
  switch (below(12)) {
    case 0:
      return R"({"S":""})";
    case 1:
      return R"({"BOOL":true})";
    case 2:
      return R"({"NULL":true})";
    case 3:
      return object({member("L", list({number(), text()}))});
    case 4:
      return object({member("M", object({member("a", number()), member("b", text())}))});
    case 5:
      return R"({"SS":["b","a"]})";
    case 6:
      return R"({"NS":["1","-1","1E1"]})";
    case 7:
      return R"({"BS":["AA==","/w=="]})";
    case 8:
      return R"({"B":""})";
    case 9:
      return text();
    default:
      return number();
  }
}

std::string RandomHistory::key(const TableShape& shape) {
  const IndexShape& table = shape.table;
  // Now and then one that does not fit.
  const bool fits = !one_in(40);
  return object(
      {member(table.partition.name, fits ? one_of(table.partition.values) : other_value()),
       table.sort ? member(table.sort->name, one_of(table.sort->values)) : ""});
}

std::string RandomHistory::item(const TableShape& shape) {
  std::map<std::string, std::string> attributes;
  const auto add_key = [&](const KeyPool& pool, bool required) {
    if (attributes.contains(pool.name) || (!required && one_in(4))) return;
    attributes[pool.name] = one_in(60) ? other_value() : one_of(pool.values);
  };
  add_key(shape.table.partition, true);
  if (shape.table.sort) add_key(*shape.table.sort, true);
  auto indexes = shape.indexes;
  if (shape.later_index) indexes.push_back(*shape.later_index);
  for (const IndexShape& index : indexes) {
    add_key(index.partition, false);
    if (index.sort) add_key(*index.sort, false);
  }
  if (!one_in(3)) attributes["plays"] = number();
  if (one_in(2)) {
    attributes["info"] =
        object({member("M", object({member("a", number()), member("b", other_value())}))});
  }
  if (one_in(3)) attributes["tags"] = R"({"SS":["a","b","c"]})";
  if (one_in(4)) attributes["list"] = object({member("L", list({number(), other_value()}))});
  if (one_in(4)) {
    attributes["text"] = R"({"S":")" + std::string(below(3) * 1500, 'x') + R"("})";
  }
  if (one_in(60)) {
    attributes["text"] = R"({"S":")" + std::string(405'000 + below(10'000), 'x') + R"("})";
  }
  std::vector<std::string> members;
  for (const auto& [name, value] : attributes) members.push_back(member(name, value));
  return object(members);
}

std::string RandomHistory::placeholders(const TableShape& shape, const IndexShape* read,
                                        const std::string& expressions, bool takes_values) {
  const IndexShape& keys = read == nullptr ? shape.table : *read;
  // #X is a text and #Y a number or another text, both keys of some index where there are any.
  const bool has_indexes = !shape.indexes.empty();
  auto known_names = common_names;
  known_names["#K"] = keys.partition.name;
  known_names["#R"] = keys.sort ? keys.sort->name : "absent";
  known_names["#X"] = !has_indexes            ? "remark"
                      : shape.name == "Words" ? "mood"
                                              : (one_in(2) ? "title" : "genre");
  known_names["#Y"] = shape.name == "Songs" ? "rating" : "mood";
  std::vector<std::string> names;
  for (const std::string& placeholder : placeholders_in(expressions, '#')) {
    names.push_back(member(placeholder, quoted(known_names.at(placeholder))));
  }
  std::vector<std::string> values;
  for (const std::string& placeholder : placeholders_in(expressions, ':')) {
    std::string value;
    if (placeholder == ":k")
      value = one_of(keys.partition.values);
    else if (placeholder == ":r" || placeholder == ":q")
      value = one_of(keys.sort->values);
    else if (placeholder == ":s")
      value = text();
    else if (placeholder == ":y")
      value = shape.name == "Songs" ? number() : text();
    else if (placeholder == ":t")
      value = R"({"S":"M"})";
    else if (placeholder == ":ss")
      value = R"({"SS":["a","c"]})";
    else if (placeholder == ":ns")
      value = R"({"NS":["1","7"]})";
    else if (placeholder == ":l")
      value = object({member("L", list({number()}))});
    else if (placeholder == ":map")
      value = R"({"M":{"a":{"N":"1"},"z":{"M":{}}}})";
    else if (placeholder == ":long")
      value = R"({"S":")" + std::string(below(5'000), 'y') + R"("})";
    else
      value = number();
    values.push_back(member(placeholder, value));
  }
  std::string members;
  if (!names.empty()) members = member("ExpressionAttributeNames", object(names));
  if (takes_values && !values.empty()) {
    if (!members.empty()) members += ',';
    members += member("ExpressionAttributeValues", object(values));
  }
  return members;
}

std::string RandomHistory::expression(const std::string& name, const std::string& text) const {
  return text.empty() ? "" : member(name, quoted(text));
}

std::string RandomHistory::asked_capacity() {
  if (one_in(3)) return {};
  return member("ReturnConsumedCapacity", one_in(2) ? R"("INDEXES")" : R"("TOTAL")");
}

std::string RandomHistory::asked_metrics() {
  return one_in(4) ? member("ReturnItemCollectionMetrics", R"("SIZE")") : "";
}

// ---- single items ----

Step RandomHistory::put() {
  const TableShape& table = any_table();
  const std::string condition = one_in(3) ? one_of(conditions) : "";
  return {"PutItem",
          object({member("TableName", quoted(table.name)), member("Item", item(table)),
                  expression("ConditionExpression", condition),
                  placeholders(table, nullptr, condition, true),
                  one_in(2) ? member("ReturnValues", R"("ALL_OLD")") : "",
                  one_in(2) ? member("ReturnValuesOnConditionCheckFailure", R"("ALL_OLD")") : "",
                  asked_capacity(), asked_metrics()})};
}

Step RandomHistory::get() {
  const TableShape& table = any_table();
  const std::string projection = one_in(2) ? one_of(projections) : "";
  return {"GetItem", object({member("TableName", quoted(table.name)), member("Key", key(table)),
                             expression("ProjectionExpression", projection),
                             placeholders(table, nullptr, projection, false),
                             one_in(2) ? member("ConsistentRead", "true") : "", asked_capacity()})};
}

Step RandomHistory::update() {
  const TableShape& table = any_table();
  const std::string update = one_in(15) ? "" : one_of(updates);
  const std::string condition = one_in(4) ? one_of(conditions) : "";
  static const std::vector<std::string> answers = {R"("ALL_OLD")", R"("ALL_NEW")",
                                                   R"("UPDATED_OLD")", R"("UPDATED_NEW")"};
  return {
      "UpdateItem",
      object({member("TableName", quoted(table.name)), member("Key", key(table)),
              expression("UpdateExpression", update), expression("ConditionExpression", condition),
              placeholders(table, nullptr, update + ' ' + condition, true),
              one_in(5) ? "" : member("ReturnValues", one_of(answers)),
              one_in(2) ? member("ReturnValuesOnConditionCheckFailure", R"("ALL_OLD")") : "",
              asked_capacity(), asked_metrics()})};
}

Step RandomHistory::remove() {
  const TableShape& table = any_table();
  const std::string condition = one_in(3) ? one_of(conditions) : "";
  return {"DeleteItem",
          object({member("TableName", quoted(table.name)), member("Key", key(table)),
                  expression("ConditionExpression", condition),
                  placeholders(table, nullptr, condition, true),
                  one_in(2) ? member("ReturnValues", R"("ALL_OLD")") : "",
                  one_in(2) ? member("ReturnValuesOnConditionCheckFailure", R"("ALL_OLD")") : "",
                  asked_capacity(), asked_metrics()})};
}

// ---- pages ----

Step RandomHistory::query() {
  const TableShape& table = any_table();
  const IndexShape* index = nullptr;
  if (!table.indexes.empty() && !one_in(4)) {
    const std::size_t chosen = below(table.indexes.size() + 1);
    index = chosen < table.indexes.size() ? &table.indexes[chosen] : &*table.later_index;
  }
  const IndexShape& read = index == nullptr ? table.table : *index;
  std::string condition = "#K = :k";
  if (read.sort && !one_in(3)) {
    static const std::vector<std::string> ranges = {"#R = :r",
                                                    "#R < :r",
                                                    "#R <= :r",
                                                    "#R > :r",
                                                    "#R >= :r",
                                                    "#R BETWEEN :r AND :q",
                                                    "begins_with(#R, :r)"};
    condition += " AND " + ranges[below(ranges.size() - (read.sort->type == "N" ? 1 : 0))];
  }
  const std::string filter = read.holds_all() && one_in(3) ? one_of(filters) : "";
  const std::string projection = one_in(4) ? one_of(projections) : "";
  std::string select;
  if (projection.empty() && one_in(3)) {
    const bool may_have_all = index == nullptr || index->is_local || index->holds_all();
    select = one_in(3) ? R"("COUNT")" : may_have_all ? R"("ALL_ATTRIBUTES")" : "";
  }
  const bool is_global = index != nullptr && !index->is_local;
  return {
      "Query",
      object(
          {member("TableName", quoted(table.name)),
           index == nullptr ? "" : member("IndexName", quoted(index->name)),
           expression("KeyConditionExpression", condition), expression("FilterExpression", filter),
           expression("ProjectionExpression", projection),
           placeholders(table, &read, condition + ' ' + filter + ' ' + projection, true),
           select.empty() ? "" : member("Select", select),
           one_in(2) ? member("Limit", std::to_string(1 + below(5))) : "",
           one_in(2) ? member("ScanIndexForward", "false") : "",
           one_in(is_global ? 30 : 3) ? member("ConsistentRead", "true") : "", asked_capacity()})};
}

Step RandomHistory::scan() {
  const TableShape& table = any_table();
  const IndexShape* index = nullptr;
  if (!table.indexes.empty() && one_in(2)) {
    const std::size_t chosen = below(table.indexes.size() + 1);
    index = chosen < table.indexes.size() ? &table.indexes[chosen] : &*table.later_index;
  }
  const std::string filter = one_in(3) ? one_of(filters) : "";
  const std::string projection = one_in(4) ? one_of(projections) : "";
  const IndexShape& read = index == nullptr ? table.table : *index;
  std::string segment;
  if (one_in(3)) {
    const std::uint64_t segments = 1 + below(5);
    segment = member("TotalSegments", std::to_string(segments)) + ',' +
              member("Segment", std::to_string(below(segments)));
  }
  return {"Scan", object({member("TableName", quoted(table.name)),
                          index == nullptr ? "" : member("IndexName", quoted(index->name)),
                          expression("FilterExpression", filter),
                          expression("ProjectionExpression", projection),
                          placeholders(table, &read, filter + ' ' + projection, true), segment,
                          projection.empty() && one_in(4) ? member("Select", R"("COUNT")") : "",
                          one_in(2) ? member("Limit", std::to_string(1 + below(8))) : "",
                          asked_capacity()})};
}

Step RandomHistory::go_on() {
  if (open_pages_.empty()) return scan();
  const std::size_t chosen = below(open_pages_.size());
  const OpenPage page = open_pages_[chosen];
  open_pages_.erase(open_pages_.begin() + static_cast<std::ptrdiff_t>(chosen));
  std::string body = page.first.body;
  body.insert(body.size() - 1, ',' + member("ExclusiveStartKey", page.last_evaluated_key));
  return {page.first.operation, body};
}

void RandomHistory::saw(const Step& step, const std::string& reply) {
  if (step.operation != "Query" && step.operation != "Scan") return;
  const std::string key = object_in(reply, "LastEvaluatedKey");
  if (key.empty()) return;
  OpenPage page{.first = step, .last_evaluated_key = key};
  const std::size_t start = page.first.body.find(",\"ExclusiveStartKey\"");
  if (start != std::string::npos) page.first.body.replace(start, std::string::npos, "}");
  open_pages_.push_back(std::move(page));
  if (open_pages_.size() > 8) open_pages_.erase(open_pages_.begin());
}

// ---- many items ----

Step RandomHistory::batch_get() {
  std::vector<std::string> members;
  for (const TableShape& table : tables_) {
    if (one_in(2)) continue;
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i <= below(5); ++i) keys.push_back(key(table));
    const std::string projection = one_in(3) ? one_of(projections) : "";
    members.push_back(
        member(table.name,
               object({member("Keys", list(keys)), expression("ProjectionExpression", projection),
                       placeholders(table, nullptr, projection, false),
                       one_in(2) ? member("ConsistentRead", "true") : ""})));
  }
  if (members.empty()) return get();
  return {"BatchGetItem", object({member("RequestItems", object(members)), asked_capacity()})};
}

Step RandomHistory::batch_write() {
  std::vector<std::string> members;
  for (const TableShape& table : tables_) {
    if (one_in(2)) continue;
    std::vector<std::string> writes;
    for (std::uint64_t i = 0; i <= below(5); ++i) {
      writes.push_back(one_in(3)
                           ? object({member("DeleteRequest", object({member("Key", key(table))}))})
                           : object({member("PutRequest", object({member("Item", item(table))}))}));
    }
    members.push_back(member(table.name, list(writes)));
  }
  if (members.empty()) return put();
  return {"BatchWriteItem",
          object({member("RequestItems", object(members)), asked_capacity(), asked_metrics()})};
}

Step RandomHistory::transact_get() {
  std::vector<std::string> gets;
  for (std::uint64_t i = 0; i <= below(5); ++i) {
    const TableShape& table = any_table();
    const std::string projection = one_in(3) ? one_of(projections) : "";
    gets.push_back(object(
        {member("Get", object({member("TableName", quoted(table.name)), member("Key", key(table)),
                               expression("ProjectionExpression", projection),
                               placeholders(table, nullptr, projection, false)}))}));
  }
  return {"TransactGetItems", object({member("TransactItems", list(gets)), asked_capacity()})};
}

Step RandomHistory::transact_write() {
  std::vector<std::string> actions;
  for (std::uint64_t i = 0; i <= below(5); ++i) {
    const TableShape& table = any_table();
    const std::uint64_t kind = below(4);
    const std::string condition = kind == 3 || one_in(3) ? one_of(conditions) : "";
    const std::string update = kind == 1 ? one_of(updates) : "";
    static const std::vector<std::string> names = {"Put", "Update", "Delete", "ConditionCheck"};
    actions.push_back(object({member(
        names[kind],
        object(
            {member("TableName", quoted(table.name)),
             kind == 0 ? member("Item", item(table)) : member("Key", key(table)),
             expression("UpdateExpression", update), expression("ConditionExpression", condition),
             placeholders(table, nullptr, update + ' ' + condition, true),
             one_in(2) ? member("ReturnValuesOnConditionCheckFailure", R"("ALL_OLD")") : ""}))}));
  }
  // Tokens are few, so that some are used again for another request.
  const std::string token =
      one_in(6) ? member("ClientRequestToken", quoted("token" + std::to_string(below(3)))) : "";
  const Step step{"TransactWriteItems", object({member("TransactItems", list(actions)), token,
                                                asked_capacity(), asked_metrics()})};
  if (!token.empty() && one_in(2)) {
    // Again, as a client does that got no answer: at once, or at the edge of the ten minutes that a
    // token is kept.
    static const std::vector<std::string> seconds = {"1", "599", "600"};
    next_steps_ = {step, {"Advance", one_of(seconds)}};
  }
  return step;
}

// ---- tables ----

Step RandomHistory::create(TableShape& table) {
  table.exists = true;
  table.has_later_index = false;
  std::vector<const IndexShape*> shapes = {&table.table};
  std::vector<std::string> local;
  std::vector<std::string> global;
  for (const IndexShape& index : table.indexes) {
    shapes.push_back(&index);
    (index.is_local ? local : global).push_back(index_definition(index));
  }
  return {"CreateTable",
          object({member("TableName", quoted(table.name)), attribute_definitions(shapes),
                  key_schema(table.table), member("BillingMode", R"("PAY_PER_REQUEST")"),
                  local.empty() ? "" : member("LocalSecondaryIndexes", list(local)),
                  global.empty() ? "" : member("GlobalSecondaryIndexes", list(global))})};
}

Step RandomHistory::change_table() {
  TableShape& table = any_table();
  if (table.later_index && !one_in(4)) {
    const IndexShape& index = *table.later_index;
    std::vector<const IndexShape*> shapes = {&table.table, &index};
    for (const IndexShape& other : table.indexes) shapes.push_back(&other);
    const std::string change =
        table.has_later_index ? member("Delete", object({member("IndexName", quoted(index.name))}))
                              : member("Create", index_definition(index));
    table.has_later_index = !table.has_later_index;
    return {"UpdateTable",
            object({member("TableName", quoted(table.name)),
                    table.has_later_index ? attribute_definitions(shapes) : "",
                    member("GlobalSecondaryIndexUpdates", list({object({change})}))})};
  }
  table.exists = false;
  return {"DeleteTable", object({member("TableName", quoted(table.name))})};
}

Step RandomHistory::next() {
  if (!next_steps_.empty()) {
    const Step step = next_steps_.back();
    next_steps_.pop_back();
    return step;
  }
  for (TableShape& table : tables_) {
    // A table that is gone is missed for a few steps.
    if (!table.exists && one_in(3)) return create(table);
  }
  const std::uint64_t choice = below(1000);
  if (choice < 220) return put();
  if (choice < 440) return update();
  if (choice < 510) return remove();
  if (choice < 570) return get();
  if (choice < 710) return query();
  if (choice < 780) return scan();
  if (choice < 830) return batch_write();
  if (choice < 870) return batch_get();
  if (choice < 930) return transact_write();
  if (choice < 950) return transact_get();
  if (choice < 970) return go_on();
  if (choice < 980 && tables_[0].exists && tables_[1].exists && tables_[2].exists) {
    return change_table();
  }
  if (choice < 994) return {"Advance", std::to_string(below(400))};
  return {"Reopen", ""};
}

std::vector<Step> RandomHistory::whole_scans() const {
  std::vector<Step> scans;
  for (const TableShape& table : tables_) {
    const std::string name = member("TableName", quoted(table.name));
    scans.push_back({"Scan", object({name})});
    for (const IndexShape& index : table.indexes) {
      scans.push_back({"Scan", object({name, member("IndexName", quoted(index.name))})});
    }
    if (table.has_later_index) {
      scans.push_back(
          {"Scan", object({name, member("IndexName", quoted(table.later_index->name))})});
    }
  }
  return scans;
}

}  // namespace dynakeep::reference
