#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dynakeep/services/dismissals.h"

namespace dynakeep::services::dismissals {

// Why something was not done, as its client is to see it.
struct Refusal {
  int status = 500;
  std::string message = {};
  std::optional<std::chrono::seconds> retry_after = {};
};

template <typename T>
using Outcome = std::variant<T, Refusal>;

// What became of one of many.
struct ItemOutcome {
  std::string id = {};
  Outcome<Dismissible> outcome = Refusal{};
};

struct OperationsOptions {
  std::vector<std::shared_ptr<DismissalHook>> hooks = {};
  std::vector<DismissalSubscriber> subscribers = {};
  bool throttled_is_503 = false;
};

// Operations on items as the service offers them: the store's, with hooks around them and events.
// Ids in requests are well; those that a hook puts there are looked at again. Thread-safe. Store,
// hooks and subscribers are called by the caller's thread.
class Operations {
 public:
  // The store must outlive the object.
  Operations(Dismissals& store, OperationsOptions options);

  // ---- upstream's ----

  Outcome<Dismissible> get_or_create(DismissalRequest request);
  Outcome<Dismissible> dismiss(DismissalRequest request, const DismissOptions& options);
  Outcome<Dismissible> restore(DismissalRequest request, const RestoreOptions& options);
  // In the order of the request, an entry for each of its ids.
  Outcome<std::vector<Dismissible>> get_or_create_many(DismissalBatchRequest request);

  // ---- ours ----

  Outcome<Dismissible> get(DismissalRequest request);  // 404 if it is not there
  Outcome<Dismissible> count_showing(DismissalRequest request);
  Outcome<std::vector<ItemOutcome>> dismiss_many(DismissalBatchRequest request,
                                                 const DismissOptions& options);
  Outcome<std::vector<ItemOutcome>> restore_many(DismissalBatchRequest request,
                                                 const RestoreOptions& options);
  Outcome<DismissiblePage> list(DismissalBatchRequest request, const DismissalListOptions& options);
  Outcome<DismissalCounts> count(DismissalBatchRequest request);
  Outcome<std::size_t> restore_all(DismissalBatchRequest request, std::string_view prefix);
  Outcome<std::size_t> erase(DismissalBatchRequest request);
  Outcome<std::vector<ItemOutcome>> dismiss_for(DismissalAudienceRequest request,
                                                const DismissOptions& options);

 private:
  struct Ids {
    DismissalUserId user;
    DismissalItemId item;
  };
  using Before = std::function<DismissalVerdict(DismissalHook& hook)>;
  using After = std::function<void(DismissalHook& hook)>;

  std::optional<Refusal> before(const Before& call) const;
  void after(const After& call) const;
  void tell(const DismissalEvent& event) const;
  Refusal refusal_of(const Error& error, std::string_view user, std::string_view item) const;

  Outcome<Ids> begin(DismissalRequest& request) const;
  Outcome<DismissalUserId> begin(DismissalBatchRequest& request) const;

  std::optional<Refusal> take(const DismissalRequest& request, const Dismissible& found) const;
  Outcome<Dismissible> change(DismissalRequest& request, DismissalEventKind kind,
                              const std::function<Result<DismissalChange>(const Ids&)>& make);
  std::vector<ItemOutcome> outcomes_of(const std::vector<Result<DismissalChange>>& changes,
                                       const std::vector<std::string>& ids, std::string_view others,
                                       DismissalEventKind kind,
                                       const DismissalContext& context) const;
  template <typename T>
  Outcome<T> whole_user(DismissalBatchRequest& request,
                        const std::function<Result<T>(const DismissalUserId&)>& call);

  Dismissals& store_;
  const std::vector<std::shared_ptr<DismissalHook>> hooks_;  // in the order of before
  const std::vector<DismissalSubscriber> subscribers_;
  const bool throttled_is_503_;
};

}  // namespace dynakeep::services::dismissals
