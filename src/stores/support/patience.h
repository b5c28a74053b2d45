#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace dynakeep::stores {

// How long to hold back before trying again, and where chance comes from. Thread-safe as far as its
// two functions are; left empty, they sleep and ask the system.
class Patience {
 public:
  struct Limits {
    unsigned attempts_max = 1;
    std::chrono::milliseconds first_bound{20};
    std::chrono::milliseconds last_bound{1000};
  };

  Patience(const Limits& limits, std::function<void(std::chrono::milliseconds)> wait,
           std::function<std::uint64_t()> random);

  // Whether another attempt may follow the one of this number (from 1); it then waits: a random
  // time below a bound that doubles with each attempt, since those who met once would meet again.
  bool allows_after(unsigned attempt) const;

  // A random UUID (RFC 9562, version 4), as a transaction's token.
  std::string token() const;

 private:
  Limits limits_;
  std::function<void(std::chrono::milliseconds)> wait_;
  std::function<std::uint64_t()> random_;
};

}  // namespace dynakeep::stores
