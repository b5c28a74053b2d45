#include "stores/streams/consumer/worker_name.h"

#include <array>

#include <unistd.h>

#include "stores/support/chance.h"

namespace dynakeep::streams {

std::string worker_name(const StreamConsumerOptions& options) {
  const std::uint64_t chance = options.random ? options.random() : stores::system_random();
  std::string name = options.worker;
  if (name.empty()) {
    std::array<char, 64> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host.front() = '\0';
    name = std::string(host.data()) + "-" + std::to_string(::getpid());
  }
  name += '-';
  for (int shift = 28; shift >= 0; shift -= 4) name += "0123456789abcdef"[(chance >> shift) & 0xF];
  return name;
}

}  // namespace dynakeep::streams
