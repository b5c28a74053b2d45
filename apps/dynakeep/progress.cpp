#include "progress.h"

#include <iostream>
#include <utility>

#include <unistd.h>

#include "counting.h"
#include "terminal.h"

namespace dynakeep::app {

namespace {

constexpr std::chrono::milliseconds interval(100);
// Work that is done by then needs no line.
constexpr std::chrono::milliseconds patience(500);

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)),
      interactive_(terminal_of(STDERR_FILENO).interactive),
      next_(std::chrono::steady_clock::now() + patience) {}

Progress::~Progress() { hide(); }

void Progress::at(std::uint64_t count) {
  if (!interactive_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + interval;
  shown_ = true;
  std::cerr << '\r' << with_separators(count) << ' ' << what_ << "\x1b[K" << std::flush;
}

void Progress::hide() {
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace dynakeep::app
