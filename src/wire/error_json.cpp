#include "wire/error_json.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "wire/shape.h"

namespace dynakeep::wire {

// Not of the API's structs: the item is shared there.
struct ReasonMembers {
  std::optional<std::string> code = {};
  std::optional<std::string> message = {};
  std::optional<Item> item = {};
};

template <>
struct Shape<ReasonMembers> {
  static constexpr std::string_view name = "CancellationReason";
  static void members(auto& each, auto& x) {
    each("Code", x.code);
    each("Message", x.message);
    each("Item", x.item);
  }
};

// What an error's body may hold, in either spelling.
struct ErrorMembers {
  std::optional<std::string> type = {};
  std::optional<std::string> message = {};
  std::optional<std::string> capital_message = {};
  std::optional<Item> item = {};
  std::optional<std::vector<ReasonMembers>> reasons = {};
};

template <>
struct Shape<ErrorMembers> {
  static constexpr std::string_view name = "Error";
  static void members(auto& each, auto& x) {
    each("__type", x.type);
    each("CancellationReasons", x.reasons);
    each("message", x.message);
    each("Message", x.capital_message);
    each("Item", x.item);
  }
};

namespace {

constexpr std::string_view dynamodb = "com.amazonaws.dynamodb.v20120810";
constexpr std::string_view coral_service = "com.amazon.coral.service";
constexpr std::string_view coral_validate = "com.amazon.coral.validate";
constexpr std::string_view coral_availability = "com.amazon.coral.availability";

// How the real service spells an exception. Most come from DynamoDB's own model, and the rest from
// the framework that it runs in.
struct Spelling {
  ErrorCode code;
  std::string_view space = dynamodb;
  bool capital_message = false;
};

// Codes that are not here are spelled as the default says.
constexpr auto spellings = std::to_array<Spelling>({
    {ErrorCode::validation, coral_validate},
    {ErrorCode::invalid_argument, coral_validate},
    {ErrorCode::serialization, coral_service, true},
    {ErrorCode::transaction_canceled, dynamodb, true},
    {ErrorCode::transaction_in_progress, dynamodb, true},
    {ErrorCode::idempotent_parameter_mismatch, dynamodb, true},
    {ErrorCode::throttling, coral_availability},
    {ErrorCode::unknown_operation, coral_service},
    {ErrorCode::missing_authentication_token, coral_service},
    {ErrorCode::incomplete_signature, coral_service},
    {ErrorCode::invalid_signature, coral_service},
    {ErrorCode::unrecognized_client, coral_service},
    {ErrorCode::access_denied, coral_service, true},
});

Spelling spelling_of(ErrorCode code) {
  const auto* found = std::find_if(spellings.begin(), spellings.end(),
                                   [&](const Spelling& spelling) { return spelling.code == code; });
  return found == spellings.end() ? Spelling{.code = code} : *found;
}

// The codes that come over the wire, each with a name of its own.
constexpr auto named_codes = std::to_array<ErrorCode>({
    ErrorCode::validation,
    ErrorCode::serialization,
    ErrorCode::conditional_check_failed,
    ErrorCode::resource_not_found,
    ErrorCode::resource_in_use,
    ErrorCode::limit_exceeded,
    ErrorCode::item_collection_size_limit_exceeded,
    ErrorCode::transaction_canceled,
    ErrorCode::transaction_conflict,
    ErrorCode::transaction_in_progress,
    ErrorCode::idempotent_parameter_mismatch,
    ErrorCode::provisioned_throughput_exceeded,
    ErrorCode::throttling,
    ErrorCode::request_limit_exceeded,
    ErrorCode::expired_iterator,
    ErrorCode::trimmed_data_access,
    ErrorCode::snapshot_expired,
    ErrorCode::unknown_operation,
    ErrorCode::missing_authentication_token,
    ErrorCode::incomplete_signature,
    ErrorCode::invalid_signature,
    ErrorCode::unrecognized_client,
    ErrorCode::access_denied,
    ErrorCode::internal_server_error,
    ErrorCode::unavailable,
});

// Exceptions for which a caller would do what it does for another.
struct Kindred {
  std::string_view exception;
  ErrorCode code;
};
constexpr auto kindred = std::to_array<Kindred>({
    {"ExpiredTokenException", ErrorCode::unrecognized_client},
    {"ReplicatedWriteConflictException", ErrorCode::transaction_conflict},
});

struct Named {
  ErrorCode code;
  bool exactly;  // the exception is the code's own
};

std::optional<Named> code_of(std::string_view exception) {
  for (const ErrorCode code : named_codes) {
    if (exception_name(code) == exception) return Named{.code = code, .exactly = true};
  }
  for (const Kindred& one : kindred) {
    if (one.exception == exception) return Named{.code = one.code, .exactly = false};
  }
  return std::nullopt;
}

ReasonMembers members_of(const CancellationReason& reason) {
  ReasonMembers members;
  members.code = reason.code;
  if (!reason.message.empty()) members.message = reason.message;
  if (reason.item) members.item = *reason.item;
  return members;
}

CancellationReason reason_of(ReasonMembers members) {
  CancellationReason reason;
  if (members.code) reason.code = std::move(*members.code);
  if (members.message) reason.message = std::move(*members.message);
  if (members.item) reason.item = std::make_shared<const Item>(std::move(*members.item));
  return reason;
}

}  // namespace

int status_of(const Error& error) {
  switch (error.code()) {
    case ErrorCode::internal_server_error:
    case ErrorCode::malformed_item:
      return 500;
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
      return 503;
    default:
      return 400;
  }
}

std::string encode_error(const Error& error) {
  const Spelling spelling = spelling_of(error.code());
  ErrorMembers members;
  members.type = std::string(spelling.space) + "#" + std::string(exception_name(error.code()));
  if (!error.message().empty()) {
    (spelling.capital_message ? members.capital_message : members.message) = error.message();
  }
  if (error.item() != nullptr) members.item = *error.item();
  if (error.code() == ErrorCode::transaction_canceled) {
    members.reasons.emplace();
    for (const CancellationReason& reason : error.cancellation_reasons()) {
      members.reasons->push_back(members_of(reason));
    }
  }
  Encoder encoder(nullptr);
  encoder.write(members);
  return std::move(encoder.out());
}

Error decode_error(int status, std::string_view body) {
  return decode_sent_error(status, body).error;
}

SentError decode_sent_error(int status, std::string_view body) {
  const ErrorCode unnamed =
      status >= 500 ? ErrorCode::internal_server_error : ErrorCode::validation;
  ErrorMembers members;
  const ParsedJson parsed(body);
  Decoder decoder(nullptr);
  if (parsed.is_valid()) decoder.read(parsed.root(), members, Place::field);
  if (!parsed.is_valid() || decoder.error() || !members.type) {
    // The start of it, for a person: enough to recognise who answered.
    return {
        .error = {unnamed, "HTTP status " + std::to_string(status) +
                               " without a DynamoDB error: " + std::string(body.substr(0, 200))}};
  }
  // Both with and without a namespace before the name, and with a URI after it, have been seen.
  std::string_view exception = *members.type;
  exception = exception.substr(exception.find('#') + 1);
  exception = exception.substr(0, exception.find(':'));
  std::string message = members.message           ? std::move(*members.message)
                        : members.capital_message ? std::move(*members.capital_message)
                                                  : std::string();
  const auto named = code_of(exception);
  if (!named || !named->exactly) message = std::string(exception) + ": " + message;

  Error error(named ? named->code : unnamed, std::move(message));
  if (members.item) error.set_item(std::move(*members.item));
  if (members.reasons) {
    std::vector<CancellationReason> reasons;
    for (ReasonMembers& reason : *members.reasons) reasons.push_back(reason_of(std::move(reason)));
    error.set_cancellation_reasons(std::move(reasons));
  }
  return {.error = std::move(error), .exception = std::string(exception)};
}

}  // namespace dynakeep::wire
