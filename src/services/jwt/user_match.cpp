#include "services/jwt/user_match.h"

#include <array>
#include <utility>

#include <re2/re2.h>

namespace dynakeep::jwt {

namespace {

// Room for the automaton of one expression.
constexpr std::int64_t regex_bytes_max = std::int64_t{1} << 20;
constexpr std::size_t claim_bytes_max = 4096;

std::string_view view_of(re2::StringPiece piece) { return {piece.data(), piece.size()}; }

bool picks(const RE2& regex, std::string_view claim, std::string_view user_id) {
  std::array<re2::StringPiece, 2> matched;  // all of it, and the first group
  const int wanted = regex.NumberOfCapturingGroups() > 0 ? 2 : 1;
  if (!regex.Match(claim, 0, claim.size(), RE2::UNANCHORED, matched.data(), wanted)) return false;
  // A group may have no part in the match: "(a)|b".
  return view_of(matched[1].data() != nullptr ? matched[1] : matched[0]) == user_id;
}

}  // namespace

Result<UserMatch> UserMatch::create(const UserMatchOptions& options) {
  if (options.type != TokenUserMatch::regex) return UserMatch(options, nullptr);
  if (options.regex.empty()) {
    return Error(ErrorCode::invalid_argument, "a match by expression needs one");
  }
  RE2::Options how(RE2::Quiet);
  how.set_max_mem(regex_bytes_max);
  auto regex = std::make_shared<const RE2>(options.regex, how);
  if (!regex->ok()) {
    return Error(ErrorCode::invalid_argument, "not an expression of RE2: " + regex->error());
  }
  return UserMatch(options, std::move(regex));
}

bool UserMatch::matches(const JsonDocument& claims, std::string_view user_id) const {
  const JsonDocument* member = claims.find(options_.claim);
  if (member == nullptr || !member->is_string() || member->text().empty()) return false;
  const std::string_view claim = member->text();
  if (claim.size() > claim_bytes_max) return false;
  switch (options_.type) {
    case TokenUserMatch::exact:
      return claim == user_id;
    case TokenUserMatch::substring:
      return claim.find(user_id) != std::string_view::npos ||
             user_id.find(claim) != std::string_view::npos;
    case TokenUserMatch::regex:
      return picks(*std::static_pointer_cast<const RE2>(regex_), claim, user_id);
  }
  return false;
}

Result<UserMatch> user_match_of(const TokenOptions& options) {
  return UserMatch::create(
      {.claim = options.user_id_claim, .type = options.match_type, .regex = options.match_regex});
}

}  // namespace dynakeep::jwt
