#include "stores/support/chance.h"

#include <random>

namespace dynakeep::stores {

std::uint64_t system_random() {
  // No generator with a state of its own: after a fork two processes would draw the same tokens.
  // Of its sources libstdc++'s default is the processor's RDSEED, which all share: on a busy
  // virtual machine it takes 27 µs, this one 0.3.
  thread_local std::random_device device("getentropy");
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace dynakeep::stores
