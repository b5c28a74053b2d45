#include "engine/operations/cancellation.h"

#include <string>
#include <utility>

namespace dynakeep::engine {

CancellationReason reason_of(const Error& error) {
  return {.code = "ValidationError", .message = error.message()};
}

Error cancelled(std::vector<CancellationReason> reasons) {
  std::string message =
      "Transaction cancelled, please refer cancellation reasons for specific reasons [";
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    if (i > 0) message += ", ";
    message += reasons[i].code;
  }
  message += ']';
  Error error(ErrorCode::transaction_canceled, std::move(message));
  error.set_cancellation_reasons(std::move(reasons));
  return error;
}

}  // namespace dynakeep::engine
