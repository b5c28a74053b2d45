#pragma once

#include <cstdint>
#include <string>

namespace dynakeep::crash {

// Dismisses and restores a few items from many threads in the folder, and tells of each call on
// standard output, until it is killed. Returns only if something is wrong.
int change_dismissals_until_killed(const std::string& path, std::uint64_t seed);

}  // namespace dynakeep::crash
