#include "http/service.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/base64.h"
#include "base/json_string.h"
#include "base/log.h"
#include "dynakeep/iso_time.h"
#include "dynakeep/services/dismissals.h"
#include "http/query_string.h"
#include "services/dismissals/answers.h"
#include "services/dismissals/api_description.h"
#include "services/dismissals/cached_dismissals.h"
#include "services/dismissals/common_headers.h"
#include "services/dismissals/description_page.h"
#include "services/dismissals/operations.h"
#include "services/dismissals/option_faults.h"
#include "services/dismissals/rate_limit_hook.h"
#include "services/dismissals/readiness.h"
#include "services/dismissals/request_body.h"
#include "services/dismissals/request_id.h"
#include "services/dismissals/route.h"
#include "services/dismissals/token_hook.h"
#include "services/jwt/token_check.h"
#include "services/jwt/token_gate.h"

// From an HTTP request to an operation and back.
namespace dynakeep::services::dismissals {
namespace {

constexpr std::size_t body_bytes_max = 10'240;
constexpr std::size_t audience_body_bytes_max = std::size_t{128} << 10;
constexpr std::size_t audience_max = 1000;
constexpr std::size_t list_limit_max = 1000;

Refusal bad(std::string message) { return {.status = 400, .message = std::move(message)}; }

// What a request is for, as far as it is known yet.
struct Call {
  const http::HttpRequest& request;
  const std::string& request_id;
  RouteMatch route = {};
  RequestBody body = {};
  http::QueryString query = {};  // of extensions

  bool asks(std::string_view name) const { return query.only(name) == "true"; }
};

DismissalContext context_of(const Call& call) {
  const http::HttpRequest& request = call.request;
  DismissalContext context{.request_id = call.request_id,
                           .method = request.method,
                           .target = request.target,
                           .host = request.headers.find("host").value_or(""),
                           .client_address = request.client_address,
                           .body = request.body};
  context.headers.reserve(request.headers.size());
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    const auto field = request.headers[i];
    context.headers.emplace_back(field.name, field.value);
  }
  return context;
}

DismissalRequest single(const Call& call) {
  return {.user_id = call.route.user, .item_id = call.route.item, .context = context_of(call)};
}

DismissalBatchRequest batch(const Call& call, std::vector<std::string> ids = {}) {
  return {.user_id = call.route.user, .item_ids = std::move(ids), .context = context_of(call)};
}

// A whole number from 1 on. Nothing: it is none, or one that leads out of the calendar.
std::optional<std::int64_t> positive(const JsonDocument& value) {
  constexpr std::int64_t seconds_max = std::int64_t{100} * 366 * 24 * 3600;
  if (value.kind() != JsonDocument::Kind::number) return std::nullopt;
  std::int64_t number = 0;
  for (const char digit : value.text()) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + (digit - '0');
    if (number > seconds_max) return std::nullopt;
  }
  return number == 0 ? std::nullopt : std::optional(number);
}

class DismissalsService final : public http::HttpService {
 public:
  DismissalsService(std::unique_ptr<Dismissals> cached, Dismissals& store,
                    const DismissalsServiceOptions& options, OperationsOptions operations)
      : options_(options),
        cached_(std::move(cached)),
        operations_(cached_ ? *cached_ : store, std::move(operations)),
        headers_(options.security_headers, options.cors),
        readiness_(options.ready, *options.clock) {
    if (!options_.description_path) return;
    const JsonDocument description =
        api_description(options_.extensions, options_.tokens.has_value());
    description_json_ = description.to_text();
    description_yaml_ = to_yaml(description);
    page_ = description_page(*options_.description_path);
  }

  std::vector<std::string> paths() const override {
    if (options_.serve_root) return {"/"};
    std::vector<std::string> taken = {"/v1/users", "/health"};
    if (options_.extensions) taken.emplace_back("/v1/items");
    if (options_.description_path) {
      const std::string path = "/" + *options_.description_path;
      taken.insert(taken.end(), {path, path + "-json", path + "-yaml"});
    }
    return taken;
  }

  http::HttpResponse answer(const http::HttpRequest& request) override {
    const auto began = std::chrono::steady_clock::now();
    const std::string id = request_id_of(request);
    const bool is_preflight = request.method == "OPTIONS" && headers_.answers_preflight();
    http::HttpResponse answer = is_preflight ? headers_.preflight(request) : respond(request, id);
    headers_.add_to(answer, request);
    answer.headers.add("X-Request-Id", id);
    if (answer.status == 401 && options_.tokens) {
      answer.headers.add("WWW-Authenticate",
                         jwt::bearer_challenge(request.headers.find("authorization")));
    }
    if (base::is_logged(LogLevel::info)) {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - began);
      base::log(LogLevel::info, "dismissals request",
                {{"request", id},
                 {"method", request.method},
                 {"path", std::string(request.path())},
                 {"status", std::to_string(answer.status)},
                 {"microseconds", std::to_string(took.count())}});
    }
    return answer;
  }

  http::HttpResponse answer_no_request(int status) const override {
    http::HttpResponse answer = no_request(status);
    headers_.add_to(answer, {});
    return answer;
  }

 private:
  // In the order in which upstream looks: target, route, body, path, then what the body says.
  http::HttpResponse respond(const http::HttpRequest& request, const std::string& id) {
    const auto segments = segments_of(request.path());
    if (!segments) return bad_target(request.target);
    auto route = find_route(request.method, *segments, options_.extensions);
    if (!route) {
      if (auto description = describe(request)) return std::move(*description);
      return no_route(request.method, request.target);
    }
    Call call{.request = request, .request_id = id, .route = std::move(*route)};
    if (options_.extensions) call.query = http::QueryString(request.query());
    if (call.route.name == RouteName::health) return health(200, "ok");
    if (call.route.name == RouteName::ready) {
      return readiness_.is_ready() ? health(200, "ok") : health(503, "unavailable");
    }
    http::HttpResponse answer = answer_for_items(call);
    // Reading creates, so no answer may stand for the next.
    answer.headers.add("Cache-Control", "no-store");
    return answer;
  }

  http::HttpResponse answer_for_items(Call& call) {
    const bool is_for_audience = call.route.name == RouteName::dismiss_for_users;
    if (call.request.method == "POST" || call.request.method == "DELETE") {
      auto body =
          read_body(call.request, is_for_audience ? audience_body_bytes_max : body_bytes_max);
      if (auto* refusal = std::get_if<http::HttpResponse>(&body)) return std::move(*refusal);
      call.body = std::move(std::get<RequestBody>(body));
    }
    if (auto wrong = wrong_ids(call.route)) return refused(*wrong);
    switch (call.route.name) {
      case RouteName::get_item:
        return one_item(200, call.query.only("create") == "false"
                                 ? operations_.get(single(call))
                                 : operations_.get_or_create(single(call)));
      case RouteName::dismiss:
        return dismiss(call);
      case RouteName::restore:
        return one_item(201,
                        operations_.restore(single(call), {.idempotent = call.asks("idempotent")}));
      case RouteName::get_items:
        return get_items(call);
      case RouteName::count_showing:
        return one_item(201, operations_.count_showing(single(call)));
      case RouteName::list:
        return list(call);
      case RouteName::erase:
        return number("erased", operations_.erase(batch(call)));
      case RouteName::count:
        return count(call);
      case RouteName::restore_all:
        return number("restored",
                      operations_.restore_all(batch(call), call.query.only("prefix").value_or("")));
      case RouteName::dismiss_items:
        return dismiss_items(call);
      case RouteName::restore_items:
        return restore_items(call);
      case RouteName::dismiss_for_users:
        return dismiss_for_users(call);
      case RouteName::health:
      case RouteName::ready:
        break;
    }
    return no_route(call.request.method, call.request.target);
  }

  // The item's first.
  static std::optional<Refusal> wrong_ids(const RouteMatch& route) {
    const bool has_item = route.name == RouteName::get_item || route.name == RouteName::dismiss ||
                          route.name == RouteName::restore ||
                          route.name == RouteName::count_showing ||
                          route.name == RouteName::dismiss_for_users;
    if (has_item) {
      const auto item = DismissalItemId::parse(route.item);
      if (!item) return bad(item.error().message());
    }
    if (route.name != RouteName::dismiss_for_users) {
      const auto user = DismissalUserId::parse(route.user);
      if (!user) return bad(user.error().message());
    }
    return std::nullopt;
  }

  // ---- operations ----

  http::HttpResponse dismiss(const Call& call) {
    auto options = dismiss_options(call);
    if (auto* wrong = std::get_if<Refusal>(&options)) return refused(*wrong);
    return one_item(200, operations_.dismiss(single(call), std::get<DismissOptions>(options)));
  }

  http::HttpResponse get_items(const Call& call) {
    auto ids = ids_of(call, {});
    if (auto* wrong = std::get_if<Refusal>(&ids)) return refused(*wrong);
    const auto outcome = operations_.get_or_create_many(
        batch(call, std::move(std::get<std::vector<std::string>>(ids))));
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
    std::string body = "{\"data\":";
    append_items(body, std::get<std::vector<Dismissible>>(outcome));
    return json_answer(201, body.append("}"));
  }

  http::HttpResponse list(const Call& call) {
    auto options = list_options(call);
    if (auto* wrong = std::get_if<Refusal>(&options)) return refused(*wrong);
    const auto outcome = operations_.list(batch(call), std::get<DismissalListOptions>(options));
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
    const auto& page = std::get<DismissiblePage>(outcome);
    std::string body = "{\"data\":";
    append_items(body, page.items);
    if (!page.malformed.empty()) {
      body += ",\"unreadable\":[";
      for (const std::string& id : page.malformed) {
        if (!body.ends_with('[')) body += ',';
        base::append_json_string(body, id);
      }
      body += ']';
    }
    if (!page.next.empty()) {
      body.append(",\"nextCursor\":\"").append(base::to_base64url(page.next)).append("\"");
    }
    return json_answer(200, body.append("}"));
  }

  http::HttpResponse count(const Call& call) {
    const auto outcome = operations_.count(batch(call));
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
    const auto& counts = std::get<DismissalCounts>(outcome);
    return json_answer(200, R"({"data":{"active":)" + std::to_string(counts.active) +
                                R"(,"dismissed":)" + std::to_string(counts.dismissed) + "}}");
  }

  http::HttpResponse dismiss_items(const Call& call) {
    auto ids = ids_of(call, {.others = {"forSeconds", "until"}});
    if (auto* wrong = std::get_if<Refusal>(&ids)) return refused(*wrong);
    auto options = dismiss_options(call);
    if (auto* wrong = std::get_if<Refusal>(&options)) return refused(*wrong);
    return outcomes("itemId", operations_.dismiss_many(
                                  batch(call, std::move(std::get<std::vector<std::string>>(ids))),
                                  std::get<DismissOptions>(options)));
  }

  http::HttpResponse restore_items(const Call& call) {
    auto ids = ids_of(call, {});
    if (auto* wrong = std::get_if<Refusal>(&ids)) return refused(*wrong);
    return outcomes("itemId", operations_.restore_many(
                                  batch(call, std::move(std::get<std::vector<std::string>>(ids))),
                                  {.idempotent = call.asks("idempotent")}));
  }

  http::HttpResponse dismiss_for_users(const Call& call) {
    auto users = ids_of(call, {.member = "users",
                               .noun = "user ID",
                               .ids_max = audience_max,
                               .others = {"forSeconds", "until"}});
    if (auto* wrong = std::get_if<Refusal>(&users)) return refused(*wrong);
    auto read = dismiss_options(call);
    if (auto* wrong = std::get_if<Refusal>(&read)) return refused(*wrong);
    // A banner that is over is over for those who never saw it, too.
    DismissOptions options = std::get<DismissOptions>(read);
    options.idempotent = true;
    options.create_missing = true;
    return outcomes("userId", operations_.dismiss_for(
                                  {.item_id = call.route.item,
                                   .user_ids = std::move(std::get<std::vector<std::string>>(users)),
                                   .context = context_of(call)},
                                  options));
  }

  // ---- what requests say ----

  Outcome<std::vector<std::string>> ids_of(const Call& call, IdListRules rules) const {
    rules.refuse_unknown_members = options_.refuse_unknown_members;
    IdList list = ids_in(call.body, rules);
    if (list.faults.empty()) return std::move(list.ids);
    if (options_.hide_validation_messages) return bad("Bad Request");
    std::string all;
    for (const std::string& fault : list.faults) all.append(all.empty() ? "" : "; ").append(fault);
    return bad(std::move(all));
  }

  Outcome<DismissOptions> dismiss_options(const Call& call) const {
    DismissOptions options{.idempotent = call.asks("idempotent"),
                           .create_missing = call.asks("createMissing")};
    if (!options_.extensions || !call.body.is_json) return options;
    const auto now = std::chrono::floor<std::chrono::milliseconds>(options_.clock->now());
    const JsonDocument* seconds = call.body.document->find("forSeconds");
    const JsonDocument* until = call.body.document->find("until");
    if (seconds != nullptr && until != nullptr)
      return bad("forSeconds and until exclude each other");
    if (seconds != nullptr) {
      const auto count = positive(*seconds);
      if (!count) return bad("forSeconds must be a whole number of seconds, 1 or more");
      options.until = now + std::chrono::seconds(*count);
    }
    if (until != nullptr) {
      const auto moment = until->is_string() ? parse_iso(until->text()) : std::nullopt;
      if (!moment || *moment <= now) return bad("until must be a time that is to come (ISO 8601)");
      options.until = std::chrono::floor<std::chrono::milliseconds>(*moment);
    }
    return options;
  }

  static Outcome<DismissalListOptions> list_options(const Call& call) {
    DismissalListOptions options{.prefix = std::string(call.query.only("prefix").value_or(""))};
    const auto state = call.query.only("state");
    if (state == "active") {
      options.state = DismissalState::active;
    } else if (state == "dismissed") {
      options.state = DismissalState::dismissed;
    } else if (state) {
      return bad("state must be active or dismissed");
    }
    if (const auto limit = call.query.only("limit")) {
      const auto number = JsonDocument::number_from_text(std::string(*limit));
      const auto count = number ? positive(*number) : std::nullopt;
      if (!count || static_cast<std::size_t>(*count) > list_limit_max) {
        return bad("limit must be a whole number, 1 to 1000");
      }
      options.limit = static_cast<std::size_t>(*count);
    }
    if (const auto cursor = call.query.only("cursor")) {
      auto after = base::from_base64url(*cursor);
      if (!after) return bad("cursor must be one that a page gave");
      options.after = std::move(*after);
    }
    return options;
  }

  // ---- what is answered ----

  http::HttpResponse health(int status, std::string_view word) const {
    std::string body = "{\"status\":\"";
    body.append(word).append("\",\"timestamp\":\"").append(to_iso(options_.clock->now()));
    return json_answer(status, body.append("\"}"));
  }

  http::HttpResponse one_item(int status, const Outcome<Dismissible>& outcome) const {
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
    std::string body = "{\"data\":";
    append_item(body, std::get<Dismissible>(outcome), options_.extensions);
    return json_answer(status, body.append("}"));
  }

  void append_items(std::string& out, const std::vector<Dismissible>& items) const {
    out += '[';
    for (const Dismissible& item : items) {
      if (&item != items.data()) out += ',';
      append_item(out, item, options_.extensions);
    }
    out += ']';
  }

  static http::HttpResponse number(std::string_view name, const Outcome<std::size_t>& outcome) {
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
    std::string body = "{\"data\":{\"";
    body.append(name).append("\":").append(std::to_string(std::get<std::size_t>(outcome)));
    return json_answer(200, body.append("}}"));
  }

  // An item, or what names it and the error.
  static http::HttpResponse outcomes(std::string_view named,
                                     const Outcome<std::vector<ItemOutcome>>& outcome) {
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) return refused(*refusal);
    std::string body = "{\"data\":[";
    for (const ItemOutcome& one : std::get<std::vector<ItemOutcome>>(outcome)) {
      if (!body.ends_with('[')) body += ',';
      if (const auto* item = std::get_if<Dismissible>(&one.outcome)) {
        append_item(body, *item, true);
        continue;
      }
      const auto& refusal = std::get<Refusal>(one.outcome);
      body.append("{\"").append(named).append("\":");
      base::append_json_string(body, one.id);
      body += R"(,"error":{"message":)";
      base::append_json_string(body, refusal.message);
      body.append(",\"code\":").append(std::to_string(refusal.status)).append("}}");
    }
    return json_answer(200, body.append("]}"));
  }

  // The description of the API, its page and script, if that is what the path is for.
  std::optional<http::HttpResponse> describe(const http::HttpRequest& request) const {
    if (!options_.description_path || (request.method != "GET" && request.method != "HEAD")) {
      return std::nullopt;
    }
    std::string_view rest = request.path().substr(1);
    if (!rest.starts_with(*options_.description_path)) return std::nullopt;
    rest.remove_prefix(options_.description_path->size());
    const auto text = [](std::string_view type, std::string_view body) {
      http::HttpResponse answer{.body = std::string(body)};
      answer.headers.add("Content-Type", type);
      return answer;
    };
    if (rest.empty() || rest == "/") return text("text/html; charset=utf-8", page_);
    if (rest == "/page.js") return text("text/javascript; charset=utf-8", description_script());
    if (rest == "-json") return text("application/json; charset=utf-8", description_json_);
    if (rest == "-yaml") return text("text/yaml", description_yaml_);
    return std::nullopt;
  }

  const DismissalsServiceOptions options_;
  const std::unique_ptr<Dismissals> cached_;
  Operations operations_;
  const CommonHeaders headers_;
  Readiness readiness_;
  std::string description_json_ = {};
  std::string description_yaml_ = {};
  std::string page_ = {};
};

}  // namespace
}  // namespace dynakeep::services::dismissals

namespace dynakeep {

using namespace services::dismissals;

Result<std::shared_ptr<Service>> serve_dismissals(Dismissals& store,
                                                  const DismissalsServiceOptions& options) {
  TRY(services::verdict_on(faults_of(options)));

  // Before the host's, where priorities are equal.
  OperationsOptions operations{.subscribers = options.subscribers,
                               .throttled_is_503 = options.throttled_is_503};
  if (options.rate_limits) {
    operations.hooks.push_back(make_rate_limit_hook(*options.rate_limits, *options.clock));
  }
  if (options.tokens) {
    operations.hooks.push_back(make_token_hook(
        options.tokens_priority, TRY(jwt::TokenGate::open(*options.tokens, *options.clock))));
  }
  operations.hooks.insert(operations.hooks.end(), options.hooks.begin(), options.hooks.end());
  std::unique_ptr<Dismissals> cached;
  if (options.cache) cached = make_cached_dismissals(store, *options.cache, *options.clock);
  return std::shared_ptr<Service>(std::make_shared<DismissalsService>(
      std::move(cached), store, options, std::move(operations)));
}

}  // namespace dynakeep
