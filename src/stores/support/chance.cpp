#include "stores/support/chance.h"

#include <random>

namespace dynakeep::stores {

std::uint64_t system_random() {
  // No generator with a state of its own: after a fork two processes would draw the same tokens.
  thread_local std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace dynakeep::stores
