#include "services/dismissals/token_hook.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <variant>

namespace dynakeep::services::dismissals {

namespace {

jwt::MatchType match_type_of(DismissalUserMatch match) {
  switch (match) {
    case DismissalUserMatch::exact:
      return jwt::MatchType::exact;
    case DismissalUserMatch::substring:
      return jwt::MatchType::substring;
    case DismissalUserMatch::regex:
      return jwt::MatchType::regex;
  }
  return jwt::MatchType::exact;
}

class TokenHook final : public DismissalHook {
 public:
  TokenHook(int priority, jwt::TokenRules rules, jwt::FindKey find_key,
            std::optional<jwt::UserMatch> user_match)
      : priority_(priority),
        rules_(std::move(rules)),
        find_key_(std::move(find_key)),
        user_match_(std::move(user_match)) {}

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
    const auto checked = jwt::check_token(rules_, find_key_, context.header("authorization"));
    if (const auto* refused = std::get_if<jwt::Refused>(&checked)) {
      return DismissalVerdict::fail(401, refused->message);
    }
    const JsonDocument& claims = std::get<JsonDocument>(checked);
    const bool all_match =
        !user_match_ || std::all_of(users.begin(), users.end(), [&](const std::string& user) {
          return user_match_->matches(claims, user);
        });
    if (all_match) return DismissalVerdict::proceed();
    return DismissalVerdict::fail(403, "User ID in request does not match authenticated user");
  }

  const int priority_;
  const jwt::TokenRules rules_;
  const jwt::FindKey find_key_;
  const std::optional<jwt::UserMatch> user_match_;
};

}  // namespace

Result<jwt::UserMatch> user_match_of(const DismissalTokenOptions& options) {
  return jwt::UserMatch::create({.claim = options.user_id_claim,
                                 .type = match_type_of(options.match_type),
                                 .regex = options.match_regex});
}

Result<std::shared_ptr<DismissalHook>> make_token_hook(const DismissalTokenOptions& options,
                                                       jwt::FindKey find_key, const Clock& clock) {
  jwt::TokenRules rules{
      .algorithms = {}, .issuers = options.issuers, .audience = options.audience, .clock = &clock};
  for (const std::string& name : options.algorithms) {
    if (const auto algorithm = jwt::parse_algorithm(name)) rules.algorithms.push_back(*algorithm);
  }
  std::optional<jwt::UserMatch> match;
  if (options.match_user_id) match = TRY(user_match_of(options));
  return std::shared_ptr<DismissalHook>(std::make_shared<TokenHook>(
      options.priority, std::move(rules), std::move(find_key), std::move(match)));
}

}  // namespace dynakeep::services::dismissals
