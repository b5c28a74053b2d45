#include "dynakeep/services/dismissals.h"
#include "http/message.h"

namespace dynakeep {

std::optional<std::string_view> DismissalContext::header(std::string_view name) const {
  for (const auto& [header_name, value] : headers) {
    if (http::equal_ignoring_case(header_name, name)) return value;
  }
  return std::nullopt;
}

DismissalVerdict DismissalVerdict::refuse(std::string reason) {
  return fail(403, reason.empty() ? "Operation blocked by lifecycle hook" : std::move(reason));
}

DismissalVerdict DismissalVerdict::fail(int status, std::string message,
                                        std::optional<std::chrono::seconds> retry_after) {
  DismissalVerdict verdict;
  verdict.status_ = status >= 400 && status <= 599 ? status : 500;
  verdict.message_ = std::move(message);
  verdict.retry_after_ = retry_after;
  return verdict;
}

// A hook has what it overrides; the rest lets everything pass.
DismissalVerdict DismissalHook::before_request(DismissalRequest&) { return {}; }
void DismissalHook::after_request(const DismissalRequest&, const Dismissible&) {}
DismissalVerdict DismissalHook::before_get(const DismissalRequest&, const Dismissible&) {
  return {};
}
void DismissalHook::after_get(const DismissalRequest&, const Dismissible&) {}
DismissalVerdict DismissalHook::before_create(const DismissalRequest&) { return {}; }
void DismissalHook::after_create(const DismissalRequest&, const Dismissible&) {}
DismissalVerdict DismissalHook::before_dismiss(const DismissalRequest&) { return {}; }
void DismissalHook::after_dismiss(const DismissalRequest&, const Dismissible&) {}
DismissalVerdict DismissalHook::before_restore(const DismissalRequest&) { return {}; }
void DismissalHook::after_restore(const DismissalRequest&, const Dismissible&) {}

DismissalVerdict DismissalHook::before_batch_request(DismissalBatchRequest&) { return {}; }
void DismissalHook::after_batch_request(const DismissalBatchRequest&,
                                        std::span<const Dismissible>) {}
DismissalVerdict DismissalHook::before_batch_get(const DismissalBatchRequest&,
                                                 std::span<const Dismissible>) {
  return {};
}
void DismissalHook::after_batch_get(const DismissalBatchRequest&, std::span<const Dismissible>) {}
DismissalVerdict DismissalHook::before_batch_create(const DismissalBatchRequest&,
                                                    std::vector<std::string>&) {
  return {};
}
void DismissalHook::after_batch_create(const DismissalBatchRequest&, std::span<const Dismissible>) {
}

DismissalVerdict DismissalHook::before_audience_request(const DismissalAudienceRequest& request) {
  for (const std::string& user : request.user_ids) {
    DismissalRequest one{.user_id = user, .item_id = request.item_id, .context = request.context};
    auto verdict = before_request(one);
    if (!verdict.may_proceed()) return verdict;
    // What it changes for one user has no place in a request for many.
    if (one.user_id != user || one.item_id != request.item_id) {
      return DismissalVerdict::fail(500, "a hook changes the ids of a request for many users");
    }
  }
  return {};
}

std::string_view to_string(DismissalEventKind kind) {
  switch (kind) {
    case DismissalEventKind::retrieved:
      return "dismissible.item.retrieved";
    case DismissalEventKind::created:
      return "dismissible.item.created";
    case DismissalEventKind::dismissed:
      return "dismissible.item.dismissed";
    case DismissalEventKind::restored:
      return "dismissible.item.restored";
  }
  return {};
}

}  // namespace dynakeep
