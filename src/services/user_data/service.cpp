#include "http/service.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dynakeep/services/user_data.h"
#include "http/content_coding.h"
#include "http/entity_tag.h"
#include "http/media_type.h"
#include "http/percent_encoding.h"
#include "services/jwt/token_check.h"
#include "services/jwt/token_gate.h"
#include "services/jwt/token_options.h"
#include "services/user_data/answers.h"
#include "services/user_data/document.h"

// From an HTTP request to a turn of the store and back.
namespace dynakeep::services::user_data {
namespace {

constexpr std::string_view users_path = "/v1/users";
constexpr std::string_view data_path = "/data";
constexpr std::size_t user_id_bytes_max = 2048;
constexpr std::string_view json = "application/json";
constexpr std::string_view merge_patch_json = "application/merge-patch+json";

Error precondition_failed(std::string message) {
  return {ErrorCode::precondition_failed, std::move(message)};
}

// What a request says about the state that it is for.
struct Conditions {
  std::optional<http::TagCondition> if_match = {};
  bool if_absent = false;  // If-None-Match: *

  bool any() const { return if_match || if_absent; }
};

// The tag of the state as it is stored; nothing for a user who is new.
std::optional<http::EntityTag> tag_of(const UserTurn& turn) {
  auto version = stored_version(turn);
  if (!version) return std::nullopt;
  return http::EntityTag{.text = std::move(*version)};
}

bool names(const http::TagCondition& condition, const std::optional<http::EntityTag>& tag) {
  if (condition.any || !tag) return condition.any && tag;
  for (const http::EntityTag& each : condition.tags) {
    if (!each.weak && each == *tag) return true;
  }
  return false;
}

Result<void> check(const Conditions& conditions, const UserTurn& turn) {
  if (conditions.if_absent && !turn.is_new) {
    return precondition_failed("The user has data already");
  }
  if (conditions.if_match && !names(*conditions.if_match, tag_of(turn))) {
    return precondition_failed("The user's data is not what If-Match says");
  }
  return {};
}

http::HttpResponse document_answer(int status, const UserTurn& turn,
                                   const UserDataOptions& options) {
  http::HttpResponse answer =
      json_answer(status, R"({"data":)" + document_of(turn, options).to_text() + "}");
  if (const auto tag = tag_of(turn)) answer.headers.add("ETag", http::to_field(*tag));
  return answer;
}

// A body's document, or the answer to it.
struct Body {
  JsonDocument document = {};
  std::optional<http::HttpResponse> refusal = {};
};

Body refused_body(int status, std::string_view message) {
  return {.refusal = failure(status, message)};
}

Body parse_body(const http::HttpRequest& request, std::string_view type, std::size_t bytes_max) {
  const std::string_view given = request.headers.find("content-type").value_or("");
  const auto media = http::parse_media_type(given);
  const bool is_utf8 = media && (!media->charset || *media->charset == "utf-8");
  if (!media || media->type != type || !is_utf8) {
    return refused_body(
        415, "Unsupported Media Type: " + std::string(given.empty() ? "undefined" : given));
  }
  const auto coding =
      http::parse_content_coding(request.headers.find("content-encoding").value_or(""));
  if (!coding) return refused_body(415, "Unsupported Content-Encoding");
  const http::DecodedBody body = http::decode_body(request.body, *coding, bytes_max);
  if (body.failure == http::DecodeFailure::too_large) {
    return refused_body(413, "Request body is too large");
  }
  if (body.failure) return refused_body(400, "Body is not what its Content-Encoding says");
  auto document = JsonDocument::parse(body.bytes);
  if (!document) return refused_body(400, "Body is not valid JSON: " + document.error().message());
  return {.document = std::move(*document)};
}

// The permission that a method takes; nothing for one that is none of ours.
std::optional<ApiPermission> permission_of(std::string_view method) {
  if (method == "GET" || method == "HEAD") return ApiPermission::read;
  if (method == "PUT" || method == "PATCH") return ApiPermission::write;
  if (method == "DELETE") return ApiPermission::remove;
  return std::nullopt;
}

class UserDataService final : public http::HttpService {
 public:
  UserDataService(UserDataStore& store, const UserDataServiceOptions& options,
                  std::unique_ptr<const jwt::TokenGate> gate)
      : store_(store),
        options_(options),
        gate_(std::move(gate)),
        users_path_(options.prefix + std::string(users_path)) {
    without_session_ = store.options().session;
    without_session_.enabled = false;
  }

  std::vector<std::string> paths() const override { return {users_path_}; }

  http::HttpResponse answer(const http::HttpRequest& request) override {
    const auto began = std::chrono::steady_clock::now();
    std::shared_ptr<const ApiKey> key;
    http::HttpResponse answer = respond(request, key);
    answer.headers.add("Cache-Control", "no-store");
    answer.headers.add("X-Content-Type-Options", "nosniff");
    if (base::is_logged(LogLevel::info)) {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - began);
      base::log(LogLevel::info, "user data request",
                {{"method", request.method},
                 {"key", key ? key->name() : ""},
                 {"status", std::to_string(answer.status)},
                 {"microseconds", std::to_string(took.count())}});
    }
    return answer;
  }

 private:
  http::HttpResponse respond(const http::HttpRequest& request, std::shared_ptr<const ApiKey>& key) {
    const auto segment = segment_of(request.path());
    const auto permission = permission_of(request.method);
    if (!segment || !permission) return no_such_route(request);
    const auto user_id = http::strictly_percent_decoded(*segment);
    if (!user_id) return refusal(400, "userId must be percent-encoded UTF-8");
    if (user_id->empty()) return refusal(400, "userId is required");
    if (user_id->size() > user_id_bytes_max) {
      return refusal(400, "userId must be at most 2048 bytes");
    }
    if (const auto refused = refuse(request, *permission, *user_id, key)) return *refused;
    if (*permission == ApiPermission::read) return read(request, *user_id);
    const auto conditions = conditions_of(request);
    if (!conditions) return answer_to(conditions.error());
    if (*permission == ApiPermission::remove) return erase(*conditions, *user_id);
    return request.method == "PUT" ? put(request, *conditions, *user_id)
                                   : patch(request, *conditions, *user_id);
  }

  // The answer to who may not do this; nothing for who may.
  std::optional<http::HttpResponse> refuse(const http::HttpRequest& request,
                                           ApiPermission permission, const std::string& user_id,
                                           std::shared_ptr<const ApiKey>& key) const {
    const auto secret = request.headers.find("x-api-key").value_or("");
    if (gate_ && (!options_.keys || secret.empty())) {
      const auto authorization = request.headers.find("authorization");
      const auto refused = gate_->refuse(authorization, {&user_id, 1});
      if (!refused) return std::nullopt;
      auto answer = refusal(refused->status, refused->message);
      if (answer.status == 401) {
        answer.headers.add("WWW-Authenticate", jwt::bearer_challenge(authorization));
      }
      return answer;
    }
    if (!options_.keys) return std::nullopt;
    if (!secret.empty()) key = options_.keys->find(secret);
    if (!key) {
      auto answer = refusal(401, "Missing or invalid API key");
      // HTTP has no name for a key; where a token would do, it is asked for.
      if (gate_) answer.headers.add("WWW-Authenticate", jwt::bearer_challenge(std::nullopt));
      return answer;
    }
    if (key->may(permission) && key->may_reach(user_id)) return std::nullopt;
    return refusal(403, "The key is not good for this");
  }

  // What stands between the prefix and "/data".
  std::optional<std::string_view> segment_of(std::string_view path) const {
    if (!path.starts_with(users_path_)) return std::nullopt;
    path.remove_prefix(users_path_.size());
    if (!path.starts_with('/') || !path.ends_with(data_path)) return std::nullopt;
    path.remove_prefix(1);
    if (path.size() < data_path.size()) return std::nullopt;
    path.remove_suffix(data_path.size());
    if (path.find('/') != std::string_view::npos) return std::nullopt;
    return path;
  }

  static Result<Conditions> conditions_of(const http::HttpRequest& request) {
    Conditions conditions;
    if (const auto field = request.headers.find("if-match")) {
      conditions.if_match = http::parse_tag_condition(*field);
      if (!conditions.if_match) {
        return Error(ErrorCode::invalid_argument, "If-Match must be entity tags or *");
      }
    }
    if (const auto field = request.headers.find("if-none-match")) {
      const auto condition = http::parse_tag_condition(*field);
      if (!condition || !condition->any) {
        return Error(ErrorCode::invalid_argument, "If-None-Match can only be * here");
      }
      conditions.if_absent = true;
    }
    return conditions;
  }

  http::HttpResponse read(const http::HttpRequest& request, const std::string& user_id) {
    const auto turn = store_.load(user_id);
    if (!turn) return answer_to(turn.error());
    const auto field = request.headers.find("if-none-match");
    const auto condition = field ? http::parse_tag_condition(*field) : std::nullopt;
    const auto tag = tag_of(*turn);
    if (condition && tag && condition->names_weakly(*tag)) {
      http::HttpResponse answer{.status = 304};
      answer.headers.add("ETag", http::to_field(*tag));
      return answer;
    }
    return document_answer(200, *turn, store_.options());
  }

  // Lets `change` work on the user's turn and answers with what was stored.
  http::HttpResponse write(const Conditions& conditions, const std::string& user_id,
                           const std::function<Result<void>(UserTurn&)>& change,
                           const UserSessionOptions* session = nullptr) {
    bool was_new = false;
    const auto turn = store_.update(
        user_id,
        [&](UserTurn& begun) -> Result<void> {
          TRY(check(conditions, begun));
          was_new = begun.is_new;
          return change(begun);
        },
        session);
    if (!turn) return answer_to(turn.error());
    if (session == nullptr) return document_answer(was_new ? 201 : 200, written(*turn), options());
    // The turn was one without the session that the answer shows.
    const auto seen = store_.load(user_id);
    return seen ? document_answer(was_new ? 201 : 200, *seen, options()) : answer_to(seen.error());
  }

  http::HttpResponse put(const http::HttpRequest& request, const Conditions& conditions,
                         const std::string& user_id) {
    const Body body = parse_body(request, json, options_.body_bytes_max);
    if (body.refusal) return *body.refusal;
    return write(conditions, user_id,
                 [&](UserTurn& turn) { return apply(body.document, options(), turn); });
  }

  http::HttpResponse patch(const http::HttpRequest& request, const Conditions& conditions,
                           const std::string& user_id) {
    const Body body = parse_body(request, merge_patch_json, options_.body_bytes_max);
    if (body.refusal) return *body.refusal;
    if (!body.document.is_object()) return refusal(400, "the patch must be an object");
    // A session that the patch does not name stays as it is, and is not renewed.
    const bool names_session = body.document.find("session") != nullptr;
    UserDataOptions seen = options();
    seen.session.enabled = seen.session.enabled && names_session;
    return write(
        conditions, user_id,
        [&](UserTurn& turn) {
          return apply(merge_patch(document_of(turn, seen), body.document), seen, turn);
        },
        names_session ? nullptr : &without_session_);
  }

  http::HttpResponse erase(const Conditions& conditions, const std::string& user_id) {
    if (conditions.if_absent) return refusal(400, "If-None-Match makes no sense here");
    std::optional<std::string> version;
    if (conditions.if_match) {
      // Which of several tags it is, only the state can tell.
      const auto turn = store_.load(user_id);
      if (!turn) return answer_to(turn.error());
      if (const auto checked = check(conditions, *turn); !checked) {
        return answer_to(checked.error());
      }
      version = stored_version(*turn);
    }
    const auto erased = version ? store_.erase(user_id, *version) : store_.erase(user_id);
    if (!erased && version && erased.error().code() == ErrorCode::write_conflict) {
      return refusal(412, "The user's data is not what If-Match says");
    }
    if (!erased) return answer_to(erased.error());
    return *erased ? http::HttpResponse{.status = 204} : refusal(404, "There is no such user");
  }

  // A turn as it would be loaded now.
  static UserTurn written(UserTurn turn) {
    if (turn.session) turn.session->is_new = false;
    return turn;
  }

  const UserDataOptions& options() const { return store_.options(); }

  UserDataStore& store_;
  const UserDataServiceOptions options_;
  const std::unique_ptr<const jwt::TokenGate> gate_;  // null: no tokens
  const std::string users_path_;
  UserSessionOptions without_session_;
};

}  // namespace
}  // namespace dynakeep::services::user_data

namespace dynakeep {

Result<std::shared_ptr<Service>> serve_user_data(UserDataStore& store,
                                                 const UserDataServiceOptions& options) {
  std::unique_ptr<const jwt::TokenGate> gate;
  if (options.tokens) {
    TRY(services::verdict_on(jwt::faults_of(*options.tokens)));
    gate = TRY(jwt::TokenGate::open(*options.tokens, *store.options().clock));
  }
  return std::shared_ptr<Service>(
      std::make_shared<services::user_data::UserDataService>(store, options, std::move(gate)));
}

}  // namespace dynakeep
