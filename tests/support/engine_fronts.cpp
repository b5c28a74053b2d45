#include "support/engine_fronts.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/invariant.h"
#include "dynakeep/json_document.h"
#include "wire/error_json.h"
#include "wire/extensions.h"

namespace dynakeep::support {

namespace {

http::HttpResponse refusal(const Error& error) {
  return {.status = wire::status_of(error), .body = wire::encode_error(error)};
}

bool has(std::string_view body, std::string_view part) {
  return body.find(part) != std::string_view::npos;
}

// In what RemoteDatabase sends there are no blanks, and quotes within a text are escaped: these can
// be nothing else.
bool has_empty_value(std::string_view body) {
  return has(body, R"({"S":""})") || has(body, R"({"B":""})") || has(body, R"([""])") ||
         has(body, R"(["",)") || has(body, R"(,"",)") || has(body, R"(,""])");
}

std::string text_at(const JsonDocument& document, std::string_view name) {
  const JsonDocument* found = document.find(name);
  return found == nullptr ? "" : found->text();
}

JsonDocument text(std::string value) { return JsonDocument::string(std::move(value)); }

// ---- Alternator's requests ----

constexpr std::size_t names_bytes_max = 222;
const std::vector<std::string> index_members = {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"};

std::optional<Error> refuses_names(const JsonDocument& request) {
  const std::string table = text_at(request, "TableName");
  if (table.size() > names_bytes_max) {
    return Error::validation(
        "TableName must be at least 3 characters long and at most 222 characters long");
  }
  for (const std::string& member : index_members) {
    const JsonDocument* indexes = request.find(member);
    if (indexes == nullptr) continue;
    for (const JsonDocument& index : indexes->elements()) {
      const std::string name = text_at(index, "IndexName");
      if (table.size() + 1 + name.size() <= names_bytes_max) continue;
      return Error::validation("The total length of TableName ('" + table + "') and IndexName ('" +
                               name + "') cannot exceed 221 characters");
    }
  }
  return std::nullopt;
}

void project_all(JsonDocument& request) {
  for (const std::string& member : index_members) {
    const JsonDocument* found = request.find(member);
    if (found == nullptr) continue;
    JsonDocument indexes = *found;
    for (JsonDocument& index : indexes.elements()) {
      index.set("Projection", JsonDocument::object({{"ProjectionType", text("ALL")}}));
    }
    request.set(member, std::move(indexes));
  }
}

// ---- Alternator's streams ----
//
// Of each of our numbers it has two: the removal's, which ends in 4, and the modification's, in 5.

constexpr char removal_digit = '4';
constexpr char change_digit = '5';

const std::string our_shards = "shardId-";

std::string shard_there(std::string ours) {
  INVARIANT(ours.starts_with(our_shards));
  std::string name = "H " + ours.substr(our_shards.size());
  std::replace(name.begin(), name.end(), '-', ':');
  return name;
}

std::string shard_here(std::string theirs) {
  if (!theirs.starts_with("H ")) return theirs;
  std::replace(theirs.begin(), theirs.end(), ':', '-');
  return our_shards + theirs.substr(2);
}

void rename_shard(JsonDocument& document, std::string_view member,
                  std::string (*name_of)(std::string)) {
  const JsonDocument* found = document.find(member);
  if (found != nullptr && found->is_string()) document.set(member, text(name_of(found->text())));
}

// Where to go on in ours. After a removal comes the modification that belongs to it: the record is
// told once more.
void read_iterator_request(JsonDocument& request) {
  rename_shard(request, "ShardId", shard_here);
  std::string number = text_at(request, "SequenceNumber");
  if (number.empty()) return;
  const char digit = number.back();
  number.pop_back();
  request.set("SequenceNumber", text(number));
  if (digit == removal_digit) request.set("ShardIteratorType", text("AT_SEQUENCE_NUMBER"));
}

void write_description(JsonDocument& answer) {
  const JsonDocument* found = answer.find("StreamDescription");
  if (found == nullptr) return;
  JsonDocument description = *found;
  JsonDocument shards = *description.find("Shards");
  for (JsonDocument& shard : shards.elements()) {
    rename_shard(shard, "ShardId", shard_there);
    rename_shard(shard, "ParentShardId", shard_there);
    JsonDocument range = *shard.find("SequenceNumberRange");
    for (const auto& [member, digit] : {std::pair("StartingSequenceNumber", removal_digit),
                                        {"EndingSequenceNumber", change_digit}}) {
      const std::string number = text_at(range, member);
      if (!number.empty()) range.set(member, text(number + digit));
    }
    shard.set("SequenceNumberRange", std::move(range));
  }
  description.set("Shards", std::move(shards));
  rename_shard(description, "LastEvaluatedShardId", shard_there);
  answer.set("StreamDescription", std::move(description));
}

JsonDocument record_of(const JsonDocument& ours, std::string_view name, char digit) {
  JsonDocument record = ours;
  record.set("eventName", text(std::string(name)));
  record.set("eventID", text(text_at(ours, "eventID") + digit));
  record.set("eventSource", text("scylladb:alternator"));
  record.erase("userIdentity");
  JsonDocument change = *ours.find("dynamodb");
  change.set("SequenceNumber", text(text_at(change, "SequenceNumber") + digit));
  change.erase("SizeBytes");
  if (name == "REMOVE") change.erase("NewImage");
  record.set("dynamodb", std::move(change));
  return record;
}

void write_records(JsonDocument& answer) {
  std::vector<JsonDocument> records;
  for (const JsonDocument& ours : answer.find("Records")->elements()) {
    records.push_back(record_of(ours, "REMOVE", removal_digit));
    if (text_at(ours, "eventName") == "REMOVE") continue;
    records.push_back(record_of(ours, "MODIFY", change_digit));
  }
  answer.set("Records", JsonDocument::array(std::move(records)));
}

class Front final : public transport::Transport {
 public:
  Front(EngineTraits traits, std::unique_ptr<transport::Transport> engine)
      : traits_(std::move(traits)), engine_(std::move(engine)) {}

  Result<http::HttpResponse> send(const transport::Origin& to, const http::HttpRequest& request,
                                  transport::Deadline deadline) override {
    const std::string_view target = request.headers.find("x-amz-target").value_or("");
    const std::string operation(target.substr(target.find('.') + 1));
    http::HttpResponse response = TRY(answer(operation, to, request, deadline));
    response.headers.set("Server", traits_.server);
    response.headers.remove(wire::features_header);
    return response;
  }

 private:
  Result<http::HttpResponse> answer(const std::string& operation, const transport::Origin& to,
                                    const http::HttpRequest& request,
                                    transport::Deadline deadline) {
    if (traits_.unknown_operations.contains(operation)) {
      return refusal(Error(ErrorCode::unknown_operation, "Unsupported operation " + operation));
    }
    if (traits_.refuses_empty_values && has_empty_value(request.body)) {
      return refusal(
          Error::validation("One or more parameter values were invalid: An AttributeValue may not "
                            "contain an empty string"));
    }
    if (traits_.ignores_stream_settings) {
      http::HttpRequest without = request;
      JsonDocument asked = TRY(JsonDocument::parse(request.body));
      asked.erase("StreamSpecification");
      without.body = asked.to_text();
      return engine_->send(to, without, deadline);
    }
    if (!traits_.is_alternator) return engine_->send(to, request, deadline);
    return answer_as_alternator(operation, to, request, deadline);
  }

  Result<http::HttpResponse> answer_as_alternator(const std::string& operation,
                                                  const transport::Origin& to,
                                                  http::HttpRequest request,
                                                  transport::Deadline deadline) {
    JsonDocument asked = TRY(JsonDocument::parse(request.body));
    asked.erase("ReturnConsumedCapacity");
    asked.erase("ReturnItemCollectionMetrics");
    if (operation == "CreateTable") {
      if (const auto error = refuses_names(asked)) return refusal(*error);
      project_all(asked);
    }
    if (operation == "GetShardIterator") read_iterator_request(asked);
    rename_shard(asked, "ExclusiveStartShardId", shard_here);
    if (const JsonDocument* found = asked.find("ShardFilter")) {
      JsonDocument filter = *found;
      rename_shard(filter, "ShardId", shard_here);
      asked.set("ShardFilter", std::move(filter));
    }
    request.body = asked.to_text();

    http::HttpResponse response = TRY(engine_->send(to, request, deadline));
    if (response.status != 200) return response;
    if (operation == "DescribeStream" || operation == "GetRecords") {
      JsonDocument told = TRY(JsonDocument::parse(response.body));
      if (operation == "GetRecords") {
        write_records(told);
      } else {
        write_description(told);
      }
      response.body = told.to_text();
      response.headers.remove("x-amz-crc32");
    }
    return response;
  }

  const EngineTraits traits_;
  const std::unique_ptr<transport::Transport> engine_;
};

}  // namespace

const std::vector<EngineTraits>& engine_traits() {
  static const std::vector<EngineTraits> all{
      {.name = "no_transactions",
       .server = "Untransacted/1",
       .unknown_operations = {"TransactGetItems", "TransactWriteItems"}},
      {.name = "no_streams",
       .server = "Streamless/1",
       .unknown_operations = {"ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"},
       .ignores_stream_settings = true},
      {.name = "no_time_to_live",
       .server = "Timeless/1",
       .unknown_operations = {"UpdateTimeToLive", "DescribeTimeToLive"}},
      {.name = "no_empty_values", .server = "Full/1", .refuses_empty_values = true},
      {.name = "alternator",
       .server = "ScyllaDB",
       .unknown_operations = {"TransactGetItems", "TransactWriteItems", "DescribeLimits",
                              "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"},
       .is_alternator = true}};
  return all;
}

const EngineTraits* engine_traits_of(std::string_view name) {
  const auto& all = engine_traits();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
  return found == all.end() ? nullptr : &*found;
}

EngineFront front_of(const EngineTraits& traits) {
  return [traits](std::unique_ptr<transport::Transport> engine) {
    return std::make_unique<Front>(traits, std::move(engine));
  };
}

}  // namespace dynakeep::support
