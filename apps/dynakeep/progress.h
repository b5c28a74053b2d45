#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynakeep::app {

// How far long work is, and how fast it goes: one line on stderr, written over again and again, and
// gone at the end. Silent where stderr is not a terminal.
class Progress {
 public:
  // "events checked"; the count is put before it.
  explicit Progress(std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `more` stands behind it, such as how fast it is.
  void at(std::uint64_t count, std::string_view more = {});

  // Takes the line away, for something else to be written; the next at() brings it back.
  void hide();

 private:
  std::string what_;
  bool interactive_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
  // Of the last second or so, from which the rate is.
  std::chrono::steady_clock::time_point rated_at_;
  std::uint64_t rated_count_ = 0;
  std::uint64_t rate_ = 0;
};

}  // namespace dynakeep::app
