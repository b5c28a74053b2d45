#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynakeep/clock.h"
#include "dynakeep/result.h"
#include "dynakeep/service.h"
#include "dynakeep/services/tokens.h"
#include "dynakeep/stores/dismissals.h"

// Dismissals over HTTP: Dismissible's interface (API 3.1.1), so that its React client works
// unchanged, and ours beside it for what it does not have. docs/stores/dismissals.md lists the
// routes, and dismissals_settings.h reads the options from Dismissible's environment variables.
namespace dynakeep {

// ---- hooks ----

// The request that an operation is for. Views hold while the hook or subscriber runs.
struct DismissalContext {
  std::string request_id = {};  // the client's x-request-id, or a random UUID
  std::string_view method = {};
  std::string_view target = {};  // with its query
  std::string_view protocol = "http";
  std::string_view host = {};
  std::string_view client_address = {};  // of the connection
  std::string_view body = {};
  std::vector<std::pair<std::string_view, std::string_view>> headers = {};
  std::map<std::string, std::string> notes = {};  // what hooks leave for those behind them

  // The first header of that name, in any case.
  std::optional<std::string_view> header(std::string_view name) const;
};

// What a hook may change: another user's or item's id is validated again, and a bad one is the
// hook's fault (500).
struct DismissalRequest {
  std::string user_id = {};
  std::string item_id = {};
  DismissalContext context = {};
};

// A request for many of a user's items.
struct DismissalBatchRequest {
  std::string user_id = {};
  std::vector<std::string> item_ids = {};  // empty: all of them, whichever there are
  DismissalContext context = {};
};

// A request for one item of many users.
struct DismissalAudienceRequest {
  std::string item_id = {};
  std::vector<std::string> user_ids = {};
  DismissalContext context = {};
};

// What a hook has to say before something is done.
class DismissalVerdict {
 public:
  static DismissalVerdict proceed() { return {}; }
  // 403. Without a reason: "Operation blocked by lifecycle hook".
  static DismissalVerdict refuse(std::string reason = {});
  // Any status from 400 on.
  static DismissalVerdict fail(int status, std::string message,
                               std::optional<std::chrono::seconds> retry_after = {});

  bool may_proceed() const { return status_ == 0; }
  int status() const { return status_; }
  const std::string& message() const { return message_; }
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

 private:
  int status_ = 0;  // 0: proceed
  std::string message_ = {};
  std::optional<std::chrono::seconds> retry_after_ = {};
};

// The host's own code around operations. `before_` functions run by ascending priority and may
// refuse, `after_` functions in the exact reverse order, on success only; of equals the one that
// was given first is first. What throws before is answered with 500, what throws after is logged.
//
// Called from many threads at once, on threads that serve connections: must not wait long.
class DismissalHook {
 public:
  virtual ~DismissalHook() = default;

  virtual int priority() const { return 0; }  // the limiter has -101, the token check -100

  // Around get-or-create, dismiss and restore of one item.
  virtual DismissalVerdict before_request(DismissalRequest& request);
  virtual void after_request(const DismissalRequest& request, const Dismissible& item);
  // Within them. A found item is got; of two who create it at once, one did.
  virtual DismissalVerdict before_get(const DismissalRequest& request, const Dismissible& item);
  virtual void after_get(const DismissalRequest& request, const Dismissible& item);
  virtual DismissalVerdict before_create(const DismissalRequest& request);
  virtual void after_create(const DismissalRequest& request, const Dismissible& item);
  virtual DismissalVerdict before_dismiss(const DismissalRequest& request);
  virtual void after_dismiss(const DismissalRequest& request, const Dismissible& item);
  virtual DismissalVerdict before_restore(const DismissalRequest& request);
  virtual void after_restore(const DismissalRequest& request, const Dismissible& item);

  // Around what is for many items of a user, which has none of the functions above.
  virtual DismissalVerdict before_batch_request(DismissalBatchRequest& request);
  virtual void after_batch_request(const DismissalBatchRequest& request,
                                   std::span<const Dismissible> items);
  // Within the batch of get-or-create: if some were found, and if some are missing.
  virtual DismissalVerdict before_batch_get(const DismissalBatchRequest& request,
                                            std::span<const Dismissible> items);
  virtual void after_batch_get(const DismissalBatchRequest& request,
                               std::span<const Dismissible> items);
  // Ids that are taken out of `missing` are neither created nor answered.
  virtual DismissalVerdict before_batch_create(const DismissalBatchRequest& request,
                                               std::vector<std::string>& missing);
  virtual void after_batch_create(const DismissalBatchRequest& request,
                                  std::span<const Dismissible> items);

  // Before one item is dismissed for many users. Unless said otherwise, before_request for each:
  // who guards single requests guards these.
  virtual DismissalVerdict before_audience_request(const DismissalAudienceRequest& request);
};

enum class DismissalEventKind : std::uint8_t { retrieved, created, dismissed, restored };

// "dismissible.item.retrieved", …
std::string_view to_string(DismissalEventKind kind);

// What has happened to an item: of two who create it at once, one creates and the other retrieves.
// With a database that syncs, the answer to the client still waits for the disk.
struct DismissalEvent {
  DismissalEventKind kind = DismissalEventKind::retrieved;
  const Dismissible& item;
  const Dismissible* previous = nullptr;  // of dismissed and restored, if it was there
  const DismissalContext& context;
};

// Called by the thread that serves the request, as a hook is.
using DismissalSubscriber = std::function<void(const DismissalEvent& event)>;

// ---- options ----
// The defaults are those of the variables, but for what a program must say itself.

// Of this process: for a single server.
struct DismissalCacheOptions {
  std::size_t items_max = 5000;
  std::chrono::milliseconds time_to_live = std::chrono::hours(6);
};

struct DismissalSecurityHeaders {
  bool enabled = true;
  bool content_security_policy = false;
  bool cross_origin_embedder_policy = false;
  std::int64_t hsts_max_age_s = 31'536'000;
  bool hsts_include_subdomains = true;
  bool hsts_preload = false;
};

struct DismissalCors {
  bool enabled = false;
  std::vector<std::string> origins = {};  // exactly; "*" is every one. At least one, if enabled
  std::vector<std::string> methods = {"GET", "POST", "DELETE", "OPTIONS"};
  std::vector<std::string> allowed_headers = {"Content-Type", "Authorization", "x-request-id"};
  bool credentials = true;
  std::int64_t max_age_s = 86'400;
};

enum class DismissalLimiterKey : std::uint8_t { ip, origin, referrer };
enum class DismissalLimiterMode : std::uint8_t {
  all,    // one bucket for the values together ("and")
  first,  // for the first that there is ("or")
  each,   // one for each ("any")
};

struct DismissalRateLimits {
  std::uint32_t points = 1000;              // requests in a window
  std::chrono::seconds duration{1};         // of a window, from its first request
  std::chrono::seconds block_duration{60};  // once there were more; 0: to the window's end
  std::vector<DismissalLimiterKey> keys = {DismissalLimiterKey::ip, DismissalLimiterKey::origin,
                                           DismissalLimiterKey::referrer};
  DismissalLimiterMode mode = DismissalLimiterMode::each;
  std::vector<std::string> ignored = {};  // who has one of these values, or its host's name
  int priority = -101;
  // Whether x-forwarded-for and x-real-ip are believed. Only behind a proxy that sets them.
  bool trust_proxy = true;
};

struct DismissalsServiceOptions {
  // Takes every path that no other service takes, so that what it does not know is answered in
  // Dismissible's way. Not beside DynamoDB's protocol (ServerOptions::serve_protocol), which is
  // served there. False: only /v1/users, /v1/items, /health and the description's.
  bool serve_root = false;
  // What Dismissible does not have: routes, and parameters and bodies of its own routes. Without,
  // its interface and no more.
  bool extensions = true;

  std::optional<DismissalCacheOptions> cache = {};
  std::optional<std::string> description_path = "docs";  // of the API's description; none: 404
  DismissalSecurityHeaders security_headers = {};
  DismissalCors cors = {};
  bool hide_validation_messages = true;  // of batch bodies: "Bad Request", and no more
  bool refuse_unknown_members = true;    // of batch bodies; false: they are ignored
  std::optional<TokenOptions> tokens = {};
  int tokens_priority = -100;  // among hooks
  std::optional<DismissalRateLimits> rate_limits = {};
  bool throttled_is_503 = false;  // with Retry-After, in place of 500

  std::vector<std::shared_ptr<DismissalHook>> hooks = {};
  std::vector<DismissalSubscriber> subscribers = {};
  // For GET /health/ready, asked at most once in 5 s: an error is 503. Empty: always ready.
  std::function<Result<void>()> ready = {};

  const Clock* clock = &system_clock();  // must outlive the service
};

// The service, for Server. With tokens it asks their provider first: an error if that has no
// configuration there. The store must outlive the service.
//
// invalid_argument, with every fault on a line of its own: options that make no sense.
Result<std::shared_ptr<Service>> serve_dismissals(Dismissals& store,
                                                  const DismissalsServiceOptions& options = {});

}  // namespace dynakeep
