#pragma once

// Stops the process, in every build, when what must hold does not: a bug of ours, never reachable
// by input. Says what was violated and where.
#define INVARIANT(condition) \
  ((condition) ? static_cast<void>(0) : ::dynakeep::base::violated(#condition, __FILE__, __LINE__))

namespace dynakeep::base {

[[noreturn]] void violated(const char* condition, const char* file, int line);

}  // namespace dynakeep::base
