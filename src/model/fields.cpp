#include "dynakeep/fields.h"

namespace dynakeep::detail {

bool FieldFailure::wrong_type(std::string_view wanted, const AttributeView& found) {
  if (!found.exists()) return missing();
  what_ = "should be of type ";
  what_ += wanted;
  what_ += ", but is of type ";
  what_ += type_name(*found.type());
  return false;
}

bool FieldFailure::out_of_range(const AttributeView& found) {
  what_ = "is a number that its type cannot hold: " + found.number().value_or(Number()).to_string();
  return false;
}

bool FieldFailure::missing() {
  what_ = "is missing";
  return false;
}

bool FieldFailure::because(const Error& error) {
  what_ = "is refused: " + error.message();
  return false;
}

bool FieldFailure::within(std::string_view name) {
  path_.insert(0, path_.empty() ? std::string(name) : std::string(name) + ".");
  return false;
}

Error FieldFailure::error(ErrorCode code) const {
  return Error(code, (path_.empty() ? "the value" : "the member " + path_) + " " + what_);
}

}  // namespace dynakeep::detail
