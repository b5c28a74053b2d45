#pragma once

#include <optional>
#include <string_view>

#include "dynakeep/result.h"
#include "dynakeep/stores/versioned_collections.h"
#include "http/message.h"
#include "services/versioned_collections/call.h"

namespace dynakeep::services::collections {

// Which conditions a route takes. A route that does not take one passes it over.
struct ConditionRules {
  bool if_match = false;           // If-Match
  bool if_match_required = false;  // where the service asks for it (428)
  bool if_absent = false;          // If-None-Match: *
};

inline constexpr ConditionRules of_creates = {};
inline constexpr ConditionRules of_changes = {.if_match = true, .if_match_required = true};
inline constexpr ConditionRules of_changes_or_creates = {
    .if_match = true, .if_match_required = true, .if_absent = true};
inline constexpr ConditionRules of_restores = {.if_match = true};

// What a write's headers say: If-Match and If-None-Match, Idempotency-Key, who writes (the key's
// label and X-Actor, "ci/alice") and why (X-Comment). A refusal in their place: 400 for what makes
// no sense, 428 without an If-Match that must be there, 501 where the store cannot keep the promise
// (WriteMode::conditional).
std::optional<http::HttpResponse> read_write_options(const Call& call, ConditionRules rules,
                                                     WriteOptions& options);

// What the value of an If-Match asks for. invalid_argument if it is none.
Result<void> put_if_match(std::string_view field, WriteOptions& options);

// 501 where the store has no get-or-create (WriteMode::conditional).
std::optional<http::HttpResponse> refuse_get_or_create(const Call& call);

}  // namespace dynakeep::services::collections
