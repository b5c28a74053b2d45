#pragma once

#include <string>

namespace dynakeep::crash {

// Serves turns of one user from many threads in the folder, and tells of each save on standard
// output, until it is killed. Returns only if something is wrong.
int save_user_until_killed(const std::string& path);

}  // namespace dynakeep::crash
