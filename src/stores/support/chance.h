#pragma once

#include <cstdint>

namespace dynakeep::stores {

// 64 random bits of the system's: where a program does not bring its own chance.
std::uint64_t system_random();

}  // namespace dynakeep::stores
