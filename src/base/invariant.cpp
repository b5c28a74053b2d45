#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace dynakeep::base {

void violated(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "dynakeep: invariant violated: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace dynakeep::base
