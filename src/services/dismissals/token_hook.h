#pragma once

#include <memory>

#include "dynakeep/result.h"
#include "dynakeep/services/dismissals.h"
#include "services/jwt/token_check.h"
#include "services/jwt/user_match.h"

namespace dynakeep::services::dismissals {

// invalid_argument: the expression is none.
Result<jwt::UserMatch> user_match_of(const DismissalTokenOptions& options);

// Lets in who shows a good token (401), and to the users it is good for (403). `options` make
// sense: faults_of(). The clock must outlive the hook.
Result<std::shared_ptr<DismissalHook>> make_token_hook(const DismissalTokenOptions& options,
                                                       jwt::FindKey find_key, const Clock& clock);

}  // namespace dynakeep::services::dismissals
