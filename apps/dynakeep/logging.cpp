#include "logging.h"

#include <memory>
#include <string>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "dynakeep/json.h"
#include "dynakeep/log.h"

namespace dynakeep::app {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string quoted(std::string_view text) { return to_json(AttributeValue(text)); }

// listening address="127.0.0.1:8000"
std::string as_text(const LogLine& line) {
  std::string text(line.message);
  for (const LogField& field : line.fields) {
    text.append(1, ' ').append(field.name).append(1, '=').append(quoted(field.value));
  }
  return text;
}

// The members of an object; the pattern adds time, level and the braces.
std::string as_json(const LogLine& line) {
  std::string text = "\"message\":" + quoted(line.message);
  for (const LogField& field : line.fields) {
    text.append(1, ',').append(quoted(field.name)).append(1, ':').append(quoted(field.value));
  }
  return text;
}

LogLevel parse_level(const std::string& name) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning}) {
    if (name == to_string(level)) return level;
  }
  return LogLevel::error;
}

}  // namespace

void start_logging(const std::string& level, const std::string& format) {
  if (level == "off") return;
  const bool json = format == "json";
  const auto logger = spdlog::stderr_logger_mt("dynakeep");
  logger->set_level(spdlog::level::trace);
  logger->set_pattern(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%fZ %l %v",
      spdlog::pattern_time_type::utc);
  set_log_sink(
      [logger, json](const LogLine& line) {
        logger->log(to_spdlog(line.level), json ? as_json(line) : as_text(line));
      },
      parse_level(level));
}

}  // namespace dynakeep::app
