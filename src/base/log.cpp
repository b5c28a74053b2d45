#include "base/log.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace dynakeep {

namespace {

// Above the highest level: nothing is logged.
constexpr int silent = 4;

std::atomic<int> least_level{silent};
std::mutex sink_mutex;

// Shared with the calls that are under way when it is replaced.
std::shared_ptr<const LogSink>& current_sink() {
  static std::shared_ptr<const LogSink> sink;
  return sink;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

void set_log_sink(LogSink sink, LogLevel least) {
  const std::lock_guard lock(sink_mutex);
  least_level = sink ? static_cast<int>(least) : silent;
  current_sink() = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
}

namespace base {

bool is_logged(LogLevel level) {
  return static_cast<int>(level) >= least_level.load(std::memory_order_relaxed);
}

void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!is_logged(level)) return;
  std::shared_ptr<const LogSink> sink;
  {
    const std::lock_guard lock(sink_mutex);
    sink = current_sink();
  }
  if (!sink) return;
  (*sink)({.level = level, .message = message, .fields = {fields.begin(), fields.size()}});
}

}  // namespace base
}  // namespace dynakeep
