#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_string.h"
#include "services/versioned_collections/answer.h"
#include "services/versioned_collections/body_members.h"
#include "services/versioned_collections/conditions.h"
#include "services/versioned_collections/entry_content.h"
#include "services/versioned_collections/route.h"

// Several changes to a collection's entries in one request, all or none where it is asked for.
namespace dynakeep::services::collections {
namespace {

using Kind = EntryOperation::Kind;

constexpr std::size_t body_bytes = std::size_t{4} << 20;

Error wrong(std::size_t index, const std::string& what) {
  return {ErrorCode::invalid_argument, "Operation " + std::to_string(index) + ": " + what};
}

std::optional<Kind> kind_of(const JsonDocument& operation) {
  const JsonDocument* const op = operation.find("op");
  if (op == nullptr || !op->is_string()) return std::nullopt;
  if (op->text() == "create") return Kind::create;
  if (op->text() == "update") return Kind::update;
  if (op->text() == "delete") return Kind::remove;
  if (op->text() == "restore") return Kind::restore;
  return std::nullopt;
}

// A version number, or what a header If-Match may have. Of a restore a number means that version,
// deleted or not: what else would be restored.
Result<void> put_condition(const JsonDocument& operation, EntryOperation& result) {
  const JsonDocument* const value = operation.find("ifMatch");
  if (value == nullptr) return {};
  if (value->is_string()) return put_if_match(value->text(), result.options);
  const Millis version = TRY(whole_number(*value, "ifMatch"));
  result.options.if_match = {{.version = version, .deleted = false}};
  if (result.kind == Kind::restore) {
    result.options.if_match->push_back({.version = version, .deleted = true});
  }
  return {};
}

// One operation of the body, its content aside. What is wrong with it makes the whole batch wrong.
Result<EntryOperation> operation_of(const JsonDocument& operation, const WriteOptions& options) {
  const auto kind = kind_of(operation);
  if (!kind) {
    return Error(ErrorCode::invalid_argument, "op is create, update, delete or restore");
  }
  EntryOperation result{.kind = *kind, .options = options};
  const JsonDocument* const entry = operation.find("entry");
  if (*kind != Kind::create) {
    if (entry == nullptr || !entry->is_string() || entry->text().empty()) {
      return Error(ErrorCode::invalid_argument, "entry is the id of an entry");
    }
    result.entry = entry->text();
  } else if (entry != nullptr || operation.find("ifMatch") != nullptr) {
    return Error(ErrorCode::invalid_argument, "What is created has no id and no state yet");
  }
  if (*kind == Kind::restore) result.version = TRY(version_members(operation));
  TRY(put_condition(operation, result));
  return result;
}

struct Batch {
  bool atomic = false;
  std::vector<EntryOperation> operations = {};
  // What is wrong with the content of an operation stands in its place of the answer.
  std::vector<std::optional<Error>> errors = {};

  bool has_errors() const {
    return std::any_of(errors.begin(), errors.end(), [](const auto& error) { return error; });
  }
  bool has(Kind kind) const {
    return std::any_of(operations.begin(), operations.end(),
                       [&](const auto& operation) { return operation.kind == kind; });
  }
};

Result<Batch> batch_of(const JsonDocument& body, const WriteOptions& options) {
  Batch batch{.atomic = TRY(flag_member(body, "atomic"))};
  const JsonDocument* const operations = body.find("operations");
  if (operations == nullptr || !operations->is_array()) {
    return Error(ErrorCode::invalid_argument, "The operations are an array");
  }
  for (const JsonDocument& each : operations->elements()) {
    const std::size_t index = batch.operations.size();
    auto operation = operation_of(each, options);
    if (!operation) return wrong(index, operation.error().message());
    std::optional<Error> error;
    if (operation->kind == Kind::create || operation->kind == Kind::update) {
      auto content = entry_content(each);
      if (content) {
        operation->change = std::move(*content);
      } else {
        error = content.error();
      }
    }
    batch.operations.push_back(std::move(*operation));
    batch.errors.push_back(std::move(error));
  }
  return batch;
}

// What the store says of each operation; those with an error are not given to it, and of an atomic
// batch with one none is.
Result<std::vector<EntryOutcome>> carry_out(const Call& call, const Batch& batch) {
  std::vector<EntryOutcome> outcomes(batch.operations.size());
  std::vector<EntryOperation> good;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    outcomes[i].error = batch.errors[i];
    if (!batch.errors[i]) good.push_back(batch.operations[i]);
  }
  if (batch.has_errors() && (batch.atomic || good.empty())) return outcomes;
  auto written = TRY(call.store.write_entries(call.path, good, batch.atomic));
  auto next = written.begin();
  for (EntryOutcome& outcome : outcomes) {
    if (!outcome.error) outcome = std::move(*next++);
  }
  return outcomes;
}

// What the header If-Match is to single writes: asked for by the service, or not known to its
// store.
std::optional<http::HttpResponse> check_conditions(const Call& call, const Batch& batch) {
  bool is_conditional = batch.atomic;
  bool is_missing = false;
  for (const EntryOperation& operation : batch.operations) {
    const bool has_one = operation.options.if_match || operation.options.if_live;
    is_conditional = is_conditional || has_one;
    is_missing = is_missing ||
                 (!has_one && (operation.kind == Kind::update || operation.kind == Kind::remove));
  }
  if (is_missing && call.options.require_if_match) {
    return refusal(call, 428, "precondition_required", "ifMatch is required here");
  }
  if (is_conditional && call.store.options().write_mode == WriteMode::conditional) {
    return refusal(call, 501, "unsupported",
                   "Conditions and atomic batches need WRITE_MODE=linear");
  }
  return std::nullopt;
}

void append_result(std::string& body, const EntryOperation& operation,
                   const EntryOutcome& outcome) {
  const std::string& id = outcome.entry ? outcome.entry->path.entry : operation.entry;
  Refusal failure{.status = 424};
  if (outcome.error) failure = refusal_of(*outcome.error);
  const int status = !outcome.entry ? failure.status : operation.kind == Kind::create ? 201 : 200;
  body += R"({"status":)" + std::to_string(status);
  if (!id.empty()) {
    body += R"(,"entry":)";
    base::append_json_string(body, id);
  }
  if (outcome.entry) {
    body += R"(,"version":)" + std::to_string(outcome.entry->version);
    if (outcome.entry->revision) {
      body += R"(,"revision":)" + std::to_string(*outcome.entry->revision);
    }
  }
  if (outcome.error) {
    body += R"(,"error":)";
    base::append_json_string(body, failure.code);
    body += R"(,"message":)";
    base::append_json_string(body, outcome.error->message());
  }
  body += '}';
}

// Of an atomic batch that was not carried out: by what stood in its way.
int status_of(const Batch& batch, const std::vector<EntryOutcome>& outcomes) {
  int status = 200;
  if (!batch.atomic) return status;
  for (const EntryOutcome& outcome : outcomes) {
    if (!outcome.error) continue;
    status = std::max(status, refusal_of(*outcome.error).status == 412 ? 412 : 409);
  }
  return status;
}

// What is not the caller's doing; null if there is nothing of the kind.
const Error* backend_error(const std::vector<EntryOutcome>& outcomes) {
  for (const EntryOutcome& outcome : outcomes) {
    if (outcome.error && refusal_of(*outcome.error).status == 502) return &*outcome.error;
  }
  return nullptr;
}

http::HttpResponse write_batch(Call& call) {
  WriteOptions options;
  if (auto refused = read_write_options(call, of_creates, options)) return std::move(*refused);
  if (options.idempotency_key) {
    return refusal(call, 400, "invalid", "A batch takes no idempotency key");
  }
  const auto batch = batch_of(call.body, options);
  if (!batch) return refusal(call, batch.error());
  if (batch->has(Kind::remove) && !call.key.may(ApiPermission::remove)) {
    return refusal(call, 403, "forbidden", "The key is not good for deleting");
  }
  if (auto refused = check_conditions(call, *batch)) return std::move(*refused);
  const auto outcomes = carry_out(call, *batch);
  if (!outcomes) return refusal(call, outcomes.error());
  if (const Error* const error = backend_error(*outcomes)) {
    // Of an atomic batch there is no more to tell; of another it is logged, and some may be done.
    http::HttpResponse refused = refusal(call, *error);
    if (batch->atomic) return refused;
  }
  std::string body = R"({"results":[)";
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    if (i > 0) body += ',';
    append_result(body, batch->operations[i], (*outcomes)[i]);
  }
  return json_answer(status_of(*batch, *outcomes), body + "]}");
}

constexpr auto rows = std::to_array<Route>({
    {.method = "POST",
     .pattern = "/api/user/{user}/collection/{c}/batch",
     .permission = ApiPermission::write,
     .errors = ErrorForm::json,
     .handle = write_batch,
     .body_bytes_max = body_bytes},
});

}  // namespace

std::span<const Route> batch_routes() { return rows; }

}  // namespace dynakeep::services::collections
