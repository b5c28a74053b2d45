#pragma once

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <string>
#include <type_traits>
#include <utility>

#include <errno.h>

#include "dynakeep/result.h"

// What the programs that measure a store have in common: things done again and again by one thread,
// and one JSON object of figures on standard output.
namespace dynakeep::bench {

// What `result` holds; where it is an error, the program says which and ends.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    std::cerr << program_invocation_short_name << ": " << result.error() << '\n';
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

class Turns {
 public:
  using Turn = std::function<void()>;

  // Each figure takes that long. Where `only` is not empty, that figure alone is measured.
  explicit Turns(double seconds, std::string only = "")
      : seconds_(seconds), only_(std::move(only)) {}
  ~Turns() { std::cout << (is_first_ ? "{}\n" : "\n}\n"); }
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // How often `turn` can be done in a second.
  void measure(const std::string& name, const Turn& turn) {
    if (wants(name)) print(name, repeat(turn));
  }

  // How much more of this process's CPU one takes than the other. By turns, so that whatever else
  // the machine does meets both.
  void compare(const std::string& name, const Turn& one, const Turn& other) {
    if (!wants(name)) return;
    const auto cpu_of = [](const Turn& turn) {
      const std::clock_t start = std::clock();
      turn();
      return static_cast<double>(std::clock() - start);
    };
    double cpu_of_one = 0;
    double cpu_of_other = 0;
    repeat([&] {
      cpu_of_one += cpu_of(one);
      cpu_of_other += cpu_of(other);
    });
    print(name, cpu_of_one / cpu_of_other);
  }

  void print(const std::string& name, double figure) {
    std::cout << (is_first_ ? "{\n" : ",\n") << " \"" << name << "\": " << figure << std::flush;
    is_first_ = false;
  }

 private:
  bool wants(const std::string& name) const { return only_.empty() || only_ == name; }

  double repeat(const Turn& turn) const {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration<double>(seconds_);
    double turns = 0;
    auto now = start;
    for (; now < end; now = Clock::now()) {
      turn();
      ++turns;
    }
    return turns / std::chrono::duration<double>(now - start).count();
  }

  double seconds_;
  std::string only_;
  bool is_first_ = true;
};

}  // namespace dynakeep::bench
