#include "services/versioned_collections/list_body.h"

#include <utility>

#include "base/log.h"

namespace dynakeep::services::collections {

Result<bool> ListBody::begin() {
  // A short list is one piece, and the next is empty.
  TRY(read());
  if (!ended_) TRY(read());
  return ended_;
}

http::BodySource::State ListBody::next(std::string& out) {
  if (ready_.empty()) {
    if (const auto read_more = read(); !read_more) {
      base::log(LogLevel::warning, "a list was cut short",
                {{"request", request_id_},
                 {"error", std::string(exception_name(read_more.error().code()))},
                 {"message", read_more.error().message()}});
      return State::broken;
    }
  }
  out += ready_;
  ready_.clear();
  return ended_ ? State::end : State::more;
}

Result<void> ListBody::read() {
  const auto piece = TRY(stream_->next());
  for (const ResourceVersion& version : piece) {
    if (!std::exchange(at_first_, false)) ready_ += ',';
    append_resource(ready_, version, view_);
  }
  if (piece.empty()) {
    ready_ += ']';
    ended_ = true;
  }
  return {};
}

}  // namespace dynakeep::services::collections
