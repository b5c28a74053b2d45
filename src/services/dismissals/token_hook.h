#pragma once

#include <memory>

#include "dynakeep/services/dismissals.h"
#include "services/jwt/token_gate.h"

namespace dynakeep::services::dismissals {

// Lets in whom the gate lets in: 401 and 403 for all others.
std::shared_ptr<DismissalHook> make_token_hook(int priority,
                                               std::unique_ptr<const jwt::TokenGate> gate);

}  // namespace dynakeep::services::dismissals
