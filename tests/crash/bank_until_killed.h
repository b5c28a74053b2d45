#pragma once

#include <cstdint>
#include <string>

namespace dynakeep::crash {

// Runs a bank (bank.h) in the folder and tells of each command on standard output, until it is
// killed. Returns only if something is wrong.
int run_bank_until_killed(const std::string& path, const std::string& run, std::uint64_t seed);

}  // namespace dynakeep::crash
