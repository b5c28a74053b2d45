#include <string>

#include "stores/replica/copying.h"

namespace dynakeep {
namespace {

using namespace std::chrono_literals;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Result<void> in_range(const char* name, auto value, auto least, auto most) {
  if (value >= least && value <= most) return {};
  return wrong(std::string(name) + " is " + std::to_string(value) + " and must be " +
               std::to_string(least) + " to " + std::to_string(most));
}

Result<void> lasts(const char* name, std::chrono::milliseconds value,
                   std::chrono::milliseconds least, std::chrono::milliseconds most) {
  if (value >= least && value <= most) return {};
  const auto text = [](std::chrono::milliseconds span) {
    return std::to_string(span.count()) + " ms";
  };
  return wrong(std::string(name) + " is " + text(value) + " and must be " + text(least) + " to " +
               text(most));
}

bool is_table_name(std::string_view name) {
  constexpr std::size_t bytes_min = 3;
  constexpr std::size_t bytes_max = 255;
  return name.size() >= bytes_min && name.size() <= bytes_max &&
         name.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-") ==
             std::string_view::npos;
}

}  // namespace

Result<void> check(const ReplicaOptions& options) {
  const char* const name_rule =
      " must be the name of a table: 3 to 255 letters, digits, underscores, dots and hyphens";
  if (!is_table_name(options.table_name)) {
    return wrong("table_name is \"" + options.table_name + "\" and" + name_rule);
  }
  if (!options.copy_name.empty()) {
    if (options.kept_in == nullptr) {
      return wrong("copy_name is for a copy in a database: kept_in must be given");
    }
    if (!is_table_name(options.copy_name)) {
      return wrong("copy_name is \"" + options.copy_name + "\" and" + name_rule);
    }
  }
  constexpr std::size_t progress_name_more = 8;  // ".replica"
  const std::string& name = options.copy_name.empty() ? options.table_name : options.copy_name;
  if (options.kept_in != nullptr && !is_table_name(name + std::string(progress_name_more, 'r'))) {
    return wrong("copy_name is " + name + ", and may have 247 letters: a name is made from it");
  }
  TRY(in_range("scan_segments", options.scan_segments, std::size_t{1}, std::size_t{1000}));
  TRY(in_range("scan_threads", options.scan_threads, std::size_t{1}, std::size_t{64}));
  constexpr double pages_max = 1e6;
  TRY(in_range("scan_pages_per_second", options.scan_pages_per_second, 0.0, pages_max));
  TRY(in_range("bytes_max", options.bytes_max, std::size_t{1} << 20, std::size_t{1} << 50));
  TRY(lasts("settle", options.settle, 0ms, 1h));
  TRY(lasts("stale_after", options.stale_after, 1s, 24h));
  TRY(lasts("idle_poll_max", options.idle_poll_max, 1ms, 1min));
  TRY(lasts("discovery_interval", options.discovery_interval, 100ms, 1h));
  if (options.verify_interval != 0ms) {
    TRY(lasts("verify_interval", options.verify_interval, 1min, 365 * 24h));
  }
  if (options.clock == nullptr) return wrong("clock must be given");
  return {};
}

}  // namespace dynakeep
