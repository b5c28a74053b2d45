#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace dynakeep {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// "debug", "info", "warning", "error"
std::string_view to_string(LogLevel level);

struct LogField {
  std::string_view name = {};
  std::string value = {};
};

// Something that happened: a fixed sentence, and what was particular about it. Lives for the call.
struct LogLine {
  LogLevel level = LogLevel::info;
  std::string_view message = {};
  std::span<const LogField> fields = {};
};

using LogSink = std::function<void(const LogLine& line)>;

// Where lines of `least` and above go from now on, for the whole process. Nothing is logged until
// this is called, nor after it is called with an empty sink. The sink is called from many threads
// at once; it must not throw, log, or call set_log_sink.
void set_log_sink(LogSink sink, LogLevel least = LogLevel::info);

}  // namespace dynakeep
