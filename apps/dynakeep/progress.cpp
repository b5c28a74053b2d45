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
constexpr std::chrono::milliseconds rate_window(1000);

}  // namespace

Progress::Progress(std::string what)
    : what_(std::move(what)),
      interactive_(terminal_of(STDERR_FILENO).interactive),
      next_(std::chrono::steady_clock::now() + patience),
      rated_at_(next_ - patience) {}

Progress::~Progress() { hide(); }

void Progress::at(std::uint64_t count, std::string_view more) {
  if (!interactive_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + interval;
  shown_ = true;
  const auto span = std::chrono::duration_cast<std::chrono::milliseconds>(now - rated_at_);
  if (span >= rate_window || rate_ == 0) {
    const std::uint64_t done = count > rated_count_ ? count - rated_count_ : 0;
    rate_ = done * 1000 / static_cast<std::uint64_t>(span.count());
  }
  if (span >= rate_window) {
    rated_at_ = now;
    rated_count_ = count;
  }
  std::cerr << '\r' << with_separators(count) << ' ' << what_ << ", " << with_separators(rate_)
            << "/s" << (more.empty() ? "" : ", ") << more << "\x1b[K" << std::flush;
}

void Progress::hide() {
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace dynakeep::app
