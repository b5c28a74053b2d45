#pragma once

#include "dynakeep/stores/user_data.h"

namespace dynakeep::user_data {

// The options as the store works by them. invalid_argument: all that is wrong, a line for each.
Result<UserDataOptions> checked(UserDataOptions options);

// An expiry of 0 is 900 s, with a warning in the log: upstream takes it for none given.
void replace_zero_expiry(UserSessionOptions& session);

}  // namespace dynakeep::user_data
