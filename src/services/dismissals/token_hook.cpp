#include "services/dismissals/token_hook.h"

#include <span>
#include <string>
#include <utility>

namespace dynakeep::services::dismissals {

namespace {

class TokenHook final : public DismissalHook {
 public:
  TokenHook(int priority, std::unique_ptr<const jwt::TokenGate> gate)
      : priority_(priority), gate_(std::move(gate)) {}

  int priority() const override { return priority_; }

  DismissalVerdict before_request(DismissalRequest& request) override {
    return check(request.context, {&request.user_id, 1});
  }
  DismissalVerdict before_batch_request(DismissalBatchRequest& request) override {
    return check(request.context, {&request.user_id, 1});
  }
  DismissalVerdict before_audience_request(const DismissalAudienceRequest& request) override {
    return check(request.context, request.user_ids);
  }

 private:
  DismissalVerdict check(const DismissalContext& context,
                         std::span<const std::string> users) const {
    auto refusal = gate_->refuse(context.header("authorization"), users);
    if (!refusal) return DismissalVerdict::proceed();
    return DismissalVerdict::fail(refusal->status, std::move(refusal->message));
  }

  const int priority_;
  const std::unique_ptr<const jwt::TokenGate> gate_;
};

}  // namespace

std::shared_ptr<DismissalHook> make_token_hook(int priority,
                                               std::unique_ptr<const jwt::TokenGate> gate) {
  return std::make_shared<TokenHook>(priority, std::move(gate));
}

}  // namespace dynakeep::services::dismissals
