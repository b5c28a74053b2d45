#pragma once

#include <memory>
#include <string>

#include "dynakeep/result.h"
#include "dynakeep/stores/versioned_collections.h"
#include "http/message.h"
#include "services/versioned_collections/representation.h"

namespace dynakeep::services::collections {

// A list as a JSON array, made while the client takes it.
class ListBody final : public http::BodySource {
 public:
  ListBody(std::unique_ptr<ResourceStream> stream, View view, std::string request_id)
      : stream_(std::move(stream)), view_(view), request_id_(std::move(request_id)) {}

  // Reads so far that it is known whether the list goes on; what goes wrong until then can still be
  // answered as it should. True: it does not, and take() is all of it.
  Result<bool> begin();
  std::string take() { return std::move(ready_); }

  State next(std::string& out) override;
  // Never waits.
  void when_ready(std::function<void()> wake) override { wake(); }

 private:
  // Appends the next piece, or the end of the array.
  Result<void> read();

  std::unique_ptr<ResourceStream> stream_;
  const View view_;
  const std::string request_id_;
  std::string ready_ = "[";
  bool at_first_ = true;
  bool ended_ = false;
};

}  // namespace dynakeep::services::collections
