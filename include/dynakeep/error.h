#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dynakeep {

class Item;

// What went wrong, one word for each thing that some caller would act on. The comment names
// DynamoDB's exception where it has one.
enum class ErrorCode : std::uint8_t {
  validation,                // ValidationException: the request is wrong; do not send it again
  serialization,             // SerializationException: not the JSON that the operation takes
  conditional_check_failed,  // ConditionalCheckFailedException: the condition does not hold
  resource_not_found,        // ResourceNotFoundException: no such table, index or stream
  resource_in_use,           // ResourceInUseException: exists already, or is being changed
  limit_exceeded,            // LimitExceededException
  item_collection_size_limit_exceeded,  // ItemCollectionSizeLimitExceededException
  transaction_canceled,                 // TransactionCanceledException; see cancellation_reasons()
  transaction_conflict,                 // TransactionConflictException
  transaction_in_progress,              // TransactionInProgressException
  idempotent_parameter_mismatch,        // IdempotentParameterMismatchException
  provisioned_throughput_exceeded,      // ProvisionedThroughputExceededException
  throttling,                           // ThrottlingException
  request_limit_exceeded,               // RequestLimitExceeded
  expired_iterator,                     // ExpiredIteratorException: of a shard, after 15 minutes
  trimmed_data_access,                  // TrimmedDataAccessException: records there were are gone
  snapshot_expired,                     // SnapshotExpired: of the engine's own, after 15 minutes
  unknown_operation,                    // UnknownOperationException
  missing_authentication_token,         // MissingAuthenticationTokenException
  incomplete_signature,                 // IncompleteSignatureException
  invalid_signature,                    // InvalidSignatureException
  unrecognized_client,                  // UnrecognizedClientException
  access_denied,                        // AccessDeniedException
  internal_server_error,                // InternalServerError: disk, memory, or another fault below
  invalid_argument,                     // a bad option, path or connection string; not DynamoDB's
  unavailable,                          // ServiceUnavailable: nobody answers there, or closed
  timed_out,                            // ServiceUnavailable: no answer within the deadline
  // Of the event store (stores/events.h), with the names that castore's JavaScript knows them by:
  event_already_exists,  // EventAlreadyExistsError: another event has the version
  aggregate_not_found,   // AggregateNotFoundError: no events
  malformed_item,        // MalformedItemError: a stored item is not what its table is for
  // Of versioned collections (stores/versioned_collections.h) and dismissals:
  not_found,            // no such collection, entry or item, or it is deleted
  precondition_failed,  // its state is not one that the caller asked for
  gone,                 // the version was purged
  write_conflict,       // others were in the way, or the resource's state is
  unsupported,          // who was asked is of a kind or an age that cannot do it
};

// DynamoDB's name for the code, such as "ValidationException", or the event store's. Codes without
// one answer with "InternalServerError".
std::string_view exception_name(ErrorCode code);

// Why one action of a cancelled transaction failed, in the order of the request's actions.
struct CancellationReason {
  std::string code =
      "None";  // "None", "ConditionalCheckFailed", "ValidationError", "TransactionConflict", …
  std::string message = {};
  std::shared_ptr<const Item> item = {};  // the item as it was, if the action asked for ALL_OLD
};

// A failure, as a value. Copies share the immutable detail.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Error validation(std::string message);
  static Error internal(std::string message);
  static Error conditional_check_failed();  // "The conditional request failed"
  static Error resource_not_found(std::string message);

  ErrorCode code() const { return code_; }

  // For a person; DynamoDB's own words where it has them.
  const std::string& message() const { return message_; }

  bool is_condition_failure() const { return code_ == ErrorCode::conditional_check_failed; }

  // Whether the same request may succeed if sent again later.
  bool is_retryable() const;

  // Whether the request may have been carried out although no answer came.
  bool outcome_unknown() const { return outcome_unknown_; }
  Error& set_outcome_unknown(bool unknown) {
    outcome_unknown_ = unknown;
    return *this;
  }

  // The item as it was when a condition failed, if the request asked for ALL_OLD and there was one.
  const Item* item() const { return item_.get(); }
  Error& set_item(Item item);

  // For transaction_canceled: one reason an action.
  const std::vector<CancellationReason>& cancellation_reasons() const { return reasons_; }
  Error& set_cancellation_reasons(std::vector<CancellationReason> reasons);

  friend std::ostream& operator<<(std::ostream& out, const Error& error);

 private:
  ErrorCode code_;
  bool outcome_unknown_ = false;
  std::string message_;
  // Shared by the copies of one error; never changed once set.
  std::shared_ptr<const Item> item_;
  std::vector<CancellationReason> reasons_;
};

}  // namespace dynakeep
