#include "dynakeep/error.h"

#include <cstdio>
#include <cstdlib>
#include <ostream>

#include "dynakeep/item.h"
#include "dynakeep/result.h"

namespace dynakeep {

std::string_view exception_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::validation:
    case ErrorCode::invalid_argument:
      return "ValidationException";
    case ErrorCode::serialization:
      return "SerializationException";
    case ErrorCode::conditional_check_failed:
      return "ConditionalCheckFailedException";
    case ErrorCode::resource_not_found:
      return "ResourceNotFoundException";
    case ErrorCode::resource_in_use:
      return "ResourceInUseException";
    case ErrorCode::limit_exceeded:
      return "LimitExceededException";
    case ErrorCode::item_collection_size_limit_exceeded:
      return "ItemCollectionSizeLimitExceededException";
    case ErrorCode::transaction_canceled:
      return "TransactionCanceledException";
    case ErrorCode::transaction_conflict:
      return "TransactionConflictException";
    case ErrorCode::transaction_in_progress:
      return "TransactionInProgressException";
    case ErrorCode::idempotent_parameter_mismatch:
      return "IdempotentParameterMismatchException";
    case ErrorCode::provisioned_throughput_exceeded:
      return "ProvisionedThroughputExceededException";
    case ErrorCode::throttling:
      return "ThrottlingException";
    case ErrorCode::request_limit_exceeded:
      return "RequestLimitExceeded";
    case ErrorCode::expired_iterator:
      return "ExpiredIteratorException";
    case ErrorCode::trimmed_data_access:
      return "TrimmedDataAccessException";
    case ErrorCode::snapshot_expired:
      return "SnapshotExpired";
    case ErrorCode::unknown_operation:
      return "UnknownOperationException";
    case ErrorCode::missing_authentication_token:
      return "MissingAuthenticationTokenException";
    case ErrorCode::incomplete_signature:
      return "IncompleteSignatureException";
    case ErrorCode::invalid_signature:
      return "InvalidSignatureException";
    case ErrorCode::unrecognized_client:
      return "UnrecognizedClientException";
    case ErrorCode::access_denied:
      return "AccessDeniedException";
    case ErrorCode::event_already_exists:
      return "EventAlreadyExistsError";
    case ErrorCode::aggregate_not_found:
      return "AggregateNotFoundError";
    case ErrorCode::malformed_item:
      return "MalformedItemError";
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
      return "ServiceUnavailable";
    case ErrorCode::internal_server_error:
    case ErrorCode::not_found:
    case ErrorCode::precondition_failed:
    case ErrorCode::gone:
    case ErrorCode::write_conflict:
    case ErrorCode::unsupported:
      break;
  }
  return "InternalServerError";
}

Error Error::validation(std::string message) { return {ErrorCode::validation, std::move(message)}; }
Error Error::internal(std::string message) {
  return {ErrorCode::internal_server_error, std::move(message)};
}
Error Error::conditional_check_failed() {
  return {ErrorCode::conditional_check_failed, "The conditional request failed"};
}
Error Error::resource_not_found(std::string message) {
  return {ErrorCode::resource_not_found, std::move(message)};
}

bool Error::is_retryable() const {
  switch (code_) {
    case ErrorCode::internal_server_error:
    case ErrorCode::item_collection_size_limit_exceeded:
    case ErrorCode::limit_exceeded:
    case ErrorCode::provisioned_throughput_exceeded:
    case ErrorCode::throttling:
    case ErrorCode::request_limit_exceeded:
    case ErrorCode::transaction_conflict:
    case ErrorCode::transaction_in_progress:
    case ErrorCode::unrecognized_client:
    case ErrorCode::unavailable:
    case ErrorCode::timed_out:
      return true;
    default:
      return false;
  }
}

Error& Error::set_item(Item item) {
  item_ = std::make_shared<const Item>(std::move(item));
  return *this;
}

Error& Error::set_cancellation_reasons(std::vector<CancellationReason> reasons) {
  reasons_ = std::move(reasons);
  return *this;
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << exception_name(error.code()) << ": " << error.message();
}

namespace detail {

void value_of_an_error(const Error& error) {
  std::fprintf(stderr, "dynakeep: the value of a failed result was asked for: %.*s: %s\n",
               static_cast<int>(exception_name(error.code()).size()),
               exception_name(error.code()).data(), error.message().c_str());
  std::abort();
}

void error_of_a_value() {
  std::fputs("dynakeep: the error of a result that holds a value was asked for\n", stderr);
  std::abort();
}

}  // namespace detail
}  // namespace dynakeep
